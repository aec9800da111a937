"Unequal budgets, and a bias that is not the one asked for, would make every comparison worthless."

import numpy as np
import pytest

from spurious_core.papers.ffr.budgets import SYNTHETIC, biased, group_counts, synthetic_counts


@pytest.mark.parametrize("counts", [[40, 2, 3, 40], [5, 5, 5, 5], [1000, 1, 7, 933], [10, 0, 0, 10]])
def test_the_three_schemes_share_one_budget(counts):
    n = {scheme: synthetic_counts(counts, scheme) for scheme in SYNTHETIC}
    budget = 4 * max(counts) - sum(counts)
    assert n["usb"].sum() == n["asb"].sum() == n["ffr"].sum() == budget
    assert not n["none"].any()
    assert len(set(n["usb"] + counts)) == 1
    assert np.ptp(n["ffr"]) <= 1
    assert (n["asb"] == n["ffr"]).all()


def test_biased_keeps_exact_counts_of_interleaved_rows(grouped):
    whole = grouped([60] * 4)
    data = biased(whole, 0.9, 3, (0, 1), n=45)
    assert group_counts(data).tolist() == [45, 5, 5, 45]
    assert ((data.pixels[..., 0].mean((1, 2)) > 60) == data.y).all()
    assert ((data.pixels[..., 2].mean((1, 2)) > 60) == data.a).all()


def test_minorities_may_be_given_a_smallest_number(grouped):
    whole = grouped([60] * 4)
    assert group_counts(biased(whole, 0.999, 3, (0, 1), n=45, min_images=4)).tolist() == [45, 4, 4, 45]


def test_each_class_has_a_majority_of_its_own(grouped):
    assert group_counts(biased(grouped([60] * 4), 0.9, 3, (1, 0))).tolist() == [7, 60, 60, 7]


@pytest.mark.parametrize(
    "wrong,why",
    [
        (dict(ratio=0.3), r"ratio=0.3 must lie in \[0.5, 1\)"),
        (dict(majority=(0,)), "1 majority attributes for 2 classes"),
        (dict(n=61), "group 'no, left' has 60 images; ratio=0.9 needs 61"),
    ],
)
def test_what_cannot_be_had_is_refused(wrong, why, grouped):
    usual = dict(data=grouped([60] * 4), ratio=0.9, seed=0, majority=(0, 1))
    with pytest.raises(ValueError, match=why):
        biased(**usual | wrong)


def test_groups_without_images_are_counted(grouped):
    assert group_counts(grouped([3, 0, 2, 0])).tolist() == [3, 0, 2, 0]
