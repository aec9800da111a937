"Fidelity that one outlier makes, or coverage that counts a picture twice, would rank generators wrongly."

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from spurious_core.evaluate.density_coverage import density_and_coverage


def cloud(n, seed, shift=0.0, dim=8):
    return np.random.default_rng(seed).normal(shift, 1, (n, dim))


def by_definition(real, drawn, k):
    "The two equations, word for word, on all pairs."
    among_real = np.sort(cdist(real, real), 1)
    inside = cdist(drawn, real) <= among_real[:, k]
    return inside.sum() / (k * len(drawn)), inside.any(0).mean()


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("megabytes", [1, 256])
def test_it_is_what_the_equations_say(k, megabytes):
    real, drawn = cloud(300, 0), cloud(200, 1, 0.3)
    assert density_and_coverage(real, drawn, k, megabytes) == pytest.approx(by_definition(real, drawn, k))


def test_fresh_pictures_of_the_same_kind_reach_what_can_be_expected():
    density, coverage = density_and_coverage(cloud(2000, 0, dim=2), cloud(2000, 1, dim=2))
    assert density == pytest.approx(1, abs=0.03)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.01)


def test_an_outlier_among_the_real_makes_little_of_what_is_far():
    real = np.concatenate([cloud(300, 0), np.full((1, 8), 40.0)])
    far = cloud(300, 1, 20)
    density, coverage = density_and_coverage(real, far)
    assert density <= 1 / 5
    assert coverage <= 1 / len(real)


def test_one_good_picture_again_and_again_is_dense_and_covers_nothing():
    real = cloud(300, 0, dim=2)
    density, coverage = density_and_coverage(real, np.repeat(real.mean(0)[None], 300, 0))
    assert density > 0.5
    assert coverage < 0.1


def test_memory_does_not_grow_with_the_pairs():
    real, drawn = cloud(3000, 0, dim=2), cloud(6000, 1, dim=2)
    tracemalloc.start()
    density_and_coverage(real, drawn, megabytes=2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3000 * 6000 * 4 / 2  # all pairs in half precision would be this large


@pytest.mark.parametrize(
    "real, drawn, k, message",
    [
        (cloud(5, 0), cloud(9, 1), 5, "5 real and 9 drawn pictures; expected over k=5 and over 0"),
        (cloud(9, 0), cloud(9, 1)[:0], 5, "9 real and 0 drawn pictures"),
        (cloud(9, 0), cloud(9, 1, dim=7), 5, "features of 8 and 7 numbers; expected the same network"),
        (cloud(9, 0)[0], cloud(9, 1), 5, r"real: features of shape \(8,\); expected finite numbers"),
        (cloud(9, 0), np.full((9, 8), np.nan), 5, r"drawn: features of shape \(9, 8\)"),
        (cloud(9, 0), cloud(9, 1), 0, "k=0"),
    ],
)
def test_what_cannot_be_measured_is_refused(real, drawn, k, message):
    with pytest.raises(ValueError, match=message):
        density_and_coverage(real, drawn, k)
