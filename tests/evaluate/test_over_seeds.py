"Over seeds: each test breaks if seeds are taken for images, or reports for pairs that are none."

import numpy as np
import pytest

from spurious_core.evaluate.intervals import bootstrap
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
    assert (table.lo >= 0).all()
    assert (table.hi <= 1).all()


def test_only_metrics_of_every_report_are_summarised():
    counted = report([50] * 4, [40] * 4, train_counts=[1] * 4)
    assert "average_reweighted" in set(summarise_seeds([counted]).metric)
    assert "average_reweighted" not in set(summarise_seeds([METHOD[0], counted]).metric)


def test_paired_differences_are_sharper_than_two_means():
    difference = paired_seeds(BETTER, METHOD).set_index("metric")
    np.testing.assert_allclose(difference.loc["wga", ["value", "lo", "hi"]].astype(float), 0.08)
    assert np.allclose(paired_seeds(METHOD, BETTER).value, -difference.value)
    assert (paired_seeds(METHOD, METHOD)[["value", "lo", "hi"]] == 0).all().all()


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
