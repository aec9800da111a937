"Every command that the README or a notebook shows: its options are there, and it could run."

import re
import shlex

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from spurious_core.app.audit.auditing import audit_folder
from spurious_core.app.cli import app
from spurious_core.app.dry_run.random_profiles import make_random_profile
from spurious_core.app.parameters import parse_assignments
from spurious_core.app.studies import find_study
from spurious_core.app.study_checks import check_study
from spurious_core.app.sweeps.grids import grid_cells
from spurious_core.mitigate.registry import METHODS
from spurious_core.models.loading import save_classifier
from spurious_core.papers import mitigation
from support.networks import small_classifier
from support.notebooks import ROOT, cells_of, notebook_paths
from support.own_pictures import put_empty_files

VERBS = get_command(app).commands
LINE = re.compile(rf"(?m)^ *(spurious (?:{'|'.join(VERBS)})\b.*)$")
GUIDES = ROOT / "nbs/guides"


def shown_commands() -> list[str]:
    "Each command once, without its comment."
    prose = [cell.source for path in notebook_paths() for cell in cells_of(path) if cell.kind == "markdown"]
    lines = LINE.findall("\n".join([(ROOT / "README.md").read_text(encoding="utf-8"), *prose]))
    return list(dict.fromkeys(shlex.join(shlex.split(line, comments=True)) for line in lines))


COMMANDS = shown_commands()
RUNS = [line for line in COMMANDS if line.startswith("spurious run ")]
SWEEPS = [line for line in COMMANDS if line.startswith("spurious sweep ")]
ELSEWHERE = "/data/"  # published data sets, whose readers have tests of their own


def test_commands_are_found():
    assert len(COMMANDS) >= 35 and len(RUNS) >= 15 and len(SWEEPS) >= 8
    assert {"audit", "report", "table", "doctor"} <= {line.split()[1] for line in COMMANDS}


@pytest.mark.parametrize("line", COMMANDS)
def test_options_are_there(line):
    _, verb, *words = shlex.split(line)
    VERBS[verb].make_context(verb, words)


def names_of_guide(name: str, cells: slice) -> dict:
    "What these cells of code of a guide leave."
    names: dict = {}
    sources = [cell.source for cell in cells_of(GUIDES / name) if cell.kind == "code"]
    exec("\n".join(sources[cells]), names)
    return names


@pytest.fixture(scope="module")
def birds():
    "The folder that the guide to one's own pictures writes."
    return names_of_guide("00_own_data.ipynb", slice(1))["folder"]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    clf = small_classifier()
    clf.labels = ["landbird", "waterbird", "boat"]
    return save_classifier(clf, tmp_path_factory.mktemp("own") / "classifier")


@pytest.fixture(scope="module")
def stand_ins(tmp_path_factory, birds, classifier):
    "What stands for what a reader would have: folders, a settings file, a sweep."
    here = tmp_path_factory.mktemp("stand_ins")
    put_empty_files(here / "classes" / "house")
    (here / "sweep").mkdir()
    (here / "sweep" / "sweep.json").write_text("{}")
    sweeps = ("SWEEP", "FOLDER", "/shared/ffr", "_runs/ffr_cells")
    return {
        "/my/images": birds,
        "/my/classifier": classifier,
        "/my/classes": here / "classes",
        "my/folder": here / "classes",
        "blond woman": "landbird",
        "my.ini": names_of_guide("02_own_generator.ipynb", slice(1))["file"],
        "_runs/random_sd15/settings.ini:random_sd15": make_random_profile(here / "random"),
    } | dict.fromkeys(sweeps, here / "sweep")


def filled(line: str, stand_ins: dict) -> list[str]:
    "The words of a command, with stand-ins for what only the reader has."
    for name, place in stand_ins.items():
        line = re.sub(rf"(?<![\w/]){re.escape(name)}(?![\w/])", str(place), line)
    return shlex.split(line)[1:]


@pytest.mark.parametrize("line", [line for line in RUNS if ELSEWHERE not in line])
def test_runs_could_run(line, stand_ins, monkeypatch, tmp_path):
    "Of models that would have to be converted or named first, the answer is that they are lacking."
    assert mitigation.plan_benchmark  # before the patch: it reads the names of methods when it is imported
    monkeypatch.setitem(METHODS, "Smoothing", names_of_guide("01_own_method.ipynb", slice(2))["SMOOTHING"])
    words = filled(line, stand_ins)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, [*words, *(["--check"] if "--check" not in words else [])])
    lacking = re.fullmatch(r"error: \w+ can't run: profile '(sd15|my_sdxl)'[^;]*\n", done.stderr)
    assert done.exit_code == 0 or lacking, done.stderr


@pytest.mark.parametrize("line", SWEEPS)
def test_sweeps_could_run(line):
    words = shlex.split(line)
    study = find_study(words[2])
    cells = grid_cells(
        study, parse_assignments([words[i + 1] for i, word in enumerate(words) if word == "-p"])
    )
    assert len(cells) > 1
    check_study(study, cells[0])


def test_the_guides_pictures_can_be_audited(birds, classifier, tmp_path):
    found = audit_folder(str(birds), str(classifier), tmp_path / "audit", attack_steps=0)
    assert sorted(found.subject.images.labels) == ["landbird", "waterbird"]
    assert len((tmp_path / "audit/report.html").read_text(encoding="utf-8")) > 1000
