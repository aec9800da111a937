"Every study runs at budget `smoke` under the strict wrapper and leaves its numbers and figures."

import json

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.runs import run_study
from spurious_core.app.studies import list_studies, studies_folder


def test_every_notebook_is_found():
    notebooks = [path for path in studies_folder().glob("*.ipynb") if path.name[0] not in "_."]
    assert len(list_studies()) == len(notebooks)


@pytest.mark.parametrize("study", list_studies())
def test_smoke(study, tmp_path):
    out = run_study(study, dict(budget="smoke"), tmp_path, timeout=600, progress=False)
    assert Metrics.load(out)
    assert list((out / "figures").glob("*.png"))
    assert json.loads((out / "environment.json").read_text())["study"] == study
