"What could go wrong in features: a mode that stays changed, lengths and labels that don't fit."

import numpy as np
import pytest
import torch
from torch import nn

from spurious_core.papers.d3s.features import (
    CachedFeatures,
    features_of,
    mixed_features,
    network_input,
    on_features,
)
from support.d3s import LABELS, SCENES, mixed, pictures, small_network


def test_features_do_not_depend_on_the_batch_and_leave_the_mode():
    clf, data = small_network(), pictures(30)
    clf.train()
    in_batches, at_once = features_of(clf, data, 7), features_of(clf, data)
    assert np.allclose(in_batches, at_once, atol=1e-5)
    assert clf.training
    assert at_once.shape == (30, 16)


def test_cached_features_stand_for_a_data_set():
    data = mixed(30, 0)
    assert len(data) == 30
    assert (data.group == data.y * len(SCENES) + data.a).all()
    assert torch.equal(data.images([3, 1]), torch.from_numpy(data.pixels[[3, 1]]))
    assert network_input(data.images(), "cpu").shape == (30, 12)
    assert network_input(pictures(3).images(), "cpu").shape == (3, 3, 16, 16)


@pytest.mark.parametrize(
    "pixels, y, message",
    [
        (np.zeros((3, 2)), [0, 0], "expected .N, D."),
        (np.full((2, 2), np.nan), [0, 0], "not finite"),
        (np.zeros((2, 2)), [0, 9], r"y\[1\] is 9 .1 such rows.; expected integers 0 to"),
        (np.zeros((2, 2)), [-1, 0], r"y\[0\] is -1"),
    ],
)
def test_features_that_do_not_fit_are_refused(pixels, y, message):
    with pytest.raises(ValueError, match=message):
        CachedFeatures(pixels, np.array(y), np.zeros(len(y), int), LABELS, SCENES)


def test_a_classifier_of_features_begins_as_the_identity_with_the_given_head():
    head, data = nn.Linear(12, len(LABELS)), mixed(5, 0)
    clf = on_features(LABELS, 12, head)
    assert torch.allclose(clf(data.images()), head(data.images()), atol=1e-6)
    with pytest.raises(ValueError, match="the head has shape"):
        on_features(LABELS, 11, head)


def test_made_features_share_their_mixture_and_not_their_noise():
    images = pictures(40)
    one, again, other = (mixed_features(images, 0, key) for key in (1, 1, 2))
    assert (one.pixels == again.pixels).all()
    assert 0 < np.abs(one.pixels - other.pixels).mean() < 0.5 * np.abs(one.pixels).mean()
