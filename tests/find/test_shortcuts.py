"Named where both hold, silent where either fails, and p-values that are no smaller than they should be."

import numpy as np
import pytest
from scipy.stats import fisher_exact

from spurious_core.find.shortcuts import classifier_goes_by, goes_with_class, shortcut_tests

Y = np.arange(600) % 3
LABELS = ["bird", "car", "cow"]


def worlds(seed, usual, follows):
    "Places that go with classes in a share of pictures, and a classifier that follows them in another."
    rng = np.random.default_rng(seed)
    place = np.where(rng.random(600) < usual, Y, rng.integers(0, 3, 600))
    return place, np.where(rng.random(600) < follows, place, Y)


def test_association_is_fishers_exact_test():
    place, _ = worlds(0, 0.2, 0)
    inside, members = place == 1, Y == 1
    counts = [[(inside & members).sum(), (~inside & members).sum()]]
    counts += [[(inside & ~members).sum(), (~inside & ~members).sum()]]
    assert goes_with_class(Y, inside, 1) == pytest.approx(fisher_exact(counts, "greater")[1])


def test_with_one_other_class_the_second_test_is_fishers_too():
    rng = np.random.default_rng(0)
    y, inside = np.arange(200) % 2, rng.random(200) < 0.4
    predicted = np.where(rng.random(200) < np.where(inside, 0.4, 0.2), 1, y)
    others = y == 0
    counts = [[((predicted == 1) & others & place).sum() for place in (inside, ~inside)]]
    counts += [[((predicted == 0) & others & place).sum() for place in (inside, ~inside)]]
    expected = fisher_exact(counts, "greater")[1]
    assert classifier_goes_by(y, predicted, inside, 1) == pytest.approx(expected)


def test_a_shortcut_is_named_with_its_class():
    place, predicted = worlds(1, 0.8, 0.5)
    table = shortcut_tests({3: place}, Y, predicted, LABELS)
    named = table[table.named]
    assert {(row.group, row.label) for row in named.itertuples()} == {(0, "bird"), (1, "car"), (2, "cow")}
    row = table[(table.group == 1) & (table.k == 1)].iloc[0]
    others = (Y != 1) & (place == 1)
    assert row.called_inside == pytest.approx((predicted[others] == 1).mean())
    assert row.others_inside == others.sum() and row.pictures == (place == 1).sum()


@pytest.mark.parametrize("usual, follows", [(0.0, 0.5), (0.8, 0.0)])
def test_either_alone_is_no_shortcut(usual, follows):
    place, predicted = worlds(2, usual, follows)
    assert not shortcut_tests({3: place}, Y, predicted, LABELS).named.any()


def test_a_shortcut_that_shows_in_one_pair_of_many_is_named():
    "A p-value of so many draws could be no smaller than one in their number."
    y = np.arange(2000) % 40
    group = np.where((y == 0) & (np.arange(2000) % 80 < 40), 1, 0)
    group[np.flatnonzero(y == 1)[:20]] = 1
    predicted = np.where((group == 1) & (y == 1), 0, y)
    table = shortcut_tests({2: group}, y, predicted, [str(k) for k in range(40)])
    assert table[table.named][["group", "label"]].values.tolist() == [[1, "0"]]
    assert table.p[0] < 1e-6


def test_a_hard_split_is_no_shortcut():
    "All mistakes are in the test set, and so is the place; within it the two are strangers."
    rng = np.random.default_rng(3)
    test = np.arange(600) >= 300
    place = np.where(test, rng.random(600) < 0.5, False).astype(int)
    place[(Y == 1) & test] = 1
    predicted = np.where(test & (rng.random(600) < 0.5), 1, Y)
    pooled = shortcut_tests({2: place}, Y, predicted, LABELS)
    assert ((pooled.label == "car") & (pooled.group == 1) & (pooled.p_calls < 1e-6)).any()
    parted = shortcut_tests({2: place}, Y, predicted, LABELS, np.where(test, "test", "train"))
    assert (parted.p_calls > 0.01).all()


def test_nothing_is_named_in_worlds_without_anything():
    named = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        groups = {4: rng.integers(0, 4, 600), 8: rng.integers(0, 8, 600)}
        predicted = np.where(rng.random(600) < 0.3, rng.integers(0, 3, 600), Y)
        named += shortcut_tests(groups, Y, predicted, LABELS).named.any()
    assert named <= 1


def test_lengths_must_fit():
    with pytest.raises(ValueError, match="3 predictions for 600 labels"):
        shortcut_tests({2: Y % 2}, Y, Y[:3], LABELS)


def test_a_share_of_nobody_is_no_share():
    everything = shortcut_tests({1: np.zeros(600, int)}, Y, Y, LABELS)
    assert everything.called_outside.isna().all() and (everything.called_inside == 0).all()
    assert not everything.named.any()
