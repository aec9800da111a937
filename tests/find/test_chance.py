"P-values: uniform or larger under the null, whatever the number of images."

import itertools

import numpy as np
import pytest
from scipy import stats

from spurious_core.find.chance import benjamini_hochberg, sign_flip
from support.memory import peak_of


def test_p_values_are_uniform_or_larger_for_any_number_of_images():
    g = np.random.default_rng(0)
    for n in (3, 8, 30):
        p = np.array([sign_flip(g.standard_cauchy(n), 499, i) for i in range(600)])
        for a in (0.05, 0.2, 0.5):
            assert (p <= a).mean() <= a + 3 * np.sqrt(a * (1 - a) / 600)
    assert sign_flip([0.1] * 4) == 1 / 16
    assert sign_flip([-0.1] * 4) == 1
    assert sign_flip([0.0] * 6) == 1
    with pytest.raises(ValueError, match="finite numbers"):
        sign_flip([np.nan, 1.0])
    with pytest.raises(ValueError, match="finite numbers"):
        sign_flip([])


@pytest.mark.parametrize("n, n_perm", [(20, 999), (37, 60_001), (3001, 2003)])
def test_signs_drawn_in_blocks_are_those_drawn_at_once(n, n_perm):
    effects = np.random.default_rng(n).normal(0.02, 1, n)
    p, peak = peak_of(sign_flip, effects, n_perm, 5)
    signs = 1 - 2 * np.random.default_rng(5).integers(0, 2, (n_perm, n), dtype=np.int8)
    as_large = (signs @ effects >= effects.sum() - 1e-9).sum()
    assert p == pytest.approx((1 + as_large) / (1 + n_perm), abs=1e-12)
    assert peak < 12e6  # at once: nine bytes a sign, 54 MB for the longest


@pytest.mark.parametrize("n", [1, 2, 7, 13])
def test_of_a_few_pictures_all_patterns_count(n):
    effects = np.random.default_rng(n).normal(0.3, 1, n)
    signs = np.array(list(itertools.product([-1, 1], repeat=n)))
    assert sign_flip(effects) == ((signs @ effects) >= effects.sum() - 1e-9).mean()


def test_random_patterns_agree_with_scipys_permutation_test():
    effects = np.random.default_rng(3).normal(0.15, 1, 40)
    options = dict(permutation_type="samples", alternative="greater", vectorized=True, n_resamples=9999)
    expected = stats.permutation_test((effects,), np.sum, rng=np.random.default_rng(0), **options).pvalue
    assert sign_flip(effects) == pytest.approx(expected, abs=5 * np.sqrt(expected / 9999))


def test_adjusted_p_values_are_benjamini_and_hochbergs():
    assert benjamini_hochberg([0.01, 0.02, 0.8]) == pytest.approx([0.03, 0.03, 0.8])
    assert len(benjamini_hochberg([])) == 0
