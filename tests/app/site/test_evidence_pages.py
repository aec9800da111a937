"Committed evidence on the site: every number and figure, in Markdown."

import json
import re

import pandas as pd
import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.report.page import Section, StoredPicture
from spurious_core.app.site.evidence_pages import section_markdown, write_evidence
from support.notebooks import ROOT


def test_a_section_in_markdown():
    picture = StoredPicture(b"", "Rows [a] and *b*", "What it shows: " * 30, "bars")
    table = pd.DataFrame(dict(name=["a|b"], value=["<c>"]))
    text = section_markdown(Section("1 < 2", ["x_ *y*"], table, [picture]), "ffr")
    assert text.startswith(
        "## 1 &lt; 2\n\nx&#95; &#42;y&#42;\n\n![Rows &#91;a&#93; and &#42;b&#42;](ffr/bars.png)"
    )
    assert "a&#124;b" in text and "&lt;c&gt;" in text


@pytest.mark.slow
def test_all_of_the_committed_runs(tmp_path):
    names = write_evidence(ROOT / "figures", tmp_path, {"bar", "ffr"})
    assert {"bar", "ffr", "class_wise_spurious_generation"} <= set(names)
    index = (tmp_path / "index.md").read_text("utf-8")
    for name in names:
        assert f"[{name}]({name}.md)" in index
        page = (tmp_path / f"{name}.md").read_text("utf-8")
        pictures = re.findall(r"!\[(.+)\]\((\S+)\)", page)
        assert all((tmp_path / file).is_file() and len(words) > 5 for words, file in pictures)
        assert all(f"| {key} " in page for key in Metrics.load(ROOT / "figures" / name))
    assert "The study is [bar](../studies/bar.ipynb)." in (tmp_path / "bar.md").read_text("utf-8")


def test_damaged_evidence_is_an_error(tmp_path):
    (tmp_path / "figures/half").mkdir(parents=True)
    (tmp_path / "figures/half/metrics.json").write_text("{")
    with pytest.raises(ValueError, match="half/metrics.json is damaged"):
        write_evidence(tmp_path / "figures", tmp_path / "out", set())


def test_what_is_not_finished_is_no_evidence(tmp_path):
    (tmp_path / "figures/half").mkdir(parents=True)
    (tmp_path / "figures/half/environment.json").write_text(json.dumps(dict(study="half")))
    (tmp_path / "figures/empty").mkdir()
    assert write_evidence(tmp_path / "figures", tmp_path / "out", set()) == []
