"A planted component is found, and four random tiles have no luck beyond chance."

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.models.classifier import Classifier
from spurious_core.papers.real.components import (
    compare_tiles,
    held_out_areas,
    rank_shares,
    separation,
    tile_tests_table,
)


def components(seed=0, dimensions=12):
    "Neural PCA of features that vary, and a maker of tiles."
    rng = torch.Generator().manual_seed(seed)
    scale = torch.linspace(3, 0.5, dimensions)
    head = torch.nn.Linear(dimensions, 1)
    torch.nn.init.ones_(head.weight)
    photographs = torch.randn(80, dimensions, generator=rng) * scale
    pca = fit_neural_pca(Classifier(head, ["thing"]), photographs, "thing")
    return pca, torch.randn(120, dimensions, generator=rng) * scale


INSIDE = np.arange(120) < 4


def test_areas_are_scikit_learns():
    alphas = np.random.default_rng(0).normal(size=(30, 3)).round(1)
    inside = np.arange(30) % 7 == 0
    expected = [roc_auc_score(inside, column) for column in alphas.T]
    np.testing.assert_allclose(separation(alphas, inside), expected)
    assert rank_shares(alphas).min() >= 0 and rank_shares(alphas).max() <= 1


@pytest.mark.parametrize("component", [0, 2, 5])
def test_a_planted_component_is_named(component):
    pca, tiles = components()
    tiles[INSIDE] += 9 * pca.eigenvectors[:, component].float()
    found = compare_tiles(pca, tiles, INSIDE, 200)
    assert found.component == component and found.p_value < 0.02
    assert found.held_out.mean() > 0.9 and len(found.held_out) == 4


def test_without_anything_planted_p_values_are_not_small():
    p, held_out = [], []
    for seed in range(12):
        found = compare_tiles(*components(seed), INSIDE, 100, seed)
        p.append(found.p_value)
        held_out.append(found.held_out.mean())
    assert np.mean(np.array(p) < 0.2) < 0.5 and 0.3 < np.mean(held_out) < 0.7
    assert np.median(p) > 0.2


def test_the_held_out_tile_plays_no_part_in_the_choice():
    "Column 0 is made by one tile alone; the others know nothing of it."
    alphas = np.zeros((20, 2))
    alphas[:, 1] = np.arange(20)
    alphas[0, 0] = 5
    inside = np.arange(20) >= 16
    inside[0] = True
    areas = held_out_areas(alphas, inside)
    assert areas[0] == 0 and (areas[1:] == 1).all()


def test_the_table_has_a_row_for_each():
    found = compare_tiles(*components(), INSIDE, 20)
    table = tile_tests_table({("net", "thing"): found})
    assert table.iloc[0][["network", "label", "n"]].tolist() == ["net", "thing", 4]
