"A study that goes on from the cells of its sweep has the numbers of one that did everything itself."

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.sweeps.sweeping import sweep
from spurious_core.core.devices import usable_cores
from support.real_pictures import need_photographs_of
from support.study_cells import run_cells

TWO_SEEDS = dict(seed=[0, 1], seeds=[1]), dict(seed=0, seeds=2)
STUDIES = dict(
    aspire=TWO_SEEDS,
    bar=TWO_SEEDS,
    d3s=TWO_SEEDS,
    ddb=TWO_SEEDS,
    discovery_benchmark=(dict(part=[0]), {}),  # of fewer worlds some kind would lack
    ffr=TWO_SEEDS,
    mitigation_benchmark=TWO_SEEDS,
    similarity_loss_forms=TWO_SEEDS,
    which_generator=TWO_SEEDS,
)


def numbers(out):
    "Values and intervals, without what depends on the clock."
    entries = Metrics.load(out).items()
    return {key: (entry["value"], entry["ci"], entry["n"]) for key, entry in entries if "seconds" not in key}


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES)
def test_cells_are_the_whole(study, tmp_path, monkeypatch):
    monkeypatch.setenv("SPURIOUS_SAMPLER_STEPS", "3")  # of fewer, D3S keeps too few pictures
    need_photographs_of(study)
    grid, whole = STUDIES[study]
    cells = dict(budget=["smoke"]) | grid
    # a core for each worker, since the last bits of a number hang on how many threads add it up
    status = sweep(study, cells, tmp_path / "cells", workers=usable_cores(), say=lambda line: None)
    assert status.state.eq("done").all()
    run_cells(study, budget="smoke", out=str(tmp_path / "alone"), **whole)
    run_cells(study, budget="smoke", out=str(tmp_path / "both"), runs=str(tmp_path / "cells"), **whole)
    assert numbers(tmp_path / "both") == numbers(tmp_path / "alone")
