"Intervals: each test breaks if one is surer than it may be, or less sure than it needs to be."

import re

import numpy as np
import pytest
from scipy import stats

from spurious_core.evaluate.intervals import (
    bootstrap,
    cautious_interval,
    expanded_tails,
    finite_interval,
    mean_interval,
    minimum_interval,
    resampling_weights,
    square_and_add,
    wilson,
)
from support.memory import peak_of


def test_bootstrap_covers_the_truth_with_few_and_with_many_values():
    rng = np.random.default_rng(0)
    for n in (5, 8, 60):
        x = rng.exponential(size=(n, 600))  # skewed, mean 1; each column an experiment
        _, lo, hi = bootstrap(x)
        covered = ((lo < 1) & (1 < hi)).mean()
        assert 0.86 < covered < 0.98, (n, covered)


def test_bootstrap_depends_on_its_seed_and_not_on_the_order():
    x = np.random.default_rng(0).normal(size=8)
    assert bootstrap(x) == bootstrap(x[::-1])
    assert bootstrap(x) != bootstrap(x, seed=1)


@pytest.mark.parametrize("bad", [[], [np.nan, 1], np.zeros((2, 2, 2)), None, "abc", [1, "a"], [[1], [2, 3]]])
def test_bootstrap_says_what_it_takes(bad):
    with pytest.raises(ValueError, match=r"values=.*; expected finite numbers \[n\] or \[n, M\], n >= 1"):
        bootstrap(bad)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_fewer_than_five_values_have_no_interval(n):
    "Student's t of 0.3 and 0.9 runs from -3.2 to 4.4."
    mean, lo, hi = bootstrap(np.linspace(0.3, 0.9, n), bounds=(0, 1))
    assert mean == pytest.approx(np.linspace(0.3, 0.9, n).mean())
    assert np.isnan([lo, hi]).all()


@pytest.mark.parametrize("bounds, scale", [((0, 1), 1), ((-1, 1), 2), ((2, 6), 4)])
def test_values_that_agree_have_wilsons_interval_on_their_scale(bounds, scale):
    values = np.full(6, bounds[0] + scale / 4)
    _, lo, hi = wilson(1.5, 6)
    expected = bounds[0] + scale * np.array([0.25, lo, hi])
    np.testing.assert_allclose(bootstrap(values, bounds=bounds), expected, atol=1e-12)
    assert np.isnan(bootstrap(values)[1:]).all()  # without a scale there is no telling


def test_values_at_the_bounds_are_a_share():
    columns = np.c_[[1, 1, 1, 1, 1], [0, 1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5]]
    mean, lo, hi = bootstrap(columns, bounds=(0, 1))
    np.testing.assert_allclose(
        (mean, lo, hi), np.transpose([wilson(5, 5), wilson(4, 5), bootstrap(columns[:, 2])])
    )


def test_resampled_intervals_never_leave_the_range_of_the_values():
    x = np.random.default_rng(0).choice([0.001, 0.999, 1], (5, 300), p=[0.3, 0.3, 0.4])
    _, lo, hi = bootstrap(x, bounds=(0, 1))
    assert (lo >= 0).all() and (hi <= 1).all()  # noqa: PT018
    assert (hi - lo > 0).all()


def test_cautious_intervals_refuse_a_mean_off_the_scale():
    with pytest.raises(ValueError, match=r"mean=1.2 must lie in \[0, 1\]"):
        cautious_interval(1.2, 5)
    assert cautious_interval(1 + 1e-12, 5)[1] == 1


def test_square_and_add_is_newcombes_difference():
    "Newcombe 1998 (Statistics in Medicine 17:873), table II, method 10: 56/70 - 48/80."
    a, b = wilson(56, 70), wilson(48, 80)
    value, lo, hi = square_and_add(*np.transpose([a, b]), [1, -1])
    np.testing.assert_allclose((value, lo, hi), (0.2, 0.0524, 0.3339), atol=1e-4)
    ends = square_and_add(
        [[0.2, 1.0], [0.4, 0.0]], [[0.1, 0.9], [0.3, 0.0]], [[0.3, 1.0], [0.5, 0.1]], [0.5, 0.5]
    )
    np.testing.assert_allclose(ends[0], [0.3, 0.5])
    assert np.isnan(square_and_add([0.2, 0.4], [0.1, np.nan], [0.3, np.nan], [0.5, 0.5])[1:]).all()


def test_expanded_tails_are_wider_for_few_values_and_plain_for_many():
    assert expanded_tails(7, 0.95)[0] < 0.012
    np.testing.assert_allclose(expanded_tails(10**6, 0.95), (0.025, 0.975), atol=1e-6)


def test_resampling_weights_are_shares_of_draws_with_replacement():
    weights = resampling_weights(5, 4000, np.random.default_rng(0))
    np.testing.assert_allclose(weights.sum(1), 1)
    np.testing.assert_allclose(weights.mean(0), 0.2, atol=0.01)
    assert (weights == 0).any()


def test_wilson():
    # Newcombe 1998, table I
    np.testing.assert_allclose(wilson(0, 10), (0, 0, 0.2775), atol=1e-4)
    np.testing.assert_allclose(wilson(10, 10), (1, 0.7225, 1), atol=1e-4)
    np.testing.assert_allclose(wilson(81, 263), (0.308, 0.2553, 0.3662), atol=1e-4)


@pytest.mark.parametrize(
    "successes, n", [(3, 2), (-1, 2), (None, 3), ("1", 3), (1, None), (0, 0), (np.nan, 3), (1, np.nan)]
)
def test_wilson_says_what_it_takes(successes, n):
    why = f"{successes!r} successes of {n!r}; expected 0 to n of them, and n of at least 1"
    with pytest.raises(ValueError, match=re.escape(why)):
        wilson(successes, n)


@pytest.mark.parametrize("n", [1, 2, 7, 100, 5794])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_wilson_is_scipys(n, level):
    for successes in {0, 1, n // 3, n - 1, n}:
        interval = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
        expected = (successes / n, interval.low, interval.high)
        np.testing.assert_allclose(wilson(successes, n, level), expected, rtol=0, atol=1e-12)


def test_wilson_of_fractional_successes_lies_between_its_neighbours():
    "A mean of several jurors' shares is no count, so scipy would refuse it."
    below, between, above = (wilson(successes, 20) for successes in (7, 7.25, 8))
    assert all(low < found < high for low, found, high in zip(below, between, above, strict=True))


def held(accuracies, n, times=3000):
    "How often the naive interval and ours hold the true minimum, and how often ours is too low or too high."
    n, truth = np.array(n), min(accuracies)
    right = np.random.default_rng(5).binomial(n, accuracies, (times, len(n)))
    worst = (right / n).argmin(1)
    naive_lo, naive_hi = np.transpose([wilson(right[i, g], n[g])[1:] for i, g in enumerate(worst)])
    naive = (naive_lo <= truth) & (truth <= naive_hi)
    lo, hi = minimum_interval(right, n)
    ours = (lo <= truth) & (truth <= hi)
    return naive.mean(), ours.mean(), (truth > hi).mean(), (truth < lo).mean()


@pytest.mark.parametrize(
    "accuracies, n",
    [
        ([0.9] * 4, [100] * 4),
        ([0.95] * 8, [60] * 8),
        ([0.6] * 2, [25] * 2),
        ([0.97, 0.96, 0.96, 0.98], [200, 40, 40, 200]),
        ([0.99, 0.99, 0.5, 0.99], [50] * 4),
    ],
)
def test_wga_interval_covers_the_true_minimum_and_naive_ones_do_not(accuracies, n):
    naive, ours, too_low, too_high = held(accuracies, n)
    # 0.95 and 0.025 within three standard errors
    assert ours >= 0.94
    assert too_low < 0.035
    assert too_high < 0.035
    if len(set(accuracies)) == 1 and len(n) >= 4:
        assert naive < 0.87


def test_the_upper_end_is_adjusted_and_the_lower_end_is_not():
    lo, hi = minimum_interval([90] * 4, [100] * 4)
    one_lo, one_hi = minimum_interval([90], [100])
    assert lo == one_lo
    assert hi > one_hi
    assert np.isclose(stats.binom.cdf(90, 100, hi), 1 - 0.975**0.25)  # the Sidak level of four groups
    assert minimum_interval([90, 10], [100, 100])[0] == minimum_interval([10], [100])[0]


def test_minimum_interval_holds_the_observed_minimum_and_stays_in_range():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = rng.integers(1, 40, rng.integers(1, 6))
        right = rng.binomial(n, rng.choice([0, 0.5, 0.95, 1]))
        lo, hi = minimum_interval(right, n)
        assert 0 <= lo <= (right / n).min() <= hi <= 1


@pytest.mark.parametrize("right, n", [([], []), ([3], [2]), ([-1], [2]), ([0], [0])])
def test_minimum_interval_refuses(right, n):
    with pytest.raises(ValueError):
        minimum_interval(right, n)


def test_mean_interval_of_one_group_is_wilsons():
    np.testing.assert_allclose(mean_interval([7], [9]), wilson(7, 9))
    np.testing.assert_allclose(mean_interval([5, 0], [10, 0], [1, 0]), wilson(5, 10))
    _, lo, hi = mean_interval([20, 20], [20, 20])
    assert lo < 1
    assert hi == 1


@pytest.mark.parametrize("weights", [None, [0.47, 0.03, 0.03, 0.47]])
def test_mean_interval_covers(weights):
    accuracies, n = np.array([0.99, 0.7, 0.9, 0.85]), [40, 60, 200, 80]
    truth = np.average(accuracies, weights=weights)
    drawn = np.random.default_rng(0).binomial(n, accuracies, (1500, 4))
    lo, hi = np.transpose([mean_interval(right, n, weights)[1:] for right in drawn])
    assert 0.93 < ((lo <= truth) & (truth <= hi)).mean() < 0.99


@pytest.mark.parametrize("weights", [[1], [0, 0], [1, -1], [1, np.nan]])
def test_mean_interval_refuses(weights):
    with pytest.raises(ValueError, match="weights"):
        mean_interval([1, 1], [2, 2], weights)


@pytest.mark.parametrize("ends", [(np.nan, np.nan), (0.1, np.inf), (np.nan, 0.2)])
def test_no_interval_is_nothing(ends):
    assert finite_interval(*ends) is None
    assert finite_interval(np.float64(0.1), 0.2) == (0.1, 0.2)


def test_bootstrap_never_holds_all_samples():
    n, n_boot = 2000, 1000
    values = np.random.default_rng(0).normal(size=n)
    (mean, lo, hi), peak = peak_of(bootstrap, values, n_boot=n_boot)
    assert peak < n * n_boot * 8 / 3
    at_once = resampling_weights(n, n_boot, np.random.default_rng(0)) @ np.sort(values)
    np.testing.assert_allclose((lo, hi), np.quantile(at_once, expanded_tails(n, 0.95)), atol=1e-12)


def test_no_rounding_puts_a_share_outside_of_its_interval():
    for n in range(1, 200):
        for successes in {0, 1, n // 2, n}:
            share, lo, hi = wilson(successes, n)
            assert 0 <= lo <= share <= hi <= 1, (successes, n)
