"DPE: distances to prototypes, members that are unlike, and a classifier that gives their mean."

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spurious_core.mitigate.methods.dpe import (
    DPESettings,
    PrototypeEnsemble,
    dpe_prototypes,
    ensemble_logits,
    prototype_logits,
    unit_features,
)
from support.mitigation import quick

X = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))


def test_distances_by_hand():
    x, prototypes = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 0.0], [0.0, 2.0]])
    assert torch.allclose(
        prototype_logits(x, prototypes, torch.tensor(-2.0)), torch.tensor([[0.0, -(8**0.5)]])
    )
    unit = unit_features(X)
    assert torch.allclose(unit.mean(1), torch.zeros(6), atol=1e-6)
    assert torch.allclose(unit.norm(dim=1), torch.ones(6))


def test_an_ensemble_is_the_mean_of_its_members_probabilities():
    prototypes, scales = (
        torch.randn(3, 2, 5, generator=torch.Generator().manual_seed(1)),
        torch.tensor([1.0, 2, 5]),
    )
    each = [
        prototype_logits(unit_features(X), p, s).softmax(1) for p, s in zip(prototypes, scales, strict=True)
    ]
    whole = ensemble_logits(X, prototypes, scales).exp()
    assert torch.allclose(whole, torch.stack(each).mean(0), atol=1e-6)


@pytest.fixture
def planted():
    "The class in one feature, an attribute in another; they agree in four of five."
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 1200)
    a = np.where(rng.random(1200) < 0.8, y, 1 - y)
    x = rng.normal(size=(1200, 16))
    x[:, 0] += 1.5 * (2 * y - 1)
    x[:, 1] = 3 * (2 * a - 1) + 0.5 * x[:, 1]
    return torch.from_numpy(x).float(), torch.from_numpy(y), 2 * y + a


def cosines(prototypes):
    first = F.normalize(prototypes[:, 0], dim=1)
    return (first @ first.T)[np.triu_indices(len(first), 1)]


def test_members_are_unlike_where_that_has_weight(planted):
    alike, unlike = (
        dpe_prototypes(*planted, 2, members=4, settings=DPESettings(epochs=60, unlike=weight))[0]
        for weight in (0.0, 250.0)
    )
    assert cosines(unlike).mean() < cosines(alike).mean() - 0.1
    assert torch.equal(unlike[0], alike[0])  # there is nothing before the first


def test_the_attribute_that_balanced_groups_do_not_show_counts_for_little(planted):
    x, y, groups = planted
    prototypes, _ = dpe_prototypes(x, y, groups, 2, members=2, settings=DPESettings(epochs=60, unlike=0.0))
    apart = (F.normalize(prototypes[:, 1], dim=1) - F.normalize(prototypes[:, 0], dim=1)).mean(0)
    assert apart[0] > 4 * apart[1].abs()


def test_the_method_gives_a_classifier_of_the_networks_features():
    fitted = quick("DPE")
    assert isinstance(fitted.clf, PrototypeEnsemble)
    logits, features = fitted.clf.logits_and_features(torch.rand(2, 3, 16, 16))
    assert torch.allclose(logits, ensemble_logits(features, fitted.clf.prototypes, fitted.clf.scales))
    assert len(fitted.clf.prototypes) == 15
    again = quick("DPE")
    assert torch.equal(again.clf.prototypes, fitted.clf.prototypes)
