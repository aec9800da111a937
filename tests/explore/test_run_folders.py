"What a run's folder shows of itself, whole or not."

import json
import re

import pytest
from PIL import Image

from spurious_core.app.report.run_page import read_run, run_sections
from spurious_core.explore.run_folders import RunFolder, find_adapter
from support.notebooks import ROOT
from support.pages import Page, check_page
from support.run_folders import NASTY, break_figures, write_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return RunFolder(write_run(tmp_path_factory.mktemp("runs") / "<b>run"))


def test_it_draws_itself(run):
    page = check_page(run._repr_html_(), limit=400_000)
    shown, folded = page.text.split("all 15 numbers")
    assert shown.count("wga.mini") == 12 and folded.count("wga.mini") == 15
    assert [tag for tag, _ in page.tags].count("details") == 1
    assert [image["alt"] for image in page.images] == [f"figure noise{i}" for i in range(4)]
    assert NASTY in page.text and "abababababab" in page.text and "seed=0" in page.text
    assert run._repr_html_() == RunFolder(run.path)._repr_html_()


def test_in_markdown_as_well(run):
    text = run._repr_markdown_()
    assert "<script>" not in text and "&lt;script&gt;" in text and text.count("\n|") >= 13
    assert text.endswith("\n\n3 further numbers are in metrics.json.")


def test_what_the_study_is_about_comes_first_and_all_is_there():
    page = check_page(RunFolder(ROOT / "figures/ddb")._repr_html_(), 400_000)
    first = ["wga.all.ERM", "wga.all.DDB", "wga.all.DFR", "wga.all.cut_and_paste"]
    assert re.findall(r"\w+\.\w+\.\w+", page.text.split("95 %")[1])[:4] == first
    keys = json.loads((ROOT / "figures/ddb/metrics.json").read_text())
    folded = page.text.split(f"all {len(keys)} numbers")[1]
    assert all(key in folded for key in keys)


def test_counts_are_whole_and_of_many_numbers_the_first_are_shown(tmp_path):
    folder = write_run(tmp_path / "run")
    entries = {f"images.mini.arm{i}": dict(value=i, ci=None, n=None) for i in range(1200)}
    (folder / "metrics.json").write_text(json.dumps(entries))
    page = check_page(RunFolder(folder)._repr_html_(), 400_000)
    assert "all 1,200 numbers, the first 500 of them here" in page.text
    cells = page.text.split()
    assert "images.mini.arm499" in cells and "images.mini.arm500" not in cells
    assert cells[cells.index("images.mini.arm7") + 1] == "7"


def test_numbers_and_surroundings(run):
    assert len(run.numbers) == 15 and run.numbers.value.iloc[2] == 1 / 20
    assert run.numbers.low.isna().tolist() == [True] + [False] * 14
    assert run.about["study"] == "toy"
    assert repr(run) == "<b>run: 15 numbers, 6 figures, 0 image sets"


def test_committed_evidence_has_its_figures_beside_its_numbers(tmp_path):
    folder = write_run(tmp_path / "run")
    for path in (folder / "figures").iterdir():
        path.rename(folder / path.name)
    (folder / "figures").rmdir()
    assert len(RunFolder(folder).figures) == 6


def test_part_of_a_run_is_a_run(tmp_path):
    folder = write_run(tmp_path / "run")
    (folder / "metrics.json").unlink()
    (folder / "environment.json").unlink()
    assert len(RunFolder(folder).numbers) == 0 and RunFolder(folder).facts() == {}
    check_page(RunFolder(folder)._repr_html_(), 400_000)


def test_what_is_no_run_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
        RunFolder(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no run"):
        RunFolder(tmp_path)


def test_a_folder_of_runs_names_one_of_them(tmp_path):
    for seed in (1, 0):
        write_run(tmp_path / "sweep" / "cells" / f"seed{seed}" / "result")
    first = re.escape(str(tmp_path / "sweep" / "cells" / "seed0" / "result"))
    with pytest.raises(ValueError, match=f"holds no run.*; there are 2 below it, such as {first}$"):
        RunFolder(tmp_path / "sweep")


@pytest.mark.parametrize("name", ["metrics.json", "environment.json"])
@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1', "\udcff", '{"parameters": 3, "a": {"value": "x"}}'])
def test_damaged_files_are_a_line(tmp_path, name, text):
    folder = write_run(tmp_path / "run")
    (folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
    said = re.compile(f"{name} (is damaged|holds no numbers)")
    assert said.search(check_page(RunFolder(folder)._repr_html_(), 400_000).text)
    assert said.search(RunFolder(folder)._repr_markdown_())


def test_a_damaged_file_costs_its_own_part_alone(tmp_path):
    run = RunFolder(write_run(tmp_path / "run"))
    (run.path / "metrics.json").write_text("{")
    page, text = check_page(run._repr_html_(), 400_000), run._repr_markdown_()
    assert "metrics.json is damaged" in page.text and "study: toy" in page.text and len(page.images) == 4
    assert "metrics.json is damaged" in text and "- study: toy" in text
    assert repr(run) == "run: damaged numbers, 6 figures, 0 image sets"
    write_run(tmp_path / "other")
    (tmp_path / "other/environment.json").write_text("[1]")
    page = check_page(RunFolder(tmp_path / "other")._repr_html_(), 400_000)
    assert "environment.json is damaged" in page.text and page.text.count("wga.mini") == 12 + 15


def test_figures_that_cannot_be_seen_are_lines(tmp_path):
    run = RunFolder(write_run(tmp_path / "run"))
    break_figures(run.path)
    page = check_page(run._repr_html_(), 400_000)
    assert [image["alt"] for image in page.images] == ["figure noise3"]
    for number, reason in enumerate(("missing", "is no regular file", "broken")):
        assert f"{run.figures[number]}: {reason}" in page.text


def test_figures_of_other_formats_are_shown_or_named(tmp_path):
    run = RunFolder(write_run(tmp_path / "run"))
    for path in run.figures:
        path.unlink()
    svg = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'
    (run.path / "figures/a.svg").write_text(svg.format("<script>alert(1)</script>"))
    (run.path / "figures/b.svg").write_text(svg.format("<g/>" * 20_000))
    (run.path / "figures/c.pdf").touch()
    Image.new("RGB", (9, 9)).save(run.path / "figures/D.PNG")
    page = Page(run._repr_html_())
    assert [image["alt"] for image in page.images] == ["figure D", "figure a"]
    assert page.images[1]["src"].startswith("data:image/svg+xml;base64,") and "<svg" not in run._repr_html_()
    assert "b.svg: its 80,046 bytes are too many to be shown here" in page.text
    assert "Left out, since a browser does not show such files: c.pdf" in page.text


def test_long_facts_are_cut_and_say_so(tmp_path):
    run = RunFolder(write_run(tmp_path / "run"))
    many = {f"p{i}": i for i in range(100)}
    parameters = dict(classes=[f"c{i}" for i in range(50_000)]) | many
    about = dict(study="toy" * 5000, parameters=parameters)
    (run.path / "environment.json").write_text(json.dumps(about))
    for i in range(400):
        (run.path / f"s{i:03d}").mkdir()
        (run.path / f"s{i:03d}/metadata.jsonl").touch()
    facts = run.facts()
    assert facts["image sets"].endswith("s010, s011 and 388 further")
    assert (
        facts["parameters"].startswith("classes=['c0', 'c1', ") and "further letters" in facts["parameters"]
    )
    assert facts["parameters"].endswith(", p38=38 and 61 further") and facts["study"].endswith(
        "further letters"
    )
    for page in (Page(run._repr_html_()).text, run._repr_markdown_()):
        assert len(page) < 10_000 and "and 388 further" in page


def test_small_numbers_are_not_zero(tmp_path):
    run = RunFolder(write_run(tmp_path / "run"))
    entry = dict(value=0.0004, ci=[0.00001, 0.0009], n=10, over="images")
    (run.path / "metrics.json").write_text(json.dumps({"p_value.mini.x": entry}))
    shown = ["p_value.mini.x", "0.0004", "[1e-05,", "0.0009]", "10", "images"]
    assert check_page(run._repr_html_(), 400_000).text.split()[-len(shown) :] == shown
    assert "| 0.0004  | [1e-05, 0.0009] | 10 images |" in run._repr_markdown_()


def test_a_figure_with_too_many_pixels_is_a_line(tmp_path, monkeypatch):
    run = RunFolder(write_run(tmp_path / "run"))
    monkeypatch.setattr("PIL.Image.MAX_IMAGE_PIXELS", 9)
    assert f"{run.figures[0]}: too large" in check_page(run._repr_html_()).text


@pytest.mark.parametrize(
    "entry",
    [
        dict(value=1, n=0),
        dict(value=1, ci=[2, 1]),
        dict(value=1, ci=5),
        dict(value=1, ci=[1]),
        dict(value=1, n="x"),
        dict(n=1),
        dict(value=1, n=1e30),
        dict(value=10**400),
        dict(value=float("nan")),
        dict(value=1, n=[]),
        dict(value=1, ci={}),
        dict(value=float("inf")),
        dict(value=1, ci=[0, float("nan")]),
    ],
)
def test_a_number_that_is_none_is_a_line(tmp_path, entry):
    folder = write_run(tmp_path / "run")
    good = dict(value=0.5, ci=None, n=7)
    (folder / "metrics.json").write_text(json.dumps({"good": good, "a": dict(ci=None, n=None) | entry}))
    run = RunFolder(folder)
    said = "metrics.json is damaged: 1 of its 2 numbers are left out: a (metric a: "
    assert said in check_page(run._repr_html_(), 400_000).text and said in run._repr_markdown_()
    assert re.search(r"good\s+0.500\s+7\s", check_page(run._repr_html_(), 400_000).text)
    assert repr(run) == "run: 1 numbers beside damaged ones, 6 figures, 0 image sets"
    with pytest.warns(UserWarning, match="numbers are left out: a "):
        assert run.numbers.key.tolist() == ["good"]
    (numbers,) = [s for s in run_sections(read_run(folder)) if s.title == "Numbers"]
    assert said in numbers.sentences[0] and numbers.table.number.tolist() == ["good"]


def test_hidden_image_sets_are_left_out(tmp_path):
    for name in ("seen", ".hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.jsonl").write_text("", encoding="utf-8")
    assert [path.name for path in RunFolder(tmp_path).image_sets] == ["seen"]


def test_an_adapter_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="none of its 0 adapters is abc"):
        find_adapter(tmp_path, "abc")
