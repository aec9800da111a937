"Over seeds: each test breaks if seeds are taken for images, or reports for pairs that are none."

import numpy as np
import pytest

from spurious_core.evaluate.intervals import bootstrap, cautious_interval
from spurious_core.evaluate.over_seeds import paired_seeds, summarise_seeds
from spurious_core.evaluate.reports import group_report
from support.group_data import BETTER, LABELS, METHOD, SEEDS, report


def test_summary_over_seeds_is_the_bootstrap_of_the_seeds():
    table = summarise_seeds(METHOD).set_index("metric")
    assert list(table.index) == ["wga", "ba", "average", "gap"]
    assert (table.n == 6).all()
    assert (table.over == "seeds").all()
    found = table.loc["wga", ["value", "lo", "hi"]].astype(float)
    np.testing.assert_allclose(found, bootstrap([right[2] / 50 for right in SEEDS]))


def test_one_seed_has_the_interval_over_images_and_says_so():
    table = summarise_seeds(METHOD[:1]).set_index("metric")
    assert (table.over == "images").all()
    assert tuple(table.loc["wga", ["lo", "hi"]]) == METHOD[0].wga_interval
    assert np.isnan(table.lo["gap"])


def test_intervals_of_shares_stay_shares():
    table = summarise_seeds([report([50] * 4, [50] * 4), report([50] * 4, [50, 50, 30, 50])])
    assert table.over.eq("images within seeds").all()
    sure = table[table.metric != "gap"]  # which has no interval within a report
    assert (sure.lo >= 0).all()
    assert (sure.hi <= 1).all()
    assert (sure.lo < sure.hi).all()


@pytest.mark.parametrize("n", [2, 4])
def test_below_five_seeds_the_ends_are_the_means_of_the_reports_own(n):
    table = summarise_seeds(METHOD[:n]).set_index("metric")
    expected = np.mean([report.wga_interval for report in METHOD[:n]], axis=0)
    np.testing.assert_allclose(table.loc["wga", ["lo", "hi"]].astype(float), expected)
    assert table.over.eq("images within seeds").all()
    assert table.seeds.eq(n).all()
    assert table.n["wga"] == 50
    assert table.n["average"] == 200
    assert np.isnan(table.lo["gap"])


def test_differences_of_a_few_seeds_are_between_their_images():
    table = paired_seeds(BETTER[:2], METHOD[:2]).set_index("metric")
    ends = []
    for one, other in zip(BETTER[:2], METHOD[:2], strict=True):
        (a, (la, ua), _), (b, (lb, ub), _) = one.metrics()["wga"], other.metrics()["wga"]
        ends.append((a - b - np.hypot(a - la, ub - b), a - b + np.hypot(ua - a, b - lb)))  # Newcombe 1998
    np.testing.assert_allclose(table.loc["wga", ["lo", "hi"]].astype(float), np.mean(ends, 0))
    far = paired_seeds([report([50] * 4, [50] * 4)] * 2, [report([50] * 4, [0] * 4)] * 2)
    assert (far.hi.dropna() <= 1).all()
    assert (far.lo.dropna() > 0).all()


def test_only_metrics_of_every_report_are_summarised():
    counted = report([50] * 4, [40] * 4, train_counts=[1] * 4)
    assert "average_reweighted" in set(summarise_seeds([counted]).metric)
    assert "average_reweighted" not in set(summarise_seeds([METHOD[0], counted]).metric)


def test_paired_differences_are_sharper_than_two_means():
    difference = paired_seeds(BETTER, METHOD).set_index("metric")
    assert difference.value["wga"] == pytest.approx(0.08)
    assert np.allclose(paired_seeds(METHOD, BETTER).value, -difference.value)
    varied = [report([50] * 4, np.add(right, [0, 0, 3 + i % 3, 0])) for i, right in enumerate(SEEDS)]
    paired = paired_seeds(varied, METHOD).set_index("metric").loc["wga"]
    widths = [s.hi - s.lo for s in (summarise_seeds(arm).iloc[0] for arm in (varied, METHOD))]
    assert 0 < paired.lo < paired.value < paired.hi
    assert paired.hi - paired.lo < min(widths)


def test_differences_that_all_agree_leave_doubt():
    for methods, value in (((BETTER, METHOD), 0.08), ((METHOD, METHOD), 0)):
        wga = paired_seeds(*methods).set_index("metric").loc["wga"]
        expected = cautious_interval(value, 6, (-1, 1))
        np.testing.assert_allclose(wga[["value", "lo", "hi"]].astype(float), (value, *expected), atol=1e-12)


@pytest.mark.parametrize(
    "a, b, says",
    [
        (METHOD, METHOD[:3], "same seeds"),
        (METHOD[:1], METHOD[:1], "at least two"),
        ([], [], "no reports"),
        (METHOD[:2], [METHOD[0], report([51, 50, 50, 50], [40] * 4)], "no pairs"),
        ([1, 2], METHOD[:2], "int"),
    ],
)
def test_reports_that_are_no_pairs(a, b, says):
    with pytest.raises(ValueError, match=says):
        paired_seeds(a, b)


def test_different_groups_do_not_mix():
    other = group_report([0, 1], [0, 1], [0, 1], LABELS, ["x", "y"])
    with pytest.raises(ValueError, match="different groups"):
        summarise_seeds([METHOD[0], other])
