"Feature attacks climb, inside their ball."

import pytest
import torch

from spurious_core.find.attacks import feature_attack
from spurious_core.find.neural_pca import fit_neural_pca
from support.small_guide import features, images, small_guide


@pytest.fixture(scope="module")
def clf():
    return small_guide()


def test_attack_climbs_inside_the_ball(clf):
    pca = fit_neural_pca(clf, images(), 0)
    start = torch.rand(3, 3, 64, 64) * 0.5 + 0.25
    out = feature_attack(clf, pca, [0, 1], start, eps=2.0, steps=15)

    def value(x):
        return pca.alpha(clf.features(x))[:, :2].sum(1)

    assert (value(out) > value(start)).all()
    assert ((out - start).flatten(1).norm(dim=1) <= 2 + 1e-4).all()
    assert out.min() >= 0
    assert out.max() <= 1


def test_bad_attacks(clf):
    pca = fit_neural_pca(clf, features(20), 0)
    with pytest.raises(IndexError, match="component 99"):
        feature_attack(clf, pca, 99)
    with pytest.raises(ValueError, match="positive"):
        feature_attack(clf, pca, 0, eps=0)
