"`spurious report`, and the same from Python."

import re

import matplotlib.pyplot as plt
import pytest
from typer.testing import CliRunner

from spurious_core.app.cli import app
from spurious_core.app.metrics import Metrics
from spurious_core.app.report.page import page_of
from spurious_core.app.report.reporting import report_folder, report_page
from support.notebooks import ROOT
from support.read_only import read_only
from support.sweeps import put_sweep

EVIDENCE = ROOT / "figures" / "bar"


def test_committed_evidence_is_one_page_with_nothing_outside(tmp_path):
    page = report_folder(EVIDENCE, tmp_path / "deep" / "bar.html")
    text = page.read_text("utf-8")
    figures = len(list(EVIDENCE.glob("*.png")))
    assert "<h1>Run of bar</h1>" in text and text.count("data:image/png;base64,") == figures > 0
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)
    assert [file.name for file in page.parent.iterdir()] == ["bar.html"]
    assert not (EVIDENCE / "report.html").exists()


def test_a_sweep_is_drawn_in_the_style_of_the_house_and_leads_to_its_cells(make_study, tmp_path):
    def measured(seed, scale):
        metrics = Metrics()
        metrics.add("wga.toy.ERM", 0.1 * scale)
        return metrics

    root, drawn = put_sweep(tmp_path / "sweep", make_study(), measured, "no memory"), []
    before = dict(plt.rcParams)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plt, "close", lambda figure: drawn.append(figure))
        page = report_folder(root, tmp_path / "page.html")
    (ax,) = drawn[0].axes
    assert ax.spines["left"].get_edgecolor()[:3] == (0.8, 0.8, 0.8) and dict(plt.rcParams) == before
    links = re.findall('href="([^#"]+)"', page.read_text("utf-8"))
    assert len(links) == 12 and all((tmp_path / link).is_dir() for link in links)
    plt.close(drawn[0])


@pytest.mark.parametrize("name", ["none", "empty"])
def test_a_folder_that_is_no_run_is_one_line(tmp_path, name):
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(app, ["report", str(tmp_path / name)])
    assert result.exit_code == 2 and len(result.output.splitlines()) == 1
    assert "is no folder" in result.output or "is no run and no sweep" in result.output
    assert list((tmp_path / "empty").iterdir()) == []


def test_an_audit_has_its_page_already(tmp_path):
    (tmp_path / "audit.json").write_text("{}")
    with pytest.raises(ValueError, match="is no run and no sweep"):
        report_page(tmp_path)
    (tmp_path / "report.html").write_text("page")
    with pytest.raises(ValueError, match=f"is an audit's, .* already there: {tmp_path}/report.html"):
        report_folder(tmp_path)
    assert (tmp_path / "report.html").read_text() == "page"


def test_a_run_that_can_only_be_read_has_its_page_elsewhere():
    with (
        read_only(),
        pytest.raises(OSError, match="report.html: Read-only .*; name another file .*--out FILE"),
    ):
        report_folder(EVIDENCE)


def test_a_page_is_whole_or_as_it_was(tmp_path, monkeypatch):
    page = tmp_path / "report.html"
    old = report_folder(EVIDENCE, page).read_bytes()
    monkeypatch.setattr(
        "spurious_core.core.files.os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, ""))
    )
    with pytest.raises(OSError, match="cannot write"):
        report_folder(EVIDENCE, page)
    assert page.read_bytes() == old and list(tmp_path.iterdir()) == [page]


def numbers(folder):
    metrics = Metrics()
    metrics.add("wga.mini.ERM", 0.5)
    return metrics.save(folder)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("metrics.json", "no name for a page: it must end in .html or .htm"),
        ("report", "no name for a page"),
        ("mine.html", "is there and no report of a run or sweep; name another file (--out FILE)"),
        ("empty.htm", "is there and no report of a run or sweep"),
        ("audit.html", "is there and no report of a run or sweep"),
        ("folder.html", "is there and no report of a run or sweep"),
    ],
)
def test_no_other_file_is_replaced_and_nothing_is_done_for_it(tmp_path, monkeypatch, name, why):
    kept = numbers(tmp_path / "run").read_bytes()
    (tmp_path / "run/mine.html").write_text("<!doctype html>\n<title>Run of mine</title>")
    (tmp_path / "run/empty.htm").touch()
    (tmp_path / "run/audit.html").write_text(page_of("Audit of mine", []))
    (tmp_path / "run/folder.html").mkdir()
    before = {file: file.is_file() and file.read_bytes() for file in (tmp_path / "run").iterdir()}
    monkeypatch.setattr("spurious_core.app.report.reporting.run_sections", lambda run: 1 / 0)
    result = CliRunner().invoke(app, ["report", str(tmp_path / "run"), "--out", str(tmp_path / "run" / name)])
    assert result.exit_code == 2 and len(result.output.splitlines()) == 1 and why in result.output
    assert {file: file.is_file() and file.read_bytes() for file in (tmp_path / "run").iterdir()} == before
    assert (tmp_path / "run/metrics.json").read_bytes() == kept


def test_somebodys_page_of_the_usual_name_stays(tmp_path):
    (numbers(tmp_path).parent / "report.html").write_text("<p>mine</p>")
    with pytest.raises(ValueError, match="report.html is there and no report"):
        report_folder(tmp_path)
    assert (tmp_path / "report.html").read_text() == "<p>mine</p>"


@pytest.mark.parametrize("name", ["report.html", "page.HTM"])
def test_an_earlier_report_is_renewed(tmp_path, name):
    numbers(tmp_path)
    first = report_folder(tmp_path, tmp_path / name).read_text("utf-8")
    (tmp_path / "metrics.json").write_text('{"auc.mini.ERM": {"value": 0.25, "ci": null, "n": null}}')
    assert "wga.mini.ERM" in first
    assert "wga.mini.ERM" not in report_folder(tmp_path, tmp_path / name).read_text("utf-8")


def test_a_name_that_says_nothing_is_refused():
    with pytest.raises(ValueError, match="folder='' must be"):
        report_page("")
