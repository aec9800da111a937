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


def test_a_command_and_captions_are_on_the_page():
    picture = StoredPicture(b"", "Rows of it", "Rows of *it*. (bars_a.png)", "bars_a")
    text = section_markdown(
        Section("A", ["Again:"], None, [picture], code="spurious run a -p 'b=[\"<c>\"]'"), "a"
    )
    assert text.startswith("## A\n\nAgain:\n\n```sh\nspurious run a -p 'b=[\"<c>\"]'\n```\n\n![")
    assert text.endswith("(a/bars_a.png)\n\nRows of &#42;it&#42;. (bars_a.png)")


@pytest.mark.parametrize(("kind", "ending"), [("jpeg", "jpeg"), ("svg+xml", "svg"), ("png", "png")])
def test_a_picture_is_a_file_of_its_kind(kind, ending):
    picture = StoredPicture(b"", "Bars", "", "bars", f"image/{kind}")
    assert f"![Bars](a/bars.{ending})" in section_markdown(Section("A", [], None, [picture]), "a")


def overview(tmp_path, about, numbers):
    "The line of a run named toy in the overview, as cells of its table."
    folder = tmp_path / "figures/toy"
    folder.mkdir(parents=True)
    (folder / "environment.json").write_text(json.dumps(about))
    entries = {key: dict(value=value, ci=None, n=None) for key, value in numbers.items()}
    (folder / "metrics.json").write_text(json.dumps(entries))
    write_evidence(tmp_path / "figures", tmp_path / "out", set())
    (line,) = re.findall(r"(?m)^\| \[toy\].*$", (tmp_path / "out/index.md").read_text("utf-8"))
    return line.strip("| ").split(" | ")


def test_the_overview_says_of_what_a_time_is_and_leaves_nothing_half_said(tmp_path):
    line = overview(tmp_path, dict(seconds=8, resumed=True, cores=2), {"rows": 20000, "lost": 0})
    assert line[1:3] == [
        "Its first numbers: rows 20,000, lost 0.",
        "8 seconds of its last attempt alone; 2 cores",
    ]


def test_the_overview_names_the_budget_of_each_run(tmp_path):
    line = overview(tmp_path, dict(seconds=8, parameters=dict(budget="quick")), {"a.b.c": 0.5})
    assert line[1:3] == ["Its first numbers: a.b.c 0.50.", "quick, 8 seconds"]
    text = (tmp_path / "out/index.md").read_text("utf-8")
    assert "budget `full`" not in text and "a number without them has none" in " ".join(text.split())


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
