"Mistakes of a class that gather in a group are found at the rate that is promised, and at no other."

import numpy as np
import pytest
from scipy.stats import hypergeom

from spurious_core.find.mistake_groups import mistake_tests

LABELS = ["bird", "car"]


def test_the_p_value_is_that_of_shuffled_mistakes():
    rng = np.random.default_rng(0)
    y, group = np.arange(200) % 2, rng.integers(0, 3, 200)
    predicted = np.where(rng.random(200) < 0.3, 1 - y, y)
    for row in mistake_tests({3: group}, y, predicted, LABELS).itertuples():
        members = y == LABELS.index(row.label)
        wrong, inside = predicted[members] != y[members], group[members] == row.group
        seen = (wrong & inside).sum()
        assert row.p == pytest.approx(hypergeom.sf(seen - 1, len(wrong), wrong.sum(), inside.sum()))
        shuffled = [(rng.permutation(wrong) & inside).sum() >= seen for _ in range(2000)]
        assert row.p == pytest.approx(np.mean(shuffled), abs=0.04)
        assert (row.pictures, row.wrong) == (inside.sum(), wrong[inside].mean())
        assert row.lo <= row.wrong <= row.hi
        assert row.expected == pytest.approx(wrong.mean())


def test_a_place_that_is_hard_for_one_class_is_found_for_that_class():
    rng = np.random.default_rng(1)
    y, night = np.arange(400) % 2, rng.integers(0, 2, 400)
    hard = (y == 0) & (night == 1) & (rng.random(400) < 0.5)
    table = mistake_tests({2: night}, y, np.where(hard, 1, y), LABELS)
    assert table[table.gathers][["label", "group"]].values.tolist() == [["bird", 1]]
    assert table.wrong[0] > 0.3 > table.expected[0]


def test_of_mistakes_by_chance_few_gather():
    found = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y, group = np.arange(300) % 2, rng.integers(0, 4, 300)
        predicted = np.where(rng.random(300) < 0.2, 1 - y, y)
        found += mistake_tests({4: group}, y, predicted, LABELS).gathers.any()
    assert found <= 10  # of 100 at a rate of .05: 11 or more have a probability of .011, or less


def test_a_test_set_that_is_harder_is_no_group():
    rng = np.random.default_rng(2)
    y, test = np.arange(400) % 2, np.arange(400) >= 200
    place = (test & (rng.random(400) < 0.7)).astype(int)
    predicted = np.where(test & (rng.random(400) < 0.4), 1 - y, y)
    assert mistake_tests({2: place}, y, predicted, LABELS).gathers.any()
    parted = mistake_tests({2: place}, y, predicted, LABELS, np.where(test, "test", "train"))
    assert not parted.gathers.any()
    inside = (place == 1) & (y == 0)
    row = parted[(parted.group == 1) & (parted.label == "bird")].iloc[0]
    assert row.pictures == inside.sum()
    assert row.expected == pytest.approx((predicted != y)[test & (y == 0)].mean())


def test_a_classifier_without_mistakes():
    table = mistake_tests({2: np.arange(20) % 2}, np.arange(20) // 10, np.arange(20) // 10, LABELS)
    assert not table.gathers.any() and (table.p == 1).all() and (table.wrong == 0).all()


def test_lengths_and_names_must_fit():
    with pytest.raises(ValueError, match="3 predictions"):
        mistake_tests({2: np.zeros(4, int)}, [0, 1, 0, 1], [0, 1, 0], LABELS)
    with pytest.raises(ValueError, match="rate=2"):
        mistake_tests({2: np.zeros(2, int)}, [0, 1], [0, 1], LABELS, rate=2)
