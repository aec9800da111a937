"The whole site: no warning, no broken link, and a browser that finds nothing to complain about."

import functools
import os
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spurious_core.app.site import building
from spurious_core.app.site.building import accessible_page, broken_links, build_site

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(os.environ.get("AXE_CORE", Path(tempfile.gettempdir(), "node_modules/axe-core/axe.min.js")))
PAGES = ("index", "studies/ffr", "glossary", "core/index", "core/09_sheets", "api/core", "evidence/ffr")


def test_mended_pages_stay_as_they_are():
    page = accessible_page('<title>x</title><aside class="sidebar-drawer"><pre>')
    assert 'aria-label="All pages"' in page and '<pre tabindex="0">' in page
    assert accessible_page(page) == page


def test_broken_links_are_found(tmp_path):
    (tmp_path / "a b").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="x"><a href="a%20b/#y"><a href="#x"><a href="mailto:a@b"><img src="?q">'
    )
    (tmp_path / "a b/index.html").write_text('<a href="../index.html#z"><script src="s.js"></script>')
    assert broken_links(tmp_path) == [
        "a b/index.html -> ../index.html#z",
        "a b/index.html -> s.js",
        "index.html -> a%20b/#y",
    ]


def test_other_folders_and_wheels_are_refused(tmp_path, monkeypatch):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(ValueError, match="holds other things and is no site"):
        build_site(tmp_path, tmp_path / "work")
    monkeypatch.setattr(building, "source_root", lambda: None)
    with pytest.raises(ValueError, match="built from a source checkout"):
        build_site(tmp_path / "new", tmp_path / "work")


@pytest.mark.parametrize("warnings", [["w: bad"], []], ids=["a warning", "a broken link"])
def test_a_fault_leaves_the_old_site(tmp_path, monkeypatch, warnings):
    (tmp_path / "site").mkdir()
    (tmp_path / "site/searchindex.js").write_text("old")

    def set_pages(sources, out, memory):
        out.mkdir(parents=True)
        (out / "index.html").write_text('<a href="none.html">')
        return warnings

    monkeypatch.setattr(building, "write_sources", lambda root, out: out.mkdir(parents=True))
    monkeypatch.setattr(building, "_run_sphinx", set_pages)
    with pytest.raises(ValueError, match="1 faults.*(w: bad|none.html)"):
        build_site(tmp_path / "site", tmp_path / "work")
    assert (tmp_path / "site/searchindex.js").read_text() == "old"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    "The whole site; building it raises for the first warning or broken link."
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    return build_site(folder / "site", folder / "work")


@pytest.fixture(scope="module")
def address(site):
    "The site on a port of this machine."

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.slow
def test_the_site_is_whole(site):
    assert broken_links(site) == []
    assert len(list(site.rglob("*.html"))) > 250
    for page in (site / "studies").glob("*.html"):
        assert "#|" not in page.read_text("utf-8"), page
    for name in PAGES:
        text = (site / f"{name}.html").read_text("utf-8")
        assert "<img" not in text or 'alt=""' not in text
    assert "<math" in (site / "studies/ffr.html").read_text("utf-8")


@pytest.mark.slow
def test_pages_need_no_server_but_their_own(address, browser):
    context = browser.new_context()
    page, faults = context.new_page(), []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda r: faults.append(r.url) if not r.url.startswith((address, "data:")) else None)
    for name in PAGES:
        page.goto(f"{address}/{name}.html")
    assert faults == []
    context.close()


@pytest.mark.slow
def test_search_finds_words_and_names(address, browser):
    page = browser.new_page()
    for word, found in (("worst-group", "glossary"), ("contact_sheet", "api/core")):
        page.goto(f"{address}/search.html?q={word}")
        page.wait_for_selector("#search-results li a")
        targets = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
        assert any(found in target for target in targets), targets
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible(address, browser, scheme):
    "By axe, which is not part of the project: `npm pack axe-core`, and its axe.min.js in AXE_CORE."
    if not AXE.is_file():
        pytest.skip(f"no axe at {AXE}; AXE_CORE names it")
    context = browser.new_context(color_scheme=scheme)
    page, faults = context.new_page(), []
    for name in PAGES:
        page.goto(f"{address}/{name}.html")
        page.evaluate(AXE.read_text("utf-8"))
        for fault in page.evaluate("axe.run()")["violations"]:
            faults.append((name, fault["id"], fault["nodes"][0]["html"][:200]))
    assert faults == []
    context.close()
