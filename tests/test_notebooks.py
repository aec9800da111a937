"What the notebooks look like to somebody who reads them without running them."

import ast
import re
from functools import cache

import nbformat
import pytest

from spurious_core.app.report.descriptions import LONGEST, describe_pictures
from support.glossary import GLOSSARY, anchor, first_uses, is_linked
from support.notebooks import FLOOR, ROOT, for_each, module_paths, notebook_paths

FIGURES = ("Figure", "Axes")  # of matplotlib


@cache
def read(path):
    return nbformat.read(path, 4)


each_notebook = for_each(notebook_paths(), nb=read)


def outputs(nb):
    return [o for c in nb.cells if c.cell_type == "code" for o in c.outputs]


@each_notebook
def test_a_title_a_sentence_and_prose_above_the_code(nb, path):
    assert re.match(r"# .+\n\n> .+", nb.cells[0].source)
    prose = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    code = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    words = sum(len(text.split()) for text in prose)
    lines = sum(len([line for line in text.splitlines() if line.strip()]) for text in code)
    assert words >= 0.5 * lines


@each_notebook
def test_small_enough_to_read_and_diff(path):
    assert path.stat().st_size <= 3 * 2**20


@each_notebook
def test_a_picture_is_shown_once(nb):
    for c in nb.cells:
        pictures = [o.data["image/png"] for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
        assert len(pictures) == len(set(pictures)), c.source


@each_notebook
def test_each_picture_is_described_to_those_who_do_not_see_it(nb):
    for i, c in enumerate(nb.cells):
        if c.cell_type == "code":
            shown = len(pictures(c))
            assert len(re.findall(r"(?m)^#\| fig-alt: ", c.source)) == shown, c.source
            texts = describe_pictures(nb.cells, i, shown) if shown else []
            assert [text for text in texts if len(text) > LONGEST] == []
            # a directive, where a line begins with it, although it is meant as a word
            assert not re.search(r"(?m)^#\| {2,}(hide|slow|eval|export)\b", c.source), c.source


@each_notebook
def test_no_errors_progress_bars_or_paths_of_a_machine_in_the_outputs(nb):
    for o in outputs(nb):
        text = (
            o.get("text", "")
            + o.get("data", {}).get("text/plain", "")
            + o.get("data", {}).get("text/html", "")
        )
        assert o.get("name") != "stderr", text[:300]  # what libraries remark is no result
        assert o.output_type != "error" and not re.search(
            r"\d+%\||it/s\]|(?<![\w.])/(home|root|Users|tmp)/", text
        ), text[:300]


def pictures(cell):
    return [o for o in cell.outputs if any(kind.startswith("image/") for kind in o.get("data", {}))]


def drawing_functions(tree):
    "Names of functions that say that they return a figure."
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            if ast.unparse(node.returns).strip("'\"").rpartition(".")[2] in FIGURES:
                yield node.name


@cache
def drawing_functions_of_the_package():
    trees = [ast.parse(p.read_text(encoding="utf-8")) for p in module_paths()]
    return {name for tree in trees for name in drawing_functions(tree)}


def ends_in_a_figure(source, local_functions):
    "Whether a cell shows a figure: it ends with `;`, which hides all else, or calls what returns one."
    body = ast.parse(source).body
    if not body or not isinstance(body[-1], ast.Expr):
        return False
    if source.rstrip().endswith(";"):
        return True
    called = getattr(body[-1].value, "func", None)
    name = ast.unparse(called).rpartition(".")[2] if called else ""
    return name in drawing_functions_of_the_package() | local_functions


@each_notebook
def test_what_a_cell_draws_is_stored(nb):
    runs = [
        c
        for c in nb.cells
        if c.cell_type == "code" and not re.search(r"(?m)^\s*[%!]|^#\| eval: false", c.source)
    ]
    local_functions = {name for c in runs for name in drawing_functions(ast.parse(c.source))}
    for c in runs:
        assert not ends_in_a_figure(c.source, local_functions) or pictures(c), c.source


@pytest.mark.parametrize(
    "source, is_figure",
    [
        ("ax.plot(x);", True),
        ("contact_sheet(images)", True),
        ("mine(1)", True),
        ("f = contact_sheet(images)", False),
        ("len(images)", False),
        ("", False),
    ],
)
def test_which_cells_show_a_figure(source, is_figure):
    (mine,) = drawing_functions(ast.parse("def mine(n) -> plt.Figure: ..."))
    assert ends_in_a_figure(source, {mine}) == is_figure


@pytest.mark.parametrize("room", FLOOR)
def test_a_rooms_first_notebook_shows_what_it_is_for(room):
    first = min((ROOT / "nbs" / room).glob("*.ipynb"))
    nb = read(first)
    assert any(pictures(c) for c in nb.cells if c.cell_type == "code"), first


def headings(path):
    "What JupyterLab calls the headings of a notebook: their texts, with hyphens for spaces."
    prose = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    return {
        title.replace("`", "").strip().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", prose, re.M)
    }


@each_notebook
def test_links_lead_somewhere(nb, path):
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    for file, heading in re.findall(r"\]\(([^)\s#:]*)(?:#([^)\s]+))?\)", prose):
        target = path.parent / file if file else path
        assert target.is_file(), f"{file}: JupyterLab opens files only, no folders"
        if heading and target.suffix == ".ipynb":
            assert heading in headings(target), f"{file}#{heading}"


@each_notebook
def test_words_of_ours_are_explained_where_they_first_appear(nb, path):
    "The list is `support.glossary.EXPLAINED`; headings, code and links to elsewhere do not count."
    prose = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    for heading, number, place in () if path == GLOSSARY else first_uses(path):
        link = f"(glossary.ipynb#{anchor(heading)})"
        assert is_linked(prose[number], heading, place), f"{place[0]} should link to {link}: {prose[number]}"


def test_the_glossary_has_twenty_to_forty_entries():
    entries = [cell.source for cell in nbformat.read(GLOSSARY, 4).cells if cell.cell_type == "markdown"]
    assert 20 <= len(re.findall(r"^### ", "\n".join(entries), re.M)) <= 40


def test_what_counts_as_the_first_use_in_prose(tmp_path):
    hidden = "# arm\n\n> An arm.\n\n`arm`, [arm](x.ipynb), $arm$, an alpha channel."
    source = hidden + " An [arm](../glossary.ipynb#arm); arms."
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(source)])
    nbformat.write(nb, tmp_path / "nb.ipynb")
    ((heading, number, place),) = first_uses(tmp_path / "nb.ipynb")
    assert (heading, number, place.start()) == ("arm", 0, source.index("arm](../"))
    assert is_linked(source, heading, place)
    assert not is_linked(source.replace("#arm", "#alpha"), heading, place)
