"Penultimate features: the same from arrays, tensors and data sets, a batch at a time."

import numpy as np
import pytest
import torch
from torch import nn

from spurious_core.models.classifier import Classifier
from spurious_core.models.features import as_features, penultimate_features
from spurious_core.models.preprocessing import as_pixels
from support.networks import small_classifier

PICTURES = np.random.default_rng(0).integers(0, 256, (7, 64, 64, 3), np.uint8)


class Rows:
    "A data set that counts how much is asked of it."

    def __init__(self, rows):
        self.rows, self.asked = rows, []

    def __len__(self):
        return len(self.rows)

    def images(self, indices):
        self.asked.append(len(indices))
        return self.rows[indices]


def test_arrays_tensors_and_data_sets_agree():
    clf = small_classifier().train()
    phi = penultimate_features(clf, PICTURES, batch=3)
    assert clf.training
    assert not phi.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(phi, clf.eval().features(as_pixels(PICTURES)))
    torch.testing.assert_close(penultimate_features(clf, as_pixels(PICTURES)), phi)
    data = Rows(PICTURES)
    torch.testing.assert_close(penultimate_features(clf, data, batch=3), phi)
    assert data.asked == [3, 2, 2]


def test_half_precision_ends_in_single():
    phi = penultimate_features(small_classifier().to(torch.bfloat16), PICTURES)
    assert phi.dtype == torch.float32


def test_networks_without_weights_and_cached_features():
    class Means(nn.Module):
        def features(self, x):
            return x.mean((2, 3))

    means = penultimate_features(Means(), PICTURES)
    assert torch.allclose(means, torch.from_numpy(PICTURES.mean((1, 2)) / 255).float())
    head = Classifier(nn.Linear(3, 2), ["a", "b"], nn.Identity())
    assert torch.equal(penultimate_features(head, Rows(means), batch=2), means)


def test_features_are_taken_as_they_are():
    phi = torch.rand(4, 5, requires_grad=True)
    assert as_features(phi) is phi
    assert torch.equal(as_features(phi.detach().numpy()), phi)
    clf = small_classifier()
    assert torch.equal(as_features(PICTURES, clf), penultimate_features(clf, PICTURES))
    with pytest.raises(ValueError, match="images need the classifier"):
        as_features(PICTURES)
