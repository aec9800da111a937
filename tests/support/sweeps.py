"Sweeps of the toy study: one whose cells are written by hand, and an engine without processes."

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study
from spurious_core.app.sweeps.cell_folders import add_cell, code_stamp, note_failure, publish
from spurious_core.app.sweeps.engines import ENGINES
from spurious_core.app.sweeps.workers import work


def put_sweep(root: Path, study: Path, measure: Callable[[int, float], Metrics], error: str) -> Path:
    "Six seeds at two scales: eleven finished cells with the numbers of `measure`, and one that failed."
    toy = find_study(study)
    root.mkdir()
    (root / "sweep.json").write_text(json.dumps(dict(study=str(toy.path))))
    for seed in range(6):
        for scale in (1.0, 2.0):
            cell = add_cell(root, toy, dict(seed=seed, scale=scale))
            if (seed, scale) == (5, 2.0):
                note_failure(cell, error, 1.0)
                continue
            attempt = cell.folder / "a"
            measure(seed, scale).save(attempt)
            about = dict(parameters=dict(seed=seed, scale=scale), seconds=2.5, commit="abc")
            (attempt / "environment.json").write_text(json.dumps(about))
            publish(cell, attempt, code_stamp(toy))
    return root


@pytest.fixture
def without_workers(monkeypatch):
    "The local engine works in this process: a worker of its own would first import everything."
    monkeypatch.setitem(ENGINES, "local", lambda root, config, workers, say: work(root, config, say))
