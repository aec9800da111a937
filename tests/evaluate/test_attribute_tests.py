"The attribute signal: each test breaks if noise is called a shortcut, or a shortcut is not."

import numpy as np
import pytest

from spurious_core.evaluate.attribute_tests import attribute_signal


def test_a_perfect_spurious_predictor_scores_exactly_one_on_interleaved_rows():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 400)
    a = np.where(rng.random(400) < 0.95, y, rng.integers(0, 4, 400))
    signal = attribute_signal(a, y, a)
    assert (signal.value, signal.p, signal.n) == (1.0, 0.001, 400)
    assert attribute_signal((a + 1) % 4, y, a).value == 1.0  # another code for the same thing


def test_noise_is_not_called_spurious():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 400)
    a = (rng.random(400) < 0.1).astype(int)
    noise = (rng.random((300, 400)) < 0.1).astype(int)
    assert np.mean(noise == a) > 0.8  # the share of matches calls all of them spurious
    p = np.array([attribute_signal(x, y, a, times=99).p for x in noise])
    assert (p <= 0.05).mean() < 0.09
    assert (p <= 0.5).mean() < 0.59
    features = (rng.normal(size=(200, 3)) for _ in range(80))
    p = np.array([attribute_signal(x, y[:200], a[:200], times=99).p for x in features])
    assert (p <= 0.05).mean() < 0.13
    assert (p <= 0.5).mean() < 0.68


def test_knowing_the_class_is_not_spurious_though_class_and_attribute_go_together():
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 1000)
    a = np.where(rng.random(1000) < 0.9, y, 1 - y)
    assert attribute_signal(y, y, a).p == 1
    assert attribute_signal(y ^ (rng.random(1000) < 0.05), y, a).p > 0.01
    core = y[:, None] + 0.3 * rng.normal(size=(1000, 3))
    assert attribute_signal(core, y, a).p > 0.01
    with_attribute = np.c_[core, a + 0.5 * rng.normal(size=1000)]
    assert attribute_signal(with_attribute, y, a).p < 0.01
    partly = np.where(rng.random(1000) < 0.2, a, y)
    assert attribute_signal(partly, y, a).p < 0.01


def test_attribute_signal_bad_input():
    y, a = np.array([0, 1] * 10), np.array([0, 0, 1, 1] * 5)
    for args, says in (
        ((y, y, y), "told apart"),
        ((y[:5], y, a), "lengths"),
        ((np.full((20, 2), np.nan), y, a), "finite"),
        ((y, y, np.full(20, np.nan)), "nan"),
        (([], [], []), "no rows"),
        ((np.zeros((5, 2)), y, a), "features"),
    ):
        with pytest.raises(ValueError, match=says):
            attribute_signal(*args)
    with pytest.raises(ValueError, match="times=5 must be at least 19"):
        attribute_signal(y, y, a, times=5)
