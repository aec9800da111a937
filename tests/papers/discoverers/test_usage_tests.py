"Permutation within classes, against a shift."

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.discoverers.usage_tests import (
    shuffles,
    usage_tests,
    with_association,
    within_strata,
)


def test_rows_stay_in_their_stratum():
    strata = np.array([0, 1, 0, 2, 1, 0])
    orders = shuffles(strata, 50, np.random.default_rng(0))
    assert (strata[orders] == strata).all()
    assert (np.sort(orders, 1) == np.arange(6)).all() and len(np.unique(orders, axis=0)) > 5


def test_columns_without_their_strata():
    strata = np.array([0, 0, 1, 1])
    assert within_strata(np.array([[1], [0], [1], [1]]), strata)[:, 0].tolist() == [0.5, -0.5, 0, 0]
    assert within_strata(np.zeros((4, 0)), strata).shape == (4, 0)


def test_the_class_explains_nothing():
    rng, strata = np.random.default_rng(0), np.arange(300) % 3
    has = rng.random((300, 1)) < np.array([0.9, 0.1, 0.1])[strata][:, None]
    values = 5.0 * (strata == 0)[:, None] + rng.normal(size=(300, 1))
    effects, p = usage_tests(values, has, strata, draws=199)
    assert abs(effects[0, 0]) < 0.6 and p[0, 0] > 0.02
    effects, p = usage_tests(values + 2 * has, has, strata, draws=199)
    assert effects[0, 0] == pytest.approx(2, abs=0.6) and p[0, 0] == 1 / 200
    assert usage_tests(values + 2 * has, has, strata, shift=3, draws=199)[1][0, 0] > 0.5


def test_nothing_to_test_and_wrong_input():
    assert usage_tests(np.zeros((4, 2)), np.zeros((4, 0)), np.zeros(4, int))[1].shape == (2, 0)
    with pytest.raises(ValueError, match="3 rows of features for 4 values"):
        usage_tests(np.zeros((4, 2)), np.zeros((3, 1)), np.zeros(4, int))


def test_both_must_hold():
    y = np.repeat([0, 1], 50)
    has = pd.DataFrame({"prop=kite": y == 0})
    table = with_association(["cat", "dog"], has, y, np.zeros((2, 1)), np.array([[0.01], [0.01]]))
    assert table.p.tolist() == [0.01, 1] and table.p_alone.tolist() == [0.01, 0.01]
