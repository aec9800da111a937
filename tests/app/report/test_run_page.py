"A run's folder says how far it is, what came out, and where all of it is from."

import json

import numpy as np
import pytest
from PIL import Image

from spurious_core.app.metrics import Metrics
from spurious_core.app.report.page import page_of
from spurious_core.app.report.run_page import (
    image_set_table,
    is_run_folder,
    read_run,
    run_sections,
    run_state,
)
from spurious_core.core.files import atomic_write
from spurious_core.core.images import png_bytes
from spurious_core.core.locks import HOLDER_FILE, hold_folder
from support.notebooks import ROOT

ABOUT = dict(
    study="toy",
    parameters=dict(profile="mini", budget="quick", seed=3, words=["<b>"]),
    seconds=200.0,
    commit="abc",
    dirty=True,
    versions=dict(torch="2"),
)


@pytest.fixture
def folder(tmp_path):
    metrics = Metrics()
    metrics.add("wga.mini.ERM", 0.5, (0.25, 0.75), 40, "images")
    metrics.save(tmp_path / "toy")
    atomic_write(tmp_path / "toy/environment.json", json.dumps(ABOUT))
    atomic_write(tmp_path / "toy/figures/bars.png", png_bytes(np.zeros((8, 8, 3), np.uint8)))
    cells = [
        dict(cell_type="markdown", source="Bars of <all> methods."),
        dict(cell_type="code", source="kept(f, 'bars')"),
    ]
    atomic_write(tmp_path / "toy/toy.ipynb", json.dumps(dict(cells=cells)))
    return tmp_path / "toy"


def failed(folder, error=None):
    outputs = [dict(output_type="error", ename="ValueError", evalue=error)] if error else []
    cells = [dict(cell_type="code", source="x", outputs=outputs)]
    atomic_write(folder / "toy.failed.ipynb", json.dumps(dict(cells=cells)))


def test_all_of_a_run_is_on_its_page(folder):
    sections = run_sections(read_run(folder))
    assert [s.title for s in sections] == ["What came out", "Figures", "Numbers", "Parameters", "Environment"]
    page = page_of("toy", sections)
    for text in (
        "toy ran at budget quick with profile mini, in 3.3 minutes.",
        "[0.250, 0.750]",
        "40 images",
        'alt="Bars of &lt;all&gt; methods."',
        "Commit abc, with changes that were not committed.",
        "No study is called toy",
        "&lt;b&gt;",
        "torch",
    ):
        assert text in page, text


def test_figures_come_in_the_order_of_their_making_with_titles(folder):
    cells = [dict(cell_type="markdown", source="# Losses\n\nThey fall. Each."), "curves", "late", "bars"]
    cells = [c if isinstance(c, dict) else dict(cell_type="code", source=f"kept(f, '{c}')") for c in cells]
    cells.insert(2, dict(cell_type="markdown", source="## Which is best?\n\nAll of them."))
    atomic_write(folder / "toy.ipynb", json.dumps(dict(cells=cells)))
    for name in ("curves", "another"):
        atomic_write(folder / f"figures/{name}.png", png_bytes(np.zeros((8, 8, 3), np.uint8)))
    figures = section(folder, "Figures").figures
    captions = ["Losses. (curves.png)", "Which is best? (bars.png)", "another.png"]
    assert [figure.caption for figure in figures] == captions


def test_the_command_that_repeats_a_run_is_code(folder):
    assert section(folder, "Parameters").code == ""  # toy is no study of ours
    atomic_write(folder / "environment.json", json.dumps(ABOUT | dict(study="ffr")))
    again = section(folder, "Parameters")
    assert again.code == "spurious run ffr -p profile=mini -p budget=quick -p seed=3"
    assert again.sentences == ["The same again, without words, which ffr no longer takes:"]


def test_a_caption_names_its_figure_once(folder):
    cells = [
        dict(cell_type="markdown", source="Bars. They differ."),
        dict(
            cell_type="code",
            source="#| fig-alt: bars_a: Two bars.\n#| fig-alt: bars_b: One.\nkept(f, 'bars_a', 'bars_b')",
        ),
    ]
    atomic_write(folder / "toy.ipynb", json.dumps(dict(cells=cells)))
    for name in ("bars_a", "bars_b"):
        atomic_write(folder / f"figures/{name}.png", png_bytes(np.zeros((8, 8, 3), np.uint8)))
    captions = [figure.caption for figure in section(folder, "Figures").figures]
    assert captions == ["Two bars. (bars_a.png)", "One. (bars_b.png)", "bars.png"]


def test_what_the_headlines_are_about_is_seen_first():
    names = [figure.name for figure in section(ROOT / "figures/ddb", "Figures").figures]
    assert names[:2] == ["wga", "groups"] and names[2].startswith("world_") and names[-1] == "inversion"


def test_a_run_that_went_on_says_what_its_time_is_of(folder):
    atomic_write(folder / "environment.json", json.dumps(ABOUT | dict(resumed=True)))
    ran = "toy ran at budget quick with profile mini, in 3.3 minutes"
    assert run_state(read_run(folder)) == [f"{ran} of its last attempt alone."]


def test_a_drill_says_what_it_is(folder):
    atomic_write(folder / "environment.json", json.dumps(dict(what="a drill", script="a.py", seconds=20)))
    assert run_state(read_run(folder)) == ["toy ran in 20 seconds: a drill."]
    assert section(folder, "Parameters").table is None


def test_a_run_in_progress_says_so(folder):
    with hold_folder(folder):
        (said,) = run_state(read_run(folder))
    assert said.startswith("In progress: the folder is in use by process ")
    assert said.endswith("What follows is of the last good run.")
    assert run_state(read_run(folder)) == ["toy ran at budget quick with profile mini, in 3.3 minutes."]


def test_a_failed_run_says_why_and_whose_numbers_follow(folder):
    failed(folder, "no <memory>")
    (said,) = run_state(read_run(folder))
    assert "failed (ValueError: no <memory>); see toy.failed.ipynb" in said and "last good run" in said
    assert "no &lt;memory&gt;" in page_of("x", run_sections(read_run(folder)))


OUTPUTS = [f'{{"cells": [{{"cell_type": "code", "source": "", "outputs": {x}}}]}}' for x in ("[3]", "null")]


@pytest.mark.parametrize("text", ['{"cells": [', '{"cells": null}', *OUTPUTS])
def test_a_damaged_notebook_of_a_failed_run_hides_nothing(folder, text):
    (folder / "toy.failed.ipynb").write_text(text)
    (said,) = run_state(read_run(folder))
    assert "failed (its notebook is damaged); see toy.failed.ipynb" in said


def test_a_first_run_that_was_stopped_has_a_page(tmp_path):
    failed(tmp_path)
    assert is_run_folder(tmp_path)
    run = read_run(tmp_path)
    assert run.study == "toy" and not run.is_done
    assert run_state(run) == [
        "The last run failed (it was stopped); see toy.failed.ipynb. What follows is unfinished."
    ]
    (tmp_path / HOLDER_FILE).write_text("half a note")
    assert run_state(read_run(tmp_path))[0].startswith("In progress: the folder is in use by another process")


def test_what_is_no_run_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="is no run: it has neither"):
        read_run(tmp_path)


def section(folder, title):
    (found,) = [section for section in run_sections(read_run(folder)) if section.title == title]
    return found


NAN = '{"wga.mini.ERM": {"value": NaN, "ci": null, "n": null}}'


@pytest.mark.parametrize("text", ["{", "[1]", NAN, '{"a.b.c": {"value": 1, "ci": {"a": 1, "b": 2}, "n": 1}}'])
def test_damaged_numbers_are_a_line_in_their_place(folder, text):
    (folder / "metrics.json").write_text(text)
    (said,) = section(folder, "Numbers").sentences
    assert said.startswith(f"{folder}/metrics.json") and section(folder, "Numbers").table is None
    assert run_state(read_run(folder)) == [
        "Some of what the run left is damaged; a line in its place says what."
    ]
    assert section(folder, "Figures").figures and len(section(folder, "Parameters").table) == 4


def test_a_damaged_number_costs_itself(folder):
    entries = {f"wga.mini.bad{i}": dict(value=0.5, ci=None, n=0) for i in range(30)}
    good = {"wga.mini.ERM": dict(value=0.0004, ci=[0.00001, 0.5], n=40, over="images")}
    (folder / "metrics.json").write_text(json.dumps(entries | good))
    numbers = section(folder, "Numbers")
    assert numbers.table.to_numpy().tolist() == [["wga.mini.ERM", "0.0004", "[1e-05, 0.500]", "40 images"]]
    (said,) = numbers.sentences
    assert said.startswith(
        f"{folder}/metrics.json is damaged: 30 of its 31 numbers are left out: wga.mini.bad0,"
    )
    assert "wga.mini.bad11 and 18 further (metric wga.mini.bad0: n=0 must be a positive count)." in said
    assert "Its first numbers: wga.mini.ERM " in section(folder, "What came out").sentences[-1]


@pytest.mark.parametrize(
    "about",
    [
        dict(parameters="x"),
        dict(parameters=None),
        dict(versions=3),
        dict(seconds="long"),
        dict(seconds=float("nan")),
        dict(seconds=10**400),
        dict(study=None),
        dict(commit=3),
        [1],
    ],
    ids=lambda about: f"{about!s:.20}",
)
def test_damaged_surroundings_are_a_line_in_their_place(folder, about):
    atomic_write(folder / "environment.json", json.dumps(about))
    (said,) = section(folder, "Environment").sentences
    reason = "it holds no object" if about == [1] else f"{next(iter(about))}="
    assert said.startswith(f"{folder}/environment.json is damaged: {reason}")
    assert len(section(folder, "Numbers").table) == 1


def test_changes_without_a_commit(folder):
    atomic_write(folder / "environment.json", json.dumps(dict(dirty=True)))
    changed = ["Commit unknown, with changes that were not committed."]
    assert section(folder, "Environment").sentences == changed


NO_CELLS = ["x", None, ["x"], [{}], [dict(source=3)], [dict(source="x")], [dict(cell_type="code", source=3)]]


@pytest.mark.parametrize("cells", NO_CELLS)
def test_a_notebook_without_cells_is_a_line_among_the_figures(folder, cells):
    file = atomic_write(folder / "toy.ipynb", json.dumps(dict(cells=cells)))
    figures = section(folder, "Figures")
    assert figures.sentences == [f"{file} is damaged: it is no notebook of version 4."]
    assert figures.figures[0].description == "Figure bars of toy"
    failed(folder)
    cells = [dict(cell_type="markdown", source="Bars."), dict(cell_type="code", source="kept(f, 'bars')")]
    atomic_write(folder / "toy.failed.ipynb", json.dumps(dict(cells=cells)))
    assert section(folder, "Figures").figures[0].description == "Bars."


def test_figures_that_cannot_be_seen_are_left_out(folder):
    figures = folder / "figures"
    (figures / "gone.png").symlink_to("nowhere")
    (figures / "inner.png").mkdir()
    (figures / "none.png").touch()
    (figures / "part.png").write_bytes((figures / "bars.png").read_bytes()[:45])
    found = section(folder, "Figures")
    assert [picture.caption for picture in found.figures] == ["Bars of <all> methods. (bars.png)"]
    assert [
        f"{figures / name}.png: " in said
        for name, said in zip(("gone", "inner", "none", "part"), found.sentences, strict=True)
    ] == [True] * 4
    assert found.sentences[:2] == [
        f"Left out: {figures}/gone.png: missing.",
        f"Left out: {figures}/inner.png: is no regular file.",
    ]
    (figures / "bars.png").unlink()
    assert len(section(folder, "Figures").sentences) == 4


def test_figures_of_other_formats_are_shown_or_named(folder):
    grey = Image.fromarray(np.full((6, 4, 3), 90, np.uint8))
    for name, stored in (("c.jpg", "JPEG"), ("D.PNG", "PNG"), ("tif.png", "TIFF"), ("bars.jpg", "JPEG")):
        grey.save(folder / "figures" / name, format=stored)
    (folder / "figures/b.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')
    (folder / "figures/e.pdf").touch()
    (folder / "figures/.hidden.png").touch()
    found = section(folder, "Figures")
    assert {figure.caption.split("(")[-1].rstrip(")"): figure.kind for figure in found.figures} == {
        "bars.png": "image/png",
        "bars.jpg": "image/jpeg",
        "D.PNG": "image/png",
        "b.svg": "image/svg+xml",
        "c.jpg": "image/jpeg",
        "tif.png": "image/png",
    }
    assert found.sentences == ["Left out, since a browser does not show such files: e.pdf."]
    page = page_of("toy", [found])
    assert page.count('src="data:image/jpeg;base64,') == 2 and page.count("data:image/svg+xml;base64,") == 1
    assert "<script" not in page and "<svg" not in page


def test_a_package_replaces_no_fact(folder):
    versions = dict(device="7", python="9", torch="2")
    about = ABOUT | dict(device="cuda", python="3.11", versions=versions)
    atomic_write(folder / "environment.json", json.dumps(about))
    facts = dict(section(folder, "Environment").table.to_numpy().tolist())
    assert (facts["device"], facts["python"], facts["torch"]) == ("cuda", "3.11", "2")
    assert (facts["device (package)"], facts["python (package)"]) == ("7", "9")


@pytest.mark.filterwarnings("error")
def test_a_cut_image_set_is_said_on_the_page_and_hidden_ones_are_none(folder):
    atomic_write(folder / "sets/a/metadata.jsonl", '{"file_name": "a.png", "source": "text2img"}\n{"file_na')
    atomic_write(folder / ".ipynb_checkpoints/metadata.jsonl", '{"file_name": "a.png"}\n')
    (row,) = image_set_table(folder).to_dict("records")
    fault = f"{folder}/sets/a/metadata.jsonl: the last line was cut short, and is left out"
    assert (row["folder"], row["pictures"], row["fault"]) == ("sets/a", 1, fault)
    assert "the last line was cut short" in page_of("toy", run_sections(read_run(folder)))


def test_a_damaged_image_set_is_a_line_among_the_others(folder):
    atomic_write(folder / "sets/a/metadata.jsonl", "[1]\n{}\n")
    atomic_write(folder / "sets/b/metadata.jsonl", '{"source": "text2img"}\n')
    first, second = image_set_table(folder).to_dict("records")
    assert first["folder"] == "sets/a" and "line 1 of" in first["fault"] and first["pictures"] == ""
    assert second == dict(folder="sets/b", pictures=1, source="text2img", checkpoint="", adapter="", fault="")


def test_of_many_numbers_the_page_has_the_first(folder):
    entries = {f"wga.mini_{i}.ERM": dict(value=0.5, ci=None, n=None) for i in range(2001)}
    atomic_write(folder / "metrics.json", json.dumps(entries))
    page = page_of("toy", run_sections(read_run(folder)))
    assert "<p>2,001 in all.</p>" in page
    assert "The first 2,000 of 2,001 rows are shown; all are in metrics.json." in page
    assert "wga.mini_1999.ERM" in page and "wga.mini_2000.ERM" not in page


def test_image_sets_say_what_drew_them(folder):
    rows = [dict(file_name=f"{i}.png", source="text2img", checkpoint_hash=f"c{i}") for i in range(5)]
    atomic_write(folder / "sets/a/metadata.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    (row,) = image_set_table(folder).to_dict("records")
    expected = dict(folder="sets/a", pictures=5, source="text2img", checkpoint="c0, c1, c2, …", adapter="")
    assert row == expected
    assert run_sections(read_run(folder))[-1].title == "Provenance of pictures"
