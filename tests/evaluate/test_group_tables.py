"Tables of groups: each test breaks if an answer is counted in another group."

from itertools import product

import numpy as np
import pytest

from spurious_core.evaluate.group_tables import check_labels, check_probs, check_train_counts, group_table
from spurious_core.evaluate.intervals import wilson


def test_answers_are_counted_in_their_own_groups():
    y, a = np.array(list(product(range(3), range(2))) * 10).T
    right = (y != 2) | (a != 1)
    table = group_table(y, a, right, list("abc"), ["p", "q"])
    assert table.group.tolist() == ["a, p", "a, q", "b, p", "b, q", "c, p", "c, q"]
    assert table.n.tolist() == [10] * 6
    assert table.correct.tolist() == [10] * 5 + [0]
    np.testing.assert_allclose(table.loc[5, ["accuracy", "lo", "hi"]].astype(float), wilson(0, 10))


def test_an_empty_group_has_a_row_and_no_accuracy():
    table = group_table(np.array([0, 1]), np.array([0, 0]), np.array([True, False]), ["a", "b"], ["p", "q"])
    assert table.n.tolist() == [1, 0, 1, 0]
    assert table.loc[table.n == 0, ["accuracy", "lo", "hi"]].isna().all().all()


def test_labels_are_checked():
    y, a = check_labels(y=([0.0, 1.0], 2), a=([True, False], 2))
    assert y.tolist() == [0, 1]
    assert a.tolist() == [1, 0]
    with pytest.raises(ValueError, match="different lengths: y 3, a 2"):
        check_labels(y=([0, 1, 1], 2), a=([0, 1], 2))


def test_counts_and_probabilities_are_checked():
    assert check_train_counts([[1, 2], [3, 0]], 4).tolist() == [1, 2, 3, 0]
    with pytest.raises(ValueError, match="expected 3 counts"):
        check_train_counts([0.5, 0.25, 0.25], 3)
    assert check_probs([[0.25, 0.75]], 1, 2).shape == (1, 2)
    with pytest.raises(ValueError, match="softmax"):
        check_probs([[0.25, 0.25]], 1, 2)
