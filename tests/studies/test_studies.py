"Every study runs at budget `smoke` under the strict wrapper, and leaves the numbers that it left before."

import json
import math
from pathlib import Path

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.runs import run_study
from spurious_core.app.studies import find_study, list_studies, studies_folder
from support.real_pictures import need_photographs_of

# Values of a run on two cores. None for timings, and for a difference that is one grey level by rounding, or
# none. Another processor's rounding may turn a picture or two.
BEFORE = json.loads(Path(__file__).with_name("smoke_numbers.json").read_text())
SOME_PICTURES = 0.2


def test_every_notebook_is_found():
    notebooks = [path for path in studies_folder().glob("*.ipynb") if path.name[0] not in "_."]
    assert len(list_studies()) == len(notebooks)
    assert sorted(BEFORE) == list_studies()


@pytest.mark.parametrize("study", list_studies())
def test_smoke(study, tmp_path):
    need_photographs_of(study)
    # one at a time: further workers would import everything once more
    alone = dict(workers=1) if "workers" in find_study(study).parameters else {}
    out = run_study(study, dict(budget="smoke") | alone, tmp_path, timeout=600, progress=False)
    assert list((out / "figures").glob("*.png"))
    assert json.loads((out / "environment.json").read_text())["study"] == study
    entries = Metrics.load(out)
    assert [name for name, entry in entries.items() if entry["n"] and "over" not in entry] == []
    numbers = {name: entry["value"] for name, entry in entries.items()}
    assert sorted(numbers) == sorted(BEFORE[study])
    for name, before in BEFORE[study].items():
        if before is not None:
            room = SOME_PICTURES * max(1, abs(before))
            assert math.isclose(numbers[name], before, abs_tol=room), f"{name}: {numbers[name]}, was {before}"
