"The task with correlated pairs, and heads on a part of the features."

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate.config import MitigationConfig
from spurious_core.models.classifier import Classifier
from spurious_core.models.loading import load_classifier, save_classifier
from spurious_core.papers.d3s.features import features_of
from spurious_core.papers.d3s.strong_correlation import (
    anticorrelated,
    anticorrelated_accuracy,
    correlated,
    linear_head,
    usual_backgrounds,
)
from support.d3s import LABELS, N_CLASSES, N_SCENES, SCENES, pictures, small_network

torch.set_num_threads(1)


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_correlated_training_is_what_it_says(share):
    data = pictures(1200)
    usual = usual_backgrounds(data, 1)
    chosen = correlated(data, usual, share, 0)
    usually = chosen.a == usual[chosen.y]
    assert usually.mean() == pytest.approx(share, abs=0.01)
    assert (np.bincount(chosen.y[usually]) == 60).all()
    n_pairs = N_CLASSES if share == 1 else N_CLASSES * N_SCENES  # the rest is spread over all backgrounds
    assert len(np.unique(chosen.group)) == n_pairs


def test_anticorrelated_test_is_what_it_says():
    data = pictures(1200)
    usual = usual_backgrounds(data, 1)
    assert len({*usual}) == N_CLASSES
    assert (usual != usual_backgrounds(data, 2)).any()
    test = anticorrelated(data, usual)
    assert set(test.a) == set(usual)
    assert not (test.a == usual[test.y]).any()
    assert len(np.unique(test.group)) == N_CLASSES * (N_CLASSES - 1)


def test_too_few_backgrounds_or_images_are_refused():
    data = pictures(1200)
    one_scene = GroupedImages(data.manifest.assign(a=0), LABELS, ["one"], pixels=data.pixels)
    with pytest.raises(ValueError, match="as many backgrounds"):
        usual_backgrounds(one_scene)
    with pytest.raises(ValueError, match="class class 0 has 60 images before .* of the 540 others"):
        correlated(data, usual_backgrounds(data, 1), 0.1)


def test_a_linear_head_is_the_logistic_regression_of_its_part(tmp_path):
    clf, data, cut = small_network(), pictures(), 10
    head = linear_head(clf, data, "fg", cut)
    x = features_of(clf, data)[:, :cut]
    standard = (x - x.mean(0)) / (x.std(0) + 1e-8)
    expected = LogisticRegression(C=1.0, max_iter=500).fit(standard, data.y).predict_proba(standard)
    assert np.allclose(head.probs(data.images()).numpy(), expected, atol=1e-3)
    assert not head.head.weight[:, cut:].any()
    assert clf.head.weight[:, cut:].any()
    again = load_classifier(save_classifier(head, tmp_path, torch.float32))
    assert torch.allclose(again.probs(data.images()), head.probs(data.images()), atol=1e-5)


def test_the_weights_of_a_linear_head_are_those_for_standardised_features_put_back():
    clf, data = small_network(), pictures()
    x = features_of(clf, data)
    mean, std = x.mean(0), x.std(0) + 1e-8
    model = LogisticRegression(C=0.7, max_iter=500, random_state=3).fit((x - mean) / std, data.y)
    weights = model.coef_ / std
    head = linear_head(clf, data, C=0.7, seed=3).head
    assert np.array_equal(head.weight.numpy(), weights.astype(np.float32))
    assert np.array_equal(head.bias.numpy(), (model.intercept_ - weights @ mean).astype(np.float32))


def test_a_class_without_images_is_refused():
    data = pictures()
    with pytest.raises(ValueError, match=r"no samples with weight of class \[3\]"):
        linear_head(small_network(), data.subset(data.y < 3))


@pytest.mark.parametrize("bad", [dict(part="bg"), dict(part="fg"), dict(part="all", cut=3)])
def test_a_part_that_is_none_is_refused(bad):
    with pytest.raises(ValueError, match="give part"):
        linear_head(small_network(), pictures(), **bad)


class Made(nn.Module):
    "A network whose first features are of the class alone, though noisy; the rest tells the background."

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(N_CLASSES + N_SCENES, N_CLASSES)

    def forward(self, x):
        y, a, noise = (x[:, 0, 0, :3] * 255).round().long().T
        blur = torch.sin(noise[:, None] * torch.arange(1.0, N_CLASSES + 1) * 7)
        foreground = torch.eye(N_CLASSES)[y] + 0.5 * blur
        return self.head(torch.cat([foreground, 3 * torch.eye(N_SCENES)[a]], 1))


def test_heads_on_a_foreground_that_knows_no_background_win_where_pairs_disagree():
    rng = np.random.default_rng(0)
    y, a = rng.integers(0, N_CLASSES, 4000), rng.integers(0, N_SCENES, 4000)
    pixels = np.zeros((4000, 8, 8, 3), np.uint8)
    pixels[:, 0, :3, :] = np.stack([y, a, rng.integers(0, 256, 4000)], 1)[..., None]
    data = GroupedImages(pd.DataFrame(dict(y=y, a=a, split="train")), LABELS, SCENES, "made", pixels)
    net = Classifier(Made(), LABELS, nn.Identity(), "made").eval()
    half = np.arange(4000) < 2000
    usual = usual_backgrounds(data)
    train, test = correlated(data.subset(half), usual, 0.97), anticorrelated(data.subset(~half), usual)
    heads = {"all": (net, None), "foreground": (net, N_CLASSES)}
    config = MitigationConfig(epochs=1)
    table = anticorrelated_accuracy(train, test, net, heads, ("ERM",), config, progress=False)
    table = table.set_index("method")
    assert list(table.index) == ["ERM", "all", "foreground"]
    assert table.lo["foreground"] > table.hi["all"]
    assert (table.n == len(test)).all()
