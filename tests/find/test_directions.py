"SpuFix lowers the class that it fixes, and nothing else."

import pytest
import torch

from spurious_core.find.directions import SpuFix, checked_direction, component_along, matched_directions
from spurious_core.find.neural_pca import NeuralPCA, fit_neural_pca
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


AXES = NeuralPCA("dog", torch.ones(4), torch.ones(4), torch.eye(4)[:, :3], torch.tensor([3.0, 2, 1]), 9)


def test_a_component_is_found_by_its_direction():
    assert [component_along(AXES, [0, sign * 7, 0.1, 0], "lamp") for sign in (1, -1)] == [1, 1]
    with pytest.raises(ValueError, match="^lamp: none of these components points there .*cosine of 0.71"):
        component_along(AXES, [0, 1, 1, 0], "lamp")
    with pytest.raises(ValueError, match="^lamp: 3 dimensions, and these components have 4"):
        component_along(AXES, [0, 1, 1], "lamp")


@pytest.mark.parametrize("bad", [[float("inf"), 1], [None, 1], "abc", [[1, 0]], [0, 0], [], [[1], [1, 2]], 3])
def test_what_is_no_direction_is_named(bad):
    with pytest.raises(ValueError, match="^lamp must be finite numbers in a row, not all of them zero$"):
        checked_direction("lamp", bad)
