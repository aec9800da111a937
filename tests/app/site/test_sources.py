"All pages of the site before Sphinx sets them, made of the repository as it is."

import re
import shutil

import nbformat
import pytest

from spurious_core.app.site.notebook_pages import heading_slug
from spurious_core.app.site.sources import folder_page, site_notebooks, title_and_sentence, write_sources
from spurious_core.core.files import read_json
from support.notebooks import ROOT, notebook_paths


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    write_sources(ROOT, folder)
    return folder


def prose_of(path):
    if path.suffix == ".md":
        return path.read_text("utf-8")
    return "\n\n".join(c["source"] for c in read_json(path)["cells"] if c["cell_type"] == "markdown")


def pages(sources):
    return sorted(path for path in sources.rglob("*") if path.suffix in (".md", ".ipynb"))


@pytest.mark.slow
def test_every_notebook_is_there_and_readable(sources):
    assert site_notebooks(ROOT / "nbs") == notebook_paths()
    for path in notebook_paths():
        page = sources / path.relative_to(ROOT / "nbs")
        notebook = nbformat.read(page, 4)
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        assert not [source for source in code if re.search(r"^#\|", source, re.M)]


@pytest.mark.slow
def test_every_picture_is_described(sources):
    for page in sources.rglob("*.ipynb"):
        for cell in read_json(page)["cells"]:
            if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
                assert len(cell["metadata"]["mystnb"]["image"]["alt"]) > 3, page


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"(?ms)^(```|:::).*?^\1", "", text))


@pytest.mark.slow
def test_every_link_leads_somewhere(sources):
    headings = {}
    for page in pages(sources):
        titles = re.findall(r"(?m)^#+ (.*)$", prose_of(page))
        headings[page.resolve()] = {heading_slug(title) for title in titles}
    broken, count = [], 0
    for page in pages(sources):
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(prose_of(page))):
            if re.match(r"\w+:", target):
                continue
            file, _, heading = target.partition("#")
            there = (page.parent / file).resolve() if file else page.resolve()
            count += 1
            if not there.is_file() or (heading and heading not in headings[there]):
                broken.append(f"{page.relative_to(sources)} -> {target}")
    assert count > 500 and broken == []


@pytest.mark.slow
def test_every_page_can_be_reached_from_the_tour(sources):
    reached, waiting = set(), [sources / "index.ipynb"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", prose_of(page), re.S):
            for name in re.findall(r"^(?!:)(\S+)$", tree, re.M):
                (found,) = (f for f in (page.parent / f"{name}{e}" for e in (".md", ".ipynb")) if f.is_file())
                waiting += [found] if found not in reached else []
    assert reached == set(pages(sources))


@pytest.mark.slow
def test_the_tour_names_all_parts(sources):
    contents = prose_of(sources / "index.ipynb")
    captions = re.findall(r":caption: (.+)", contents)
    assert captions == ["Begin", "Guides", "Studies", "Rooms", "Reference"]
    for name in (
        "your_own_class",
        "guides/index",
        "evidence/index",
        "api/index",
        "contributing",
        "mini/index",
    ):
        assert f"\n{name}\n" in contents


def test_a_folder_lists_its_notebooks(tmp_path):
    (tmp_path / "room/inner").mkdir(parents=True)
    shutil.copy(ROOT / "nbs/core/01_seeds.ipynb", tmp_path / "room")
    shutil.copy(ROOT / "nbs/core/13_markup.ipynb", tmp_path / "room/inner")
    page = folder_page(tmp_path / "room", "What it is for.")
    assert page.startswith("# room\n\nWhat it is for.\n\n| notebook |")
    assert "| [seeds](01_seeds.ipynb) |" in page and "| [inner](inner/index.md) |" in page
    assert page.endswith("\n01_seeds\ninner/index\n```\n")


def test_title_and_sentence():
    first = dict(source="# A\n\n> B.")
    assert title_and_sentence(dict(cells=[first])) == ("A", "B.")
    assert title_and_sentence(dict(cells=[dict(source="x")])) == ("", "")
