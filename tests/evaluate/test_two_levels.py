"An interval that took sixty runs of six classes for sixty would be far too short."

import numpy as np
import pytest

from spurious_core.evaluate.intervals import bootstrap
from spurious_core.evaluate.two_levels import two_level_bootstrap

CLASSES = np.repeat(np.arange(6), 10)


def test_with_one_run_a_class_it_is_the_bootstrap_over_classes():
    values = np.random.default_rng(0).normal(size=12)
    ours = two_level_bootstrap(values, range(12), n_boot=20_000)
    plain = bootstrap(values, n_boot=20_000)
    assert ours[0] == pytest.approx(plain[0])
    assert np.allclose(ours[1:], plain[1:], atol=0.03)


def test_classes_that_differ_make_it_long_though_runs_do_not():
    values = np.linspace(-1, 1, 6)[CLASSES]
    _, lo, hi = two_level_bootstrap(values, CLASSES)
    _, short_lo, short_hi = bootstrap(values)
    assert hi - lo > 2 * (short_hi - short_lo)


def test_classes_count_alike_however_many_runs_they_have():
    values = np.r_[np.zeros(9), 1.0, 1.0, 1.0, 1.0]
    classes = [0] * 9 + [1, 2, 3, 4]
    assert two_level_bootstrap(values, classes)[0] == pytest.approx(0.8)


def test_columns_are_taken_each_by_itself_and_stay_in_their_range():
    values = np.stack([np.zeros(60), np.ones(60), (CLASSES < 3).astype(float)], 1)
    mean, lo, hi = two_level_bootstrap(values, CLASSES, bounds=(0, 1))
    assert mean.tolist() == [0, 1, 0.5]
    assert lo[:2] == pytest.approx([0, 0.61], abs=0.01)  # as much as six classes that agree can say
    assert hi[:2] == pytest.approx([0.39, 1], abs=0.01)
    assert 0 <= lo[2] < 0.5 < hi[2] <= 1


def test_the_order_of_runs_is_nothing():
    values = np.random.default_rng(1).normal(size=60)
    order = np.random.default_rng(2).permutation(60)
    one = two_level_bootstrap(values, CLASSES, n_boot=20_000)
    other = two_level_bootstrap(values[order], CLASSES[order], n_boot=20_000)
    assert np.allclose(one, other, atol=0.01)


def test_few_classes_have_no_interval_and_bad_values_are_refused():
    assert np.isnan(two_level_bootstrap(np.arange(40.0), np.repeat(range(4), 10))[1:]).all()
    for wrong in ([1.0, np.nan], [1.0, 2.0, 3.0], []):
        with pytest.raises(ValueError, match="expected finite numbers"):
            two_level_bootstrap(wrong, [0, 1])
