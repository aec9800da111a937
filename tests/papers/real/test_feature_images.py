"Features in place of pictures go through every method like pictures."

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate import MitigationConfig, fit
from spurious_core.papers.real.feature_images import as_feature_images, fold, last_layer

N, D = 120, 7


@pytest.fixture
def data():
    y, a = np.arange(N) % 2, (np.arange(N) // 2) % 2
    files = [f"{i}.png" for i in range(N)]
    images = GroupedImages(pd.DataFrame(dict(y=y, a=a, split="train", file=files)), ["a", "b"], ["s", "t"])
    features = torch.randn(N, D, generator=torch.Generator().manual_seed(0)) * 20 + 50
    features[:, 2] += torch.from_numpy(y) * 60.0
    return as_feature_images(images, features), features


@pytest.mark.parametrize("dimensions", [6, 7, 8])
def test_folding_keeps_the_row(dimensions):
    features = torch.randn(5, dimensions)
    folded = fold(features)
    assert folded.shape[:3] == (5, 3, 1)
    assert torch.equal(folded.flatten(1)[:, :dimensions], features)


def test_a_part_hands_out_its_own_rows(data):
    rows, features = data
    part = rows.subset([9, 4, 4])
    ranks = features.argsort(0).argsort(0)[[9, 4, 4]]
    again = torch.cat([part.images(slice(0, 1)), part.images([1, 2])]).flatten(1)[:, :D]
    everything = rows.images().flatten(1)[:, :D]
    assert torch.equal(everything.argsort(0).argsort(0)[[9, 4, 4]], ranks)
    assert torch.equal(again, everything[[9, 4, 4]])


@pytest.mark.parametrize("method", ["ERM", "GroupDRO", "DFR", "AFR"])
def test_methods_learn_from_them(data, method):
    rows, _ = data
    train, val, test = (rows.subset(np.arange(N) % 3 == part) for part in range(3))
    config = MitigationConfig(epochs=60, lr=3e-2)
    fitted = fit(method, train, val, lambda: last_layer(train, rows.labels), config, progress=False)
    assert (fitted.probs(test).argmax(1) == test.y).mean() > 0.7


def test_the_layer_sees_standardised_features(data):
    rows, _ = data
    clf = last_layer(rows, rows.labels)
    seen = clf.preprocess(rows.images()).flatten(1)[:, :D]
    torch.testing.assert_close(seen.mean(0), torch.zeros(D), atol=1e-4, rtol=0)
    torch.testing.assert_close(seen.std(0), torch.ones(D), atol=1e-4, rtol=0)
