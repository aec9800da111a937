"The whole site: no warning, no broken link, and a browser that finds nothing to complain about."

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.report.reporting import report_folder
from spurious_core.app.site import building
from spurious_core.app.site.building import accessible_page, broken_links, build_site
from spurious_core.app.studies import list_studies
from spurious_core.core.files import read_json
from support.browser import CHROMIUM, FLAGS, why_not
from support.notebooks import ROOT
from support.sweeps import put_sweep

PAGES = (
    "index",
    "glossary",
    "ledger",
    "your_own_class",
    "studies/index",
    *(f"studies/{study}" for study in list_studies()),
    *(f"guides/{path.stem}" for path in sorted((ROOT / "nbs/guides").glob("*.ipynb"))),
    "core/index",
    "core/09_sheets",
    *(f"explore/{path.stem}" for path in sorted((ROOT / "nbs/explore").glob("*.ipynb"))),
    "api/index",
    "api/core",
    "evidence/index",
    "evidence/ffr",
    "contributing",
    "search",
    "genindex",
)


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
    if why_not():
        pytest.skip(why_not())
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def barriers(browser, scheme, addresses):
    "What axe finds in pages: (address, rule, the first element that breaks it)."
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = browser.new_context(color_scheme=scheme)
    page, found = context.new_page(), []
    for address in addresses:
        page.goto(address)
        for rule in axe.run(page).response["violations"]:
            found.append((address, rule["id"], rule["nodes"][0]["html"][:200]))
    context.close()
    return found


@pytest.mark.slow
def test_the_site_is_whole(site):
    assert broken_links(site) == []
    assert len(list(site.rglob("*.html"))) > 250
    for page in (site / "studies").glob("*.html"):
        assert "#|" not in page.read_text("utf-8"), page
    for path in (ROOT / "nbs/studies").glob("[!_]*.ipynb"):
        outputs = [output for cell in read_json(path)["cells"] for output in cell.get("outputs", [])]
        stored = sum(bool({"image/png", "image/jpeg"} & output.get("data", {}).keys()) for output in outputs)
        assert (site / f"studies/{path.stem}.html").read_text("utf-8").count("<img") >= stored, path
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
def test_formulas_are_seen_whole(address, browser):
    "At the width of a laptop they wrap; none has a bar beside it, and none is cut."
    page = browser.new_page(viewport=dict(width=1300, height=900))
    overflow = "all => all.map(e => [e.scrollWidth - e.clientWidth, e.offsetHeight - e.clientHeight])"
    for name in PAGES:
        page.goto(f"{address}/{name}.html")
        over = page.eval_on_selector_all(".formula", overflow)
        assert not [each for each in over if each != [0, 0]], name
    page.close()


@pytest.mark.slow
def test_wide_tables_scroll_within_the_page(address, browser):
    page = browser.new_page(viewport=dict(width=900, height=800))
    for name in ("ledger", "studies/ddb"):
        page.goto(f"{address}/{name}.html")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    page.close()


SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.mark.slow
@SCHEMES
def test_pages_are_accessible(address, browser, scheme):
    assert barriers(browser, scheme, [f"{address}/{name}.html" for name in PAGES]) == []


def measured(seed, scale):
    metrics = Metrics()
    metrics.add("wga.toy.ERM", 0.1 * scale + 0.01 * seed)
    return metrics


@pytest.mark.slow
@SCHEMES
def test_reports_are_accessible(browser, scheme, make_study, tmp_path):
    sweep = put_sweep(tmp_path / "sweep", make_study(), measured, "no memory")
    pages = [report_folder(sweep)]
    pages += [
        report_folder(ROOT / "figures" / study, tmp_path / f"{study}.html")
        for study in ("ddb", "real_spurious_features")
    ]
    assert barriers(browser, scheme, [page.as_uri() for page in pages]) == []
