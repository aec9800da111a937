"Every study runs at budget `smoke`, and leaves the numbers that it left before."

import json
import math
from pathlib import Path

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.runs import run_study
from spurious_core.app.studies import list_studies, studies_folder
from support.real_pictures import need_photographs_of
from support.study_cells import run_cells

# Values of a run on two cores. None for timings, and for a difference that is one grey level by rounding, or
# none, and for a small network that learns from thirty pictures. Another processor may turn a picture
# or two by its rounding.
BEFORE = json.loads(Path(__file__).with_name("smoke_numbers.json").read_text())
SOME_PICTURES = 0.2
FEW_STEPS = "3"  # of the sampler, where a plan leaves them to the profile: the path is the same


def test_every_notebook_is_found():
    notebooks = [path for path in studies_folder().glob("*.ipynb") if path.name[0] not in "_."]
    assert len(list_studies()) == len(notebooks)
    assert sorted(BEFORE) == list_studies()


def hold_against_before(study, out):
    "Figures are there, and the numbers are those of before."
    assert list((out / "figures").glob("*.png"))
    entries = Metrics.load(out)
    assert [name for name, entry in entries.items() if entry["n"] and "over" not in entry] == []
    numbers = {name: entry["value"] for name, entry in entries.items()}
    assert sorted(numbers) == sorted(BEFORE[study])
    for name, before in BEFORE[study].items():
        if before is not None:
            room = SOME_PICTURES * max(1, abs(before))
            assert math.isclose(numbers[name], before, abs_tol=room), f"{name}: {numbers[name]}, was {before}"


# What runs in every `make test`: here the main study, below by the strict runner the audit.
# Of the others every part has tests of its own, and test_notebook_calls reads that they call what is there.
MAIN = "class_wise_spurious_generation"


@pytest.mark.parametrize(
    "study", [pytest.param(name, marks=[pytest.mark.slow] * (name != MAIN)) for name in list_studies()]
)
def test_smoke(study, tmp_path, monkeypatch):
    "In this process: a kernel for each study would import everything once more."
    need_photographs_of(study)
    monkeypatch.setenv("SPURIOUS_SAMPLER_STEPS", FEW_STEPS)
    run_cells(study, out=str(tmp_path / study), budget="smoke")
    hold_against_before(study, tmp_path / study)
    if study == "bar":  # nobody licensed its photographs
        assert [path.name for path in (tmp_path / "bar/figures").iterdir()] == ["methods.png"]
        assert (tmp_path / "bar/photographs/exchanges.png").is_file()


@pytest.mark.parametrize(
    "study",
    [pytest.param(name, marks=[pytest.mark.slow] * (name != "audit_calibration")) for name in list_studies()],
)
def test_smoke_by_the_strict_runner(study, tmp_path, monkeypatch):
    need_photographs_of(study)
    monkeypatch.setenv("SPURIOUS_SAMPLER_STEPS", FEW_STEPS)
    out = run_study(study, dict(budget="smoke"), tmp_path, timeout=600, progress=False)
    assert json.loads((out / "environment.json").read_text())["study"] == study
    hold_against_before(study, out)
