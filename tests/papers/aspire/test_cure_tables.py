"Means over seeds, gains that are paired, keys in one order, and cells to be read."

import numpy as np
import pandas as pd
import pytest

from spurious_core.evaluate.intervals import bootstrap
from spurious_core.evaluate.reports import group_report
from spurious_core.papers.aspire.cure_tables import cure_scores, cure_wga_table, gain_table, side_by_side
from spurious_core.papers.aspire.curing import Cured

WGA = {  # by arm and method: mini_waterbirds with seeds 0, 1, 2, and mini_beside
    ("none", "ERM"): ([0.1, 0.2, 0.0], [0.3, 0.2, 0.4]),
    ("none", "DFR"): ([0.5, 0.4, 0.6], [0.5, 0.5, 0.2]),
    ("random", "ERM"): ([0.2, 0.2, 0.1], [0.3, 0.5, 0.1]),
    ("aspire", "ERM"): ([0.8, 0.6, 0.9], [0.7, 0.6, 0.2]),
    ("aspire", "DFR"): ([0.5, 0.7, 0.6], [0.9, 0.5, 0.4]),
}


@pytest.fixture
def scores():
    return pd.DataFrame(
        [
            dict(
                world=world,
                seed=seed,
                arm=arm,
                method=method,
                wga=wga,
                lo=wga - 0.05,
                hi=wga + 0.1,
                images=25 - seed,
            )
            for i, world in enumerate(("mini_waterbirds", "mini_beside"))
            for seed in range(3)
            for (arm, method), values in WGA.items()
            for wga in [values[i][seed]]
        ]
    )


def row(table, key):
    found = table[table.key == key]
    assert len(found) == 1
    return found.iloc[0]


def test_worst_groups_of_a_world_and_of_all(scores):
    table = cure_wga_table(scores)
    assert len(table) == 3 * len(WGA)
    here = row(table, "wga.mini_beside.ERM_plus_aspire")
    assert (here.value, here.lo, here.hi) == pytest.approx((0.5, 0.45, 0.6))  # of the test images
    both = row(table, "wga.all.ERM_plus_aspire")
    assert both.value == pytest.approx(np.mean(WGA["aspire", "ERM"]))
    assert np.isnan([both.lo, both.hi]).all()
    assert (here.n, here.over) == (23, "images within seeds")
    assert (both.n, both.over) == (3, "seeds")
    assert row(table, "wga.mini_waterbirds.DFR").value == pytest.approx(0.5)


def test_gains_are_paired_over_seeds(scores):
    table = gain_table(scores)
    ours, other = (np.mean(WGA[arm, "ERM"], axis=0) for arm in ("aspire", "random"))
    found = row(table, "gain.all.ERM_over_random")
    assert found.value == pytest.approx((ours - other).mean())
    assert np.isnan([found.lo, found.hi]).all()
    assert row(table, "gain.mini_beside.DFR").value == pytest.approx(0.2)
    assert not table.key.str.contains("DFR_over_random|over_aspire").any()


def test_five_seeds_have_an_interval_over_seeds(scores):
    six = pd.concat([scores, scores.assign(seed=scores.seed + 3, wga=scores.wga * 0.9)])
    ours, other = (
        np.concatenate([wga, 0.9 * wga])
        for wga in (np.mean(WGA[arm, "ERM"], axis=0) for arm in ("aspire", "none"))
    )
    found = row(cure_wga_table(six), "wga.all.ERM_plus_aspire")
    assert (found.value, found.lo, found.hi, found.n) == pytest.approx((*bootstrap(ours), 6))
    assert found.over == "seeds"
    found = row(gain_table(six), "gain.all.ERM")
    assert (found.value, found.lo, found.hi, found.n) == pytest.approx((*bootstrap(ours - other), 6))


def test_one_seed_has_the_interval_of_its_test_images(scores):
    table = cure_wga_table(scores[scores.seed == 1])
    found = row(table, "wga.mini_beside.ERM")
    assert (found.value, found.lo, found.hi, found.n) == pytest.approx((0.2, 0.15, 0.3, 24))
    assert found.over == "images"
    assert np.isnan(row(table, "wga.all.ERM").lo)
    assert gain_table(scores[scores.seed == 1]).lo.isna().all()


def test_all_is_the_only_world_there_is(scores):
    table = cure_wga_table(scores[(scores.seed == 1) & (scores.world == "mini_beside")])
    both = (row(table, f"wga.{world}.ERM_plus_random") for world in ("all", "mini_beside"))
    alone = [tuple(found[["value", "lo", "hi", "n"]]) for found in both]
    assert alone[0] == alone[1]


def test_a_grid_has_empty_cells_and_no_pooled_row_of_one_world(scores):
    grid = side_by_side(cure_wga_table(scores), "arm")
    assert list(grid.columns) == ["none", "random", "aspire"]
    assert grid.loc[("DFR", "all"), "random"] == ""
    assert grid.loc[("ERM", "mini_waterbirds"), "none"].startswith("0.100 [")
    one = side_by_side(
        gain_table(scores[(scores.seed == 1) & (scores.world == "mini_beside")]), "against", "+.2f"
    )
    assert one.index.tolist() == [("DFR", "mini_beside"), ("ERM", "mini_beside")]
    assert one.loc[("ERM", "mini_beside"), "random"] == "+0.10"


def test_scores_are_read_from_the_reports():
    y, a = np.repeat([0, 1], 20), np.tile([0, 1], 20)
    report = group_report(y, a, np.where((y == 1) & (a == 1), 0, y), ["cat", "dog"], ["left", "right"])
    entry = Cured(["cat", "dog"], {("none", "ERM"): report}, None, {}, None, None)
    scores = cure_scores({("mini_beside", 4): entry})
    assert scores.loc[0, ["world", "seed", "arm", "method", "wga"]].tolist() == [
        "mini_beside",
        4,
        "none",
        "ERM",
        0,
    ]
    assert (scores.lo[0], scores.hi[0]) == report.wga_interval
    assert scores.images[0] == 10
