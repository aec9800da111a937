"Areas of photographs against tiles, and what SpuFix takes away."

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from spurious_core.find.directions import SpuFix
from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.models.classifier import Classifier
from spurious_core.models.preprocessing import Preprocess
from spurious_core.papers.real.spurious_areas import class_areas, corrected, spufix_area


def test_areas_are_of_the_class_alone():
    rng = torch.Generator().manual_seed(0)
    photographs, tiles = torch.randn(40, 5, generator=rng), torch.randn(24, 5, generator=rng)
    shown, absent = np.arange(40) % 5, np.repeat(np.arange(6), 4)
    areas = class_areas(photographs, shown, tiles, absent)
    assert areas.index.tolist() == [0, 1, 2, 3, 4]
    p = torch.cat([photographs[shown == 2], tiles[absent == 2]]).softmax(1)[:, 2]
    assert areas[2] == pytest.approx(roc_auc_score([1] * 8 + [0] * 4, p))


@pytest.fixture
def network():
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(12, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3)
    )
    return Classifier(net, ["a", "b", "c"], Preprocess()).eval()


def test_the_correction_is_spufix(network):
    x = torch.rand(30, 3, 2, 2)
    with torch.no_grad():
        logits, features = network.logits_and_features(x)
    pca = fit_neural_pca(network, features, "b")
    fixed = SpuFix(network, dict(b=(pca.eigenvectors[:, [1]], pca.mean)))
    with torch.no_grad():
        torch.testing.assert_close(corrected(logits, features, pca, 1, 1), fixed(x), atol=1e-5, rtol=1e-5)


def test_a_shortcut_is_corrected_and_its_absence_harms_little(network):
    rng = torch.Generator().manual_seed(1)
    head = torch.nn.Linear(6, 1)
    torch.nn.init.ones_(head.weight)
    photographs = torch.randn(40, 6, generator=rng) * 0.4 + torch.eye(6)[0] * 3
    photographs += torch.randn(40, 1, generator=rng) * 2 * torch.eye(6)[1]
    pca = fit_neural_pca(Classifier(head, ["thing"]), photographs, "thing")
    absent = np.repeat(np.arange(10), 4)
    tiles = torch.randn(40, 6, generator=rng) * 0.4

    def pair(features):
        return features, torch.eye(10)[3] * features.sum(1, keepdim=True)

    clean_before, clean_after = spufix_area(pca, 3, pair(photographs), pair(tiles), absent)
    tiles[absent == 3] += 4 * torch.eye(6)[1]
    before, after = spufix_area(pca, 3, pair(photographs), pair(tiles), absent)
    assert before < 0.5 < after and after > before + 0.3
    assert clean_after > clean_before - 0.2
