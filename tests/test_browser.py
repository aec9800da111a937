"What a person does in JupyterLab, in a real browser: notebooks open and run, keys move and vote."

import pytest

from support.browser import CONFIG, lab_page, why_not
from support.notebooks import ROOT, cells_of, notebook_paths

pytestmark = pytest.mark.skipif(why_not() is not None, reason=f"no browser tests: {why_not()}")


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    with lab_page(tmp_path_factory.mktemp("browser")) as page:
        yield page


def errors_in(outputs):
    return [output for cell in outputs for output in cell if output["output_type"] == "error"]


def run(lab, notebook):
    "Opens a notebook and runs all of it; no cell and no page may fail."
    lab.open(notebook)
    outputs = lab.run_all()
    assert errors_in(outputs) == [] and lab.errors == []
    return outputs


def see_components(lab):
    "The slider has the focus and is moved by an arrow key."
    lab.until_alt("balloon, component 0:")
    lab.focus(".noUi-handle")
    lab.press("ArrowRight")
    lab.until_alt("balloon, component 1:")
    lab.press("Tab", "Tab", "Space")
    lab.until("document.querySelector('.jp-OutputArea input[type=checkbox]').checked")
    lab.until("document.body.innerText.includes('balloon: spurious are 1')")


def see_groups(lab):
    "The slider along the groups is moved by an arrow key."
    readout = lab.page.locator(".jp-OutputArea .widget-readout").first
    lab.until_alt("cow, without its plant:")
    lab.focus(".noUi-handle")
    lab.press("ArrowRight")
    lab.until_alt("fish, without its plant:")
    assert readout.inner_text().startswith("fish, without its plant:")
    lab.press("End")
    lab.until_alt("landbird, with its plant:")
    lab.press("Home")
    lab.until_alt("cow, without its plant:")


def vote(lab):
    "Keys in the board's field vote."
    lab.until("document.body.innerText.includes('9 left')")
    lab.focus(".jp-OutputArea input[placeholder^=click]")
    lab.press("y", "n")
    lab.until("document.body.innerText.includes('8 left')")
    lab.press("b")
    lab.until("document.body.innerText.includes('9 left')")


def browse(lab):
    "From the numbers to the pictures, to the row of one of them, and to the same drawn again."
    lab.focus(".jp-OutputArea .noUi-handle")
    lab.press("ArrowRight")
    lab.until_alt("figure drawn")
    lab.press("ArrowRight")
    lab.until_alt("pictures 0 to 5 of 6")
    lab.tab_to("4")
    lab.press("Space")
    lab.until_alt("picture 4: a photo of a cow in snow")
    lab.focus(".jp-OutputArea .noUi-handle")
    lab.tab_to("draw it again")
    lab.press("Space")
    lab.until_alt("000004.png: the same to the last pixel")


def draw_and_keep(lab):
    "Two arms of three are drawn, and one picture is kept."
    lab.focus(".jp-OutputArea .widget-text input")
    lab.tab_to("plain")
    lab.press("Space")
    lab.tab_to("Draw")
    lab.press("Space")
    lab.until("document.body.innerText.includes('picture 1 of 4')")
    lab.until_alt("a photo of an empty sks scene: share of jurors that see the class: no adapter")
    lab.tab_to("♥ 2")
    lab.press("Space")
    lab.until("document.body.innerText.includes('kept no_adapter_')")


def decide(lab):
    "The class is chosen by an arrow key, its first feature accepted, and the list exported."
    lab.focus(".jp-OutputArea .noUi-handle")
    lab.press("ArrowRight")
    lab.until_alt("car: road (background)")
    lab.tab_to("Accept")
    lab.press("Space")
    lab.until("document.body.innerText.includes('road: accepted; 1 of')")
    lab.tab_to("Export")
    lab.press("Space")
    lab.until("document.body.innerText.includes('1 of them accepted')")


NOTHING_CUT = (
    "[...document.querySelectorAll('.jp-OutputArea .widget-readout')]"
    ".every(readout => readout.scrollWidth <= readout.clientWidth)"
)


def run_and_act(lab, notebook, act):
    "Runs all cells of an explorer, and does what its reader would."
    run(lab, notebook)
    lab.show_widgets()
    act(lab)
    lab.shoot()
    assert lab.errors == [] and lab.page.evaluate(NOTHING_CUT)
    lab.close()


def test_make_lab_has_the_same_settings():
    assert f"bin/jupyter lab {CONFIG} " in (ROOT / "Makefile").read_text().replace("$(BIN)", "bin")


def open_and_save(lab, notebook):
    "JupyterLab adds to the metadata of what it opens; what is saved then is the file as it was."
    lab.open(notebook)
    lab.until("window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert lab.save() == (ROOT / "nbs" / notebook).read_bytes()
    lab.close()


def test_the_tour_and_the_review_board(lab):
    "One test, so that one JupyterLab serves them, however pytest shares the tests out."
    open_and_save(lab, "index.ipynb")
    outputs = run(lab, "index.ipynb")
    assert sum("image/png" in output.get("data", {}) for cell in outputs for output in cell) >= 2
    lab.shoot()
    lab.close()
    run_and_act(lab, "explore/02_review_board.ipynb", vote)


FURTHER = {
    "05_component_explorer": see_components,
    "06_group_explorer": see_groups,
    "08_run_browser": browse,
    "09_generation_bench": draw_and_keep,
    "10_discovery_board": decide,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FURTHER)
def test_an_explorer_by_its_keys(lab, name):
    run_and_act(lab, f"explore/{name}.ipynb", FURTHER[name])


@pytest.mark.slow
@pytest.mark.parametrize("path", notebook_paths(), ids=lambda p: str(p.relative_to(ROOT / "nbs")))
def test_every_notebook_opens(lab, path):
    "With its pictures and without an error of the page, and is saved as it was; an explorer also runs."
    notebook = str(path.relative_to(ROOT / "nbs"))
    lab.open(notebook)
    assert lab.save() == path.read_bytes()
    if notebook.startswith("explore/"):
        assert errors_in(lab.run_all()) == []
    cells = [cell for cell in cells_of(path) if cell.kind == "code" and cell.source.strip()]
    shown = "[...document.querySelectorAll('.jp-Notebook .jp-CodeCell')].filter(cell => cell.offsetParent)"
    lab.until(f"{shown}.length >= {len(cells)}")  # those below the window are attached later
    lab.shoot()
    lab.close()
    assert lab.errors == []
