"What a sweep will cost."

import json

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study
from spurious_core.app.sweeps import estimating
from spurious_core.app.sweeps.cell_folders import add_cell
from spurious_core.app.sweeps.estimating import (
    CellCost,
    cost_in_words,
    cost_of,
    estimate_sweep,
    in_bytes,
    in_time,
    measure_cell,
    time_covers,
    time_in_words,
)


@pytest.fixture
def toy(make_study):
    return find_study(make_study())


def finish(cell, seconds, memory=100.0):
    metrics = Metrics()
    metrics.add("scale.toy.ERM", 1.0)
    metrics.save(cell.run)
    about = dict(seconds=seconds, peak_memory_mib=memory)
    (cell.run / "environment.json").write_text(json.dumps(about))


def test_a_cell_is_tried_at_smoke_and_leaves_nothing(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    cost = measure_cell(toy, dict(seed=1, budget="full"))
    assert cost.seconds > 0 and cost.memory > 1e6 and cost.disk > 100
    assert sorted(tmp_path.rglob("*")) == before


def test_time_is_of_rounds_and_one_measurement_is_believed_within_a_factor_of_two():
    costs = [CellCost(100.0, 1e9, 2e6)]
    assert cost_in_words(costs, 10, 4) == [
        "10 cells, 4 at a time: about 5.0 minutes (2.5 minutes to 10.0 minutes), "
        "20.0 MB of disk and 4.0 GB of memory."
    ]
    (several,) = cost_in_words([*costs, CellCost(200.0, 2e9, 1e6)], 2)
    assert "about 5.0 minutes (2.2 minutes to 10.0 minutes)" in several and "2.0 GB of memory" in several


def test_done_cells_count_instead_of_a_trial(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(estimating, "measure_cell", lambda study, params: CellCost(50.0, 1e9, 1e6))
    wanted = [dict(seed=seed, budget="full") for seed in range(11)]
    first, second = estimate_sweep(toy, wanted, tmp_path)
    assert "no cell is done; one was tried at smoke, so this is a floor" in first
    assert second.startswith("11 cells, 1 at a time: more than ")
    first, second = estimate_sweep(toy, [dict(seed=1, budget="smoke")], tmp_path)
    assert first == "Budget smoke, from one cell that was tried:"
    finish(add_cell(tmp_path, toy, wanted[0]), 3600.0)
    first, second = estimate_sweep(toy, wanted, tmp_path)
    assert first == "Budget full, from 1 cell of this sweep:"
    assert second.startswith("10 cells, 1 at a time: about 10.0 hours (5.0 hours to 20.0 hours)")
    assert estimate_sweep(toy, wanted[:1], tmp_path) == ["1 cell, all of them done."]


def test_a_run_that_does_not_say_what_it_took_is_named(toy, tmp_path):
    cell = add_cell(tmp_path, toy, {})
    finish(cell, 1.0)
    (cell.run / "environment.json").write_text("{}")
    with pytest.raises(ValueError, match="environment.json doesn't say what the run took"):
        cost_of(cell.run)


def test_units():
    assert [in_time(each) for each in (5, 89, 90, 7200, 200000)] == [
        "5 seconds",
        "89 seconds",
        "1.5 minutes",
        "2.0 hours",
        "2.3 days",
    ]
    assert [in_bytes(each) for each in (500, 2e6, 3e9, 4e12)] == ["0.5 kB", "2.0 MB", "3.0 GB", "4.0 TB"]


@pytest.mark.parametrize(
    "about, said",
    [
        (dict(resumed=False), "20 seconds"),
        (dict(resumed=True), "20 seconds of its last attempt alone"),
        (dict(parameters=dict(runs="cells")), "20 seconds besides the cells that it read"),
        (dict(study="ddb", commit="308f02cd49"), "20 seconds of its last attempt alone"),
        (dict(study="ddb", commit="308f02cd49", resumed=False), "20 seconds"),
        (dict(study="ddb", commit=None), "20 seconds"),
    ],
    ids=str,
)
def test_seconds_of_a_part_say_so(about, said):
    assert time_in_words(about | dict(seconds=20)) == said
    assert time_covers(about) == ("all" if said == "20 seconds" else "the end")
    assert time_in_words({}) == "unknown time"
