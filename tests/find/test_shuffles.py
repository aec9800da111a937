"Exact tails of shuffled counts, and groups and strata as they must be."

import numpy as np
import pytest
from scipy.stats import hypergeom

from spurious_core.find.shuffles import checked_groups, shuffled_mean, shuffled_tail, strata_of


def laid_out(n, marked, inside, both):
    "Masks of a stratum with so many pictures of each kind."
    rows = np.arange(n)
    return rows < marked, (rows < both) | ((rows >= marked) & (rows < marked + inside - both))


def test_one_stratum_is_hypergeometric():
    for n, marked, inside in [(10, 4, 5), (50, 45, 30), (7, 7, 3), (2000, 900, 700)]:
        for both in (max(0, inside + marked - n), min(marked, inside) // 2, min(marked, inside)):
            p = shuffled_tail(*laid_out(n, marked, inside, both), np.zeros(n, int))
            assert p == pytest.approx(hypergeom.sf(both - 1, n, marked, inside), rel=1e-9)


def test_several_strata_are_what_shuffling_within_them_gives():
    rng = np.random.default_rng(0)
    stratum = rng.integers(0, 3, 90)
    marked, inside = rng.random(90) < 0.3, rng.random(90) < 0.4
    parts = [np.flatnonzero(stratum == part) for part in range(3)]
    drawn = [sum((rng.permutation(marked[rows]) & inside[rows]).sum() for rows in parts) for _ in range(4000)]
    seen = (marked & inside).sum()
    assert shuffled_tail(marked, inside, stratum) == pytest.approx(np.mean(np.array(drawn) >= seen), abs=0.03)
    assert shuffled_mean(marked, inside, stratum) == pytest.approx(np.mean(drawn), abs=0.15)


def test_the_tail_has_no_smallest_value_and_nothing_says_nothing():
    masks = laid_out(1000, 100, 100, 100)
    assert 0 < shuffled_tail(*masks, np.zeros(1000, int)) < 1e-100
    nobody = np.zeros(10, bool)
    assert shuffled_tail(nobody, ~nobody, np.zeros(10, int)) == 1
    assert shuffled_tail(nobody[:0], nobody[:0], np.zeros(0, int)) == 1


@pytest.mark.parametrize(
    "groups, why",
    [
        ({}, "groups must be a table"),
        ([0, 1], "groups must be a table"),
        ({2: [0.2, 0.7]}, r"groups\[2\]\[0\] is 0.2"),
        ({2: [0, np.nan]}, r"groups\[2\]\[1\] is nan"),
        ({2: [0, 1, 1]}, r"3 groups\[2\] for 2 labels"),
    ],
)
def test_groups_are_whole_numbers_of_every_picture(groups, why):
    with pytest.raises(ValueError, match=why):
        checked_groups(groups, 2)


def test_strata_are_numbered_whatever_names_them():
    assert strata_of(None, 3).tolist() == [0, 0, 0]
    assert strata_of(["a", "b", "a"], 3).tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="2 strata for 3 labels"):
        strata_of([0, 1], 3)
