"A JupyterLab of its own, with its own settings and a token, and a page of Chromium that drives it."

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbformat import read, v4, write
from nbformat.sign import NotebookNotary

from support.notebooks import ROOT

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-zygote"]  # containers have neither a sandbox nor a card
QUIET = {"@jupyterlab/apputils-extension:notification": dict(fetchNews="false", checkForUpdates=False)}
CONFIG = "--config=.jupyter/jupyter_server_config.py"  # as `make lab` has it
NOTEBOOK = "window.jupyterapp.shell.currentWidget"
THEMES = ("JupyterLab Light", "JupyterLab Dark")
EXPLORERS = ".jp-OutputArea-output:has(.spurious-panel)"
CODE_CELLS = (
    f"[...{NOTEBOOK}.content.widgets]"
    ".filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())"
)


DROP = """([name, content]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(content)], name));
    const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
    document.querySelector('.jp-OutputArea .spurious-drop').dispatchEvent(event);
}"""


def why_not() -> str | None:
    "Why no browser can be driven here, in a line; None if one can."
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "playwright is not installed: pip install -e '.[dev]'"
    return None if CHROMIUM else "there is no chromium: apt-get install chromium, or name one in CHROMIUM"


def private_settings(folder: Path) -> dict[str, str]:
    "Variables with which Jupyter neither reads nor writes what is the person's."
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
    places = {name: folder / name.lower() for name in names}
    for place in places.values():
        place.mkdir(parents=True)
    return {name: str(place) for name, place in places.items()}


def put_trusted(notebook: str, folder: Path, source: str | None) -> None:
    """Puts a notebook into `folder/nbs`, trusted by the Jupyter of this folder.

    Its cell is `source`; without one it is a copy of the notebook of this path below nbs.
    """
    copy = folder / "nbs" / notebook
    copy.parent.mkdir(parents=True, exist_ok=True)
    if source is None:
        shutil.copyfile(ROOT / "nbs" / notebook, copy)
    else:
        kernel = dict(kernelspec=dict(name="python3", display_name="Python 3", language="python"))
        write(v4.new_notebook(cells=[v4.new_code_cell(source)], metadata=kernel), copy)
    notary = NotebookNotary(data_dir=str(folder / "jupyter" / "jupyter_data_dir"))
    notary.sign(read(copy, 4))
    notary.store.close()


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab does not answer at {url.partition('?')[0]}")


@contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    "The address of a JupyterLab over `folder/nbs`, which is empty."
    variables = private_settings(folder / "jupyter")
    (folder / "nbs").mkdir()
    (folder / "lab").mkdir()
    (folder / "lab" / "overrides.json").write_text(json.dumps(QUIET), encoding="utf-8")
    port, token = free_port(), secrets.token_hex(16)
    options = {
        "ServerApp.root_dir": folder / "nbs",
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "LabApp.expose_app_in_browser": True,
        "LabApp.app_settings_dir": folder / "lab",
        "LabApp.user_settings_dir": folder / "lab" / "user",
        "LabApp.workspaces_dir": folder / "lab" / "workspaces",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", CONFIG]
    command += [f"--{name}={value}" for name, value in options.items()]
    environment = os.environ | variables | dict(JUPYTER_TOKEN=token, PYTHONPATH=str(ROOT))
    with (folder / "jupyterlab.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", process)
            yield f"http://127.0.0.1:{port}/lab?reset&token={token}"
        finally:
            process.terminate()
            process.wait(30)


class Lab:
    "A page of the browser with JupyterLab in it. `errors` are those that the page itself raised."

    def __init__(self, page: Any, address: str, folder: Path) -> None:
        self.page, self.folder, self.shots = page, folder, folder / "screenshots"
        self.shots.mkdir()
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.set_default_timeout(300_000)
        page.goto(address)
        self.until("window.jupyterapp?.shell?.currentWidget")

    def until(self, condition: str) -> None:
        "Waits for an expression of JavaScript to be true."
        self.page.wait_for_function(condition)

    def open(self, notebook: str, source: str | None = None) -> None:
        "Opens a copy of a notebook, named by its path below nbs, or a new one, and waits for its kernel."
        put_trusted(notebook, self.folder, source)
        self.notebook, where = notebook, json.dumps(dict(path=notebook))
        self.page.evaluate(f"void window.jupyterapp.commands.execute('docmanager:open', {where})")
        self.until(f"{NOTEBOOK}?.context?.path === {json.dumps(notebook)} && {NOTEBOOK}.context.isReady")
        self.until(f"{NOTEBOOK}.sessionContext.session?.kernel?.status === 'idle'")

    def save(self) -> bytes:
        "Saves the notebook, as JupyterLab does every two minutes; returns what the file holds then."
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        self.until(f"!{NOTEBOOK}.context.model.dirty")
        return (self.folder / "nbs" / self.notebook).read_bytes()

    def run_all(self) -> list[list[dict]]:
        "Runs all cells and returns the outputs of each cell of code."
        self.page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        failed = "cell.model.outputs.toJSON().some(output => output.output_type === 'error')"
        done = "cell.model.executionCount && cell.model.executionState !== 'running'"
        self.until(f"{CODE_CELLS}.some(cell => {failed}) || {CODE_CELLS}.every(cell => {done})")
        return self.page.evaluate(f"{CODE_CELLS}.map(cell => cell.model.outputs.toJSON())")

    def until_text(self, text: str) -> None:
        "Waits for words on the page."
        self.until(f"document.body.innerText.includes({json.dumps(text)})")

    def until_alt(self, start: str) -> None:
        "Waits for a picture in an output whose text begins so."
        self.until(f"document.querySelector(`.jp-OutputArea img[alt^={json.dumps(start)}]`)")

    def focus(self, selector: str) -> None:
        self.page.locator(selector).first.focus()

    def tab_to(self, name: str) -> None:
        "Presses Tab until the button or box of this name has the focus."
        named = "[e.innerText, e.placeholder, e.closest('label')?.innerText].includes(name)"
        here = f"(name => {{ const e = document.activeElement; return {named} }})({json.dumps(name)})"
        for _ in range(40):
            if self.page.evaluate(here):
                return
            self.press("Tab")
        raise AssertionError(f"Tab does not lead to {name!r}")

    def show_widgets(self) -> None:
        "Scrolls to the explorer: JupyterLab keeps nothing in the page that is far from what one sees."
        is_live = "output => 'application/vnd.jupyter.widget-view+json' in (output.data ?? {})"
        live = f"cell => cell.model.type === 'code' && cell.model.outputs.toJSON().some({is_live})"
        place = f"[...{NOTEBOOK}.content.widgets].findIndex({live})"
        self.page.evaluate(f"void {NOTEBOOK}.content.scrollToItem({place}, 'start')")

    def barriers(self) -> list[tuple[str, str, str]]:
        "What axe finds in explorers, in light and in dark: theme, rule, the first element that breaks it."
        from axe_playwright_python.sync_playwright import Axe

        found, rules = [], dict(type="tag", values=["wcag2a", "wcag2aa"])
        for theme in reversed(THEMES):  # light at the end, as at the beginning
            change = json.dumps(dict(theme=theme))
            self.page.evaluate(f"window.jupyterapp.commands.execute('apputils:change-theme', {change})")
            self.until(f"document.body.dataset.jpThemeName === {json.dumps(theme)}")
            options = dict(runOnly=rules, resultTypes=["violations"])
            answer = Axe().run(self.page, dict(include=[[EXPLORERS]]), options).response
            found += [(theme, each["id"], each["nodes"][0]["html"][:200]) for each in answer["violations"]]
        return found

    def drop(self, name: str, content: list[int] | int) -> None:
        "Drops a file of these bytes, or of so many zeros, on the field for files, as a page hears of it."
        self.page.evaluate(DROP, [name, content])

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def shoot(self) -> Path:
        "Keeps a picture of the notebook."
        path = self.shots / f"{self.notebook.removesuffix('.ipynb').replace('/', '_')}.png"
        self.page.screenshot(path=path)
        return path

    def close(self) -> None:
        "Closes the notebook and shuts its kernel down, so that the next one has the machine to itself."
        # waited for: the server keeps sockets of a kernel that is left earlier, and has a thousand
        self.page.evaluate(f"{NOTEBOOK}.sessionContext.shutdown()")
        self.page.evaluate(f"{NOTEBOOK}.context.model.dirty = false; void {NOTEBOOK}.close()")


@contextmanager
def lab_page(folder: Path) -> Iterator[Lab]:
    "A JupyterLab and a browser that shows it; pictures are kept in `folder/screenshots`."
    from playwright.sync_api import sync_playwright

    with jupyterlab(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_page(viewport=dict(width=1280, height=1600))
            yield Lab(page, address, folder)
        finally:
            browser.close()
