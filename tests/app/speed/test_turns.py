"Whose turn it is, and what becomes of the times: no real clock is needed."

import numpy as np
import pandas as pd
import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.speed.turns import SPEED_PLANS, Comparisons, median_ratio, speed_plan, take_turns
from spurious_core.app.studies import BUDGETS


def test_who_begins_alternates():
    order = []

    def side(name):
        return lambda turn: order.append((name, turn)) or float(len(order))

    turns = take_turns(dict(a=side("a"), b=side("b")), 3)
    assert order == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert turns.to_dict("list") == dict(a=[1.0, 4.0, 5.0], b=[2.0, 3.0, 6.0])
    with pytest.raises(ValueError, match="repeats=0"):
        take_turns(dict(a=side("a")), 0)


def test_a_ratio_is_the_median_over_turns_not_over_times():
    turns = pd.DataFrame(dict(slow=[2.0, 30.0, 4.0], fast=[1.0, 10.0, 4.0]))
    ratio = median_ratio(turns)
    assert (ratio["value"], ratio["n"], ratio["over"]) == (2.0, 3, "turns")
    assert ratio["ci"] == (1.0, 3.0)


def test_the_interval_is_the_bootstrap_of_the_median():
    ratios = np.random.default_rng(1).uniform(1, 2, 9)
    found = median_ratio(pd.DataFrame(dict(a=ratios, b=1.0)), seed=5)
    drawn = np.random.default_rng(5).choice(ratios, (4000, 9))
    assert found["ci"] == tuple(np.quantile(np.median(drawn, 1), (0.025, 0.975)))
    assert found["ci"][0] < found["value"] == np.median(ratios) < found["ci"][1]


def test_comparisons_keep_turns_and_metrics():
    compared = Comparisons(Metrics())
    metric = compared.run("dfr_cached", dict(slow=lambda _: 0.003, fast=lambda _: 0.002), 2)
    assert metric == compared.metrics["dfr_cached"]
    assert metric["value"] == pytest.approx(1.5) and metric["n"] == 2
    table = compared.milliseconds()["milliseconds, median"]
    assert table.to_dict() == {("dfr_cached", "slow"): 3.0, ("dfr_cached", "fast"): 2.0}


def test_the_figure_has_a_bar_for_each_comparison_that_ran():
    compared = Comparisons(Metrics())
    for key, seconds in dict(batched_second=3.0, batched_first=2.0).items():
        compared.run(key, dict(slow=lambda _, s=seconds: s, fast=lambda _: 1.0), 2)
    (ax,) = compared.figure(dict(batched_first="1st", batched_second="2nd", batched_third="3rd")).axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1st", "2nd"]
    assert [patch.get_height() for patch in ax.patches] == [2.0, 3.0]
    with pytest.raises(ValueError, match="unknown comparison 'batched_second'"):
        compared.figure(dict(first="1st"))


def test_every_budget_has_a_plan():
    assert set(SPEED_PLANS) == set(BUDGETS)
    with pytest.raises(ValueError, match="budget='huge' is unknown"):
        speed_plan("huge")
    assert not speed_plan("dry").require_fooled and speed_plan("full").require_fooled


@pytest.mark.parametrize("divisor, expected", [(1, 21), (2, 10), (3, 7), (20, 2)])
def test_what_takes_long_has_fewer_turns_and_at_least_two(divisor, expected):
    assert speed_plan("full").fewer_repeats(divisor) == expected
