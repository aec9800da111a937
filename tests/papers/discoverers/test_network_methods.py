"Directions, slices and clusters of a small network and of invented numbers."

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from spurious_core.models.classifier import Classifier
from spurious_core.papers.discoverers.network_methods import (
    AttributionClusters,
    ErrorMixtures,
    NeuralComponents,
    attribution_maps,
    cluster_words,
    component_pulls,
    error_slices,
)
from spurious_core.papers.discoverers.reports import reported_features

RNG = np.random.default_rng(0)
Y = np.arange(400) % 2
KITE = RNG.random(400) < np.where(Y == 0, 0.8, 0.15)  # goes with the first class


@pytest.fixture(scope="module")
def world():
    "Pictures whose left half is bright with a kite, and a network that calls bright left halves a cat."
    torch.manual_seed(0)
    images = RNG.integers(90, 130, (400, 8, 8, 3))
    images[KITE, :, :4] += 60
    net = nn.Sequential(nn.AdaptiveAvgPool2d((1, 2)), nn.Flatten(), nn.Linear(6, 2))
    weight = torch.tensor([1.0, 0, 1, 0, 1, 0])
    net[2].weight.data = torch.stack([weight, -weight]) * 4
    net[2].bias.data.zero_()
    return images.astype(np.uint8), Classifier(net, ["cat", "dog"], lambda x: x)


def describe(images):
    return pd.DataFrame({"prop=kite": KITE, "scene=cave": np.arange(400) // 2 % 2 == 0})


def test_the_pull_of_components_goes_with_what_is_used(world):
    images, clf = world
    features = clf.batched(clf.features, images)
    pulls = component_pulls(clf, features, Y, 3)
    assert pulls.shape == (400, 2) and abs(pulls[Y == 0, 0].std() - 1) < 0.01
    found = reported_features(NeuralComponents(describe)(images, Y, clf))
    assert found[found.reported][["label", "feature"]].values.tolist() == [["cat", "prop=kite"]]


def test_slices_of_looks_and_errors():
    looks = RNG.normal(size=(400, 4))
    probs = np.where((Y == 1) & KITE, 0.9, 0.1)
    member = error_slices(looks, Y, np.stack([probs, 1 - probs], 1), n=3)
    worst = member[(Y == 1) & KITE].mean(0).argmax()
    assert member[(Y == 1) & KITE, worst].mean() > 0.9


def test_words_of_clusters():
    clusters = np.where(KITE, 0, RNG.integers(1, 3, 400))
    score, p = cluster_words(clusters, np.stack([KITE, np.arange(400) % 3 == 0], 1))
    assert score[0] == 1 and p[0] < 1e-9 and p[1] > 0.01


def test_heatmaps_lie_where_the_network_looks(world):
    images, clf = world
    maps = attribution_maps(clf, images[:5], np.zeros(5, int), side=2).reshape(5, 2, 2)
    assert np.allclose((maps**2).sum((1, 2)), 1, atol=1e-4)


def test_tables_have_both_tests(world):
    for make in (ErrorMixtures, AttributionClusters):
        table = make(describe)(*world[:1], Y, world[1])
        assert len(table) == 4 and (table.p >= table.p_alone).all()
