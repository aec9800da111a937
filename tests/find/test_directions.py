"SpuFix lowers the class that it fixes, and nothing else."

import pytest
import torch

from spurious_core.find.directions import SpuFix, matched_directions
from spurious_core.find.neural_pca import fit_neural_pca
from support.small_guide import D, images, small_guide


@pytest.fixture(scope="module")
def clf():
    return small_guide()


def test_spufix_only_lowers_the_fixed_class(clf):
    ims = images()
    pca = fit_neural_pca(clf, ims, 1)
    d, mean = matched_directions(clf, pca, [0, 1], clf, ims)
    assert d.shape == (D, 2)
    torch.testing.assert_close(d.norm(dim=0), torch.ones(2, dtype=torch.double))
    fixed = SpuFix(clf, {"dog": (d, mean)})
    x = torch.rand(20, 3, 64, 64)
    a, b = clf(x), fixed(x)
    assert (b[:, 1] <= a[:, 1] + 1e-6).all()
    assert torch.equal(a[:, [0, 2]], b[:, [0, 2]])
    assert torch.equal(fixed.features(x), clf.features(x))
    # one direction: the paper's formula
    one = SpuFix(clf, {"dog": (d[:, :1], mean)})
    psi = clf.features(x).double() * clf.head_weight[1].double() - mean
    beta = (psi @ d[:, 0] * d[:, 0].sum()).clamp_min(0)
    torch.testing.assert_close(one(x)[:, 1].double(), a[:, 1].double() - beta, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="5 dimensions"):
        SpuFix(clf, {"dog": (torch.zeros(5, 1), torch.zeros(5))})
    with pytest.raises(ValueError, match="unknown"):
        SpuFix(clf, {"cow": (d, mean)})
