"A notebook on the site: without what only tools read, with what a reader needs."

import copy
import re

import pytest

from spurious_core.app.report.descriptions import LONGEST
from spurious_core.app.site.notebook_pages import heading_slug, notebook_page, page_source
from spurious_core.core.files import read_json
from support.notebooks import ROOT, notebook_paths

PNG = dict(data={"image/png": "iVBO"}, metadata={"image/png": dict(width=300, height=100)})
TEXT = dict(data={"text/plain": "x"}, metadata={})


def markdown(text):
    return dict(cell_type="markdown", source=text.splitlines(keepends=True), metadata={})


def code(text, *outputs, **metadata):
    return dict(cell_type="code", source=text, metadata=metadata, outputs=list(outputs), execution_count=None)


@pytest.mark.parametrize(
    "source, shown",
    [
        ("#| export\nx = 1", "x = 1"),
        ("  #| eval: false\nx = 1\n", "x = 1"),
        ("#|hide\nx = 1", ""),
        ("#| default_exp a.b\n", ""),
        ("%load_ext autoreload\n%autoreload 2", ""),
        ("x = '#| no'  #| no", "x = '#| no'  #| no"),
        ("#| hidden_state\nx", "x"),
    ],
)
def test_directives_are_left_out(source, shown):
    assert page_source(source) == shown


def test_a_page_keeps_prose_code_and_outputs_and_nothing_else():
    cells = [
        markdown("# T\n\n> S.\n\nSee [sheets](core/09_sheets.ipynb#A-b) and [x](https://x.org/a/)."),
        code("#| default_exp a.b"),
        code("#| export\nx = 1", tags=["parameters"]),
        code("#| hide\ny"),
        code("draw()", PNG),
        code("draw(), draw()", TEXT, PNG, TEXT, PNG, TEXT),
    ]
    notebook = dict(cells=cells, metadata=dict(kernelspec={}), nbformat=4, nbformat_minor=5)
    before = copy.deepcopy(notebook)
    first, plain, single, left, right = notebook_page(notebook)["cells"]
    assert notebook == before
    assert first["source"] == "".join(cells[0]["source"])
    assert (plain["source"], plain["metadata"]) == ("x = 1", {})
    words = "T. See sheets and x."
    assert single["metadata"]["mystnb"]["image"] == dict(alt=words, width="300px")
    assert single["outputs"] == [PNG]
    assert (left["source"], left["outputs"]) == ("draw(), draw()", [TEXT, PNG, TEXT])
    assert left["metadata"]["mystnb"]["image"] == dict(alt=f"1 of 2: {words}", width="300px")
    assert (right["source"], right["outputs"]) == ("draw(), draw()", [PNG, TEXT])  # none is left out
    assert right["metadata"]["mystnb"]["image"] == dict(alt=f"2 of 2: {words}", width="300px")
    assert right["metadata"]["tags"] == ["remove-input"]


def test_every_stored_picture_says_what_it_is():
    faults, count = [], 0
    for path in notebook_paths():
        cells = notebook_page(read_json(path))["cells"]
        alts = [c["metadata"]["mystnb"]["image"]["alt"] for c in cells if "mystnb" in c["metadata"]]
        bad = [alt for alt in alts if alts.count(alt) > 1 or "\\" in alt or len(alt.split()) < 8]
        faults += [(path.name, alt) for alt in bad + [alt for alt in alts if len(alt) > LONGEST]]
        count += len(alts)
    assert count > 250 and faults == []


def test_headings_are_linked_to_as_in_jupyterlab():
    assert heading_slug("class-wise neural PCA") == "class-wise-neural-PCA"
    assert heading_slug(" The `jury`, twice ") == "The-jury,-twice"


def numbered_rows(html):
    "What stands before the rows of a table that counts them; none of one whose rows have names."
    first = re.findall(r"<tr>\s*<th>(.*?)</th>\s*<td>", html)
    return first if first and all(text.isdigit() for text in first) else []


def test_rows_that_are_counted_are_counted_once():
    "Of tables in studies that were put together from several."
    faults = []
    for path in (ROOT / "nbs/studies").glob("*.ipynb"):
        for cell in read_json(path)["cells"]:
            for output in cell.get("outputs", []):
                rows = numbered_rows("".join(output.get("data", {}).get("text/html", "")))
                faults += [(path.name, rows)] if len(set(rows)) < len(rows) else []
    assert numbered_rows("<tr>\n<th>33</th>\n<td>x</td></tr><tr><th>0</th><td>") == ["33", "0"]
    assert faults == []
