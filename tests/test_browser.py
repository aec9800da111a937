"What a person does in JupyterLab, in a real browser: notebooks open and run, keys move and vote."

import numpy as np
import pytest

from spurious_core.core.images import png_bytes
from spurious_core.explore.page_parts import LARGEST_FILE
from support.browser import CONFIG, NOTEBOOK, lab_page, why_not
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
    lab.until_text("balloon: spurious are 1")
    bring_pictures(lab)


GREY = png_bytes(np.full((64, 64, 3), 90, np.uint8))


def bring_pictures(lab):
    "One is dropped, what is none is one line, and the keyboard opens the dialog of files."
    lab.drop("own.png", list(GREY))
    lab.until("document.querySelector('.jp-OutputArea img[alt*=\"the picture has\"]')")
    lab.drop("notes.txt", [1, 2, 3])
    lab.until_text("notes.txt: this is no picture that can be read")
    lab.drop("huge.png", LARGEST_FILE + 1)
    lab.until_text("huge.png is too large: it has 7.0 MB")
    lab.page.get_by_role("button", name="Remove").click()
    lab.until("!document.querySelector('.jp-OutputArea img[alt*=\"the picture has\"]')")
    for key in ("Enter", "Space"):
        lab.page.get_by_label("drop a picture of your own here").focus()
        with lab.page.expect_file_chooser() as chooser:
            lab.press(key)
    chooser.value.set_files(dict(name="own.png", mimeType="image/png", buffer=GREY))
    lab.until("document.querySelector('.jp-OutputArea img[alt*=\"the picture has\"]')")


def see_groups(lab):
    "The slider along the groups is moved by an arrow key."
    readout = lab.page.locator(".jp-OutputArea .widget-readout").first
    lab.until_alt("cow, without its plant:")
    before = lab.page.locator(".jp-OutputArea img[alt^='cow, without']").get_attribute("src")
    lab.focus(".noUi-handle")
    lab.press("ArrowRight")
    lab.until_alt("fish, without its plant:")
    now = lab.page.locator(".jp-OutputArea img[alt^='fish, without']").get_attribute("src")
    assert now.startswith("data:image/png;base64,") and now != before
    handle = lab.page.get_by_role("slider", name="group")
    assert handle.get_attribute("aria-valuetext").startswith("fish, without its plant:")
    assert readout.inner_text().startswith("fish, without its plant:")
    lab.press("End")
    lab.until_alt("landbird, with its plant:")
    lab.press("Home")
    lab.until_alt("cow, without its plant:")


def vote(lab):
    "Keys in the board's field vote."
    lab.until_text("9 left")
    lab.focus(".jp-OutputArea input[placeholder^=click]")
    lab.press("y", "n")
    lab.until_text("8 left")
    lab.press("b")
    lab.until_text("9 left")


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
    lab.until_text("picture 1 of 4")
    lab.until_alt("a photo of an empty sks scene: share of jurors that see the class: no adapter")
    lab.tab_to("♥ 2")
    lab.press("Space")
    lab.until_text("kept no_adapter_")


def decide(lab):
    "The class is chosen by an arrow key, its first feature accepted, and the list exported."
    lab.focus(".jp-OutputArea .noUi-handle")
    lab.press("ArrowRight")
    lab.until_alt("car: road (background)")
    lab.tab_to("Accept")
    lab.press("Space")
    lab.until_text("road: accepted; 1 of")
    lab.tab_to("Export")
    lab.press("Space")
    lab.until_text("1 of them accepted")


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
    assert lab.barriers() == []
    lab.close()


def test_make_lab_has_the_same_settings():
    assert f"bin/jupyter lab {CONFIG} " in (ROOT / "Makefile").read_text().replace("$(BIN)", "bin")


def open_and_save(lab, notebook):
    "JupyterLab adds to the metadata of what it opens; what is saved then is the file as it was."
    lab.open(notebook)
    lab.until("window.jupyterapp.shell.currentWidget.context.model.dirty")
    assert lab.save() == (ROOT / "nbs" / notebook).read_bytes()
    lab.close()


def test_the_tour_and_two_explorers(lab):
    "One test, so that one JupyterLab serves them, however pytest shares the tests out."
    open_and_save(lab, "index.ipynb")
    outputs = run(lab, "index.ipynb")
    assert sum("image/png" in output.get("data", {}) for cell in outputs for output in cell) >= 2
    lab.shoot()
    lab.close()
    run_and_act(lab, "explore/02_review_board.ipynb", vote)
    run_and_act(lab, "explore/06_group_explorer.ipynb", see_groups)


LONG_WORK = """
import threading
import time

import ipywidgets as w

from spurious_core.explore import Panel


def work():
    for i in range(1000):
        yield i / 1000, f"step {i} in {threading.current_thread().name}"
        time.sleep(0.5)


def begin(_):
    button.description = f"heard in {threading.current_thread().name}"
    panel.start(work(), print)


button = w.Button(description="Begin", layout=dict(width="400px"))
button.on_click(begin)
panel = Panel([button])
panel
"""
INTERRUPT = "void window.jupyterapp.commands.execute('notebook:interrupt-kernel')"


@pytest.mark.slow
@pytest.mark.parametrize("setting, thread", [("perCommTarget", "subshell-"), ("disabled", "MainThread")])
def test_interrupt_and_stop_reach_the_work_whichever_thread_asked_for_it(lab, setting, thread):
    lab.open("long_work.ipynb", LONG_WORK)
    kernel = f"{NOTEBOOK}.sessionContext.session.kernel"
    assert lab.page.evaluate(f"{kernel}.commsOverSubshells") == "perCommTarget"  # JupyterLab's own choice
    lab.page.evaluate(f"{kernel}.commsOverSubshells = '{setting}'")
    lab.run_all()
    begin, stop = (lab.page.locator(".jp-OutputArea .jupyter-button").nth(i) for i in (0, 1))
    begin.click()  # the first is heard where the button was made
    lab.until_text("heard in MainThread")
    for end in (lambda: lab.page.evaluate(INTERRUPT), stop.click):
        begin.click()
        lab.until_text(f"heard in {thread}")
        lab.until_text("step 2 in MainThread")
        end()
        lab.until_text("stopped")
    assert lab.errors == []
    lab.close()


LONG_NAME = """
from pathlib import Path

import numpy as np
from PIL import Image

from spurious_core.explore import RunBrowser

figures = Path("run/figures")
figures.mkdir(parents=True)
for name in ("a_long_name_" * 6, "b"):
    Image.fromarray(np.full((60, 200, 3), 160, np.uint8)).save(figures / f"{name}.png")
browser = RunBrowser("run")
browser.part.index = 1
browser
"""


@pytest.mark.slow
def test_a_long_name_is_whole_and_a_line_pushes_nothing_down(lab):
    lab.open("long_name.ipynb", LONG_NAME)
    lab.run_all()
    lab.until_alt("figure a_long_name_")
    width = "document.querySelector('.jp-OutputArea .noUi-target').clientWidth"
    top = "document.querySelector('.jp-OutputArea img').getBoundingClientRect().top"
    assert lab.page.evaluate(NOTHING_CUT) and lab.page.evaluate(width) > 250
    before = lab.page.evaluate(top)
    say = "requestExecute({ code: 'browser.say(chr(42) * 3)' }).done"
    lab.page.evaluate(f"{NOTEBOOK}.sessionContext.session.kernel.{say}")
    lab.until_text("***")
    assert lab.page.evaluate(top) == before and lab.errors == []
    lab.close()


FURTHER = {
    "05_component_explorer": see_components,
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
