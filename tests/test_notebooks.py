"What the notebooks look like to somebody who reads them without running them."

import re
from pathlib import Path

import nbformat
import pytest

NBS = sorted(
    p
    for p in (Path(__file__).parent.parent / "nbs").rglob("*.ipynb")
    if not any(part.startswith(".") for part in p.parts[-3:])
)


@pytest.fixture(params=NBS, ids=lambda p: p.stem)
def path(request):
    return request.param


@pytest.fixture
def nb(path):
    return nbformat.read(path, 4)


def outputs(nb):
    return [o for c in nb.cells if c.cell_type == "code" for o in c.outputs]


def test_a_title_a_sentence_and_prose_above_the_code(nb, path):
    assert re.match(r"# .+\n\n> .+", nb.cells[0].source)
    prose = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    code = [cell.source for cell in nb.cells if cell.cell_type == "code"]
    words = sum(len(text.split()) for text in prose)
    lines = sum(len([line for line in text.splitlines() if line.strip()]) for text in code)
    assert words >= 0.5 * lines


def test_small_enough_to_read_and_diff(path):
    assert path.stat().st_size <= 3 * 2**20


def test_a_picture_is_shown_once(nb):
    for c in nb.cells:
        pictures = [o.data["image/png"] for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
        assert len(pictures) == len(set(pictures)), c.source


def test_no_errors_progress_bars_or_paths_of_a_machine_in_the_outputs(nb):
    for o in outputs(nb):
        text = (
            o.get("text", "")
            + o.get("data", {}).get("text/plain", "")
            + o.get("data", {}).get("text/html", "")
        )
        assert o.output_type != "error" and not re.search(
            r"\d+%\||it/s\]|(?<![\w.])/(home|root|Users|tmp)/", text
        ), text[:300]


def headings(path):
    "What JupyterLab calls the headings of a notebook: their texts, with hyphens for spaces."
    prose = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")
    return {
        title.replace("`", "").strip().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", prose, re.M)
    }


def test_links_lead_somewhere(nb, path):
    prose = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    for file, heading in re.findall(r"\]\(([^)\s#:]*)(?:#([^)\s]+))?\)", prose):
        target = path.parent / file if file else path
        assert target.exists(), file
        if heading and target.suffix == ".ipynb":
            assert heading in headings(target), f"{file}#{heading}"
