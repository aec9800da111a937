"The probe for origin, on a network whose use of a stain is known."

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.data.grouped import GroupedImages
from spurious_core.models.classifier import Classifier
from spurious_core.papers.ffr.probe import origin_auc, shortcut_probe

HONEST, FOOLED = [[1.0, 0.0], [-1.0, 0.0]], [[1.0, 0.6], [-1.0, -0.6]]


class RedAndBlue(Classifier):
    "Features: mean red minus mean green, and mean blue."

    def __init__(self, head):
        super().__init__(torch.nn.Sequential(torch.nn.Linear(2, 2)), ["a", "b"], name="toy")
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor(head))
            self.head.bias.zero_()
        self.eval()

    def logits_and_features(self, x):
        means = x.mean((2, 3))
        features = torch.stack([means[:, 0] - means[:, 1], means[:, 2]], 1)
        return self.head(features), features


def coloured(n, origin, attributes=("p", "q")):
    "Class a is red and b green; generated pictures are bluer."
    rng = np.random.default_rng(len(origin))
    y, a = np.arange(n) % 2, np.arange(n) // 2 % 2
    pixels = rng.integers(0, 60, (n, 8, 8, 3)).astype(np.uint8)
    pixels[y == 0, ..., 0] += 60
    pixels[y == 1, ..., 1] += 60
    if origin == "generated":
        pixels[..., 2] += 120
    manifest = pd.DataFrame(dict(y=y, a=a, split="test", g=origin))
    return GroupedImages(manifest, ["a", "b"], list(attributes), pixels=pixels)


def test_a_network_that_uses_the_stain_flips_and_an_honest_one_does_not():
    real, generated = coloured(120, "real"), coloured(120, "generated")
    honest, fooled = (shortcut_probe(RedAndBlue(head), real, generated) for head in (HONEST, FOOLED))
    assert honest.group.tolist() == real.group_names
    assert honest.flips.max() == 0
    assert fooled.flips.max() > 0.9
    assert (honest.accuracy_real == 1).all()
    assert (honest.accuracy_moved == 1).all()
    assert honest.auc.min() > 0.99


def test_equal_distributions_give_chance():
    features = np.random.default_rng(0).normal(size=(200, 3))
    assert abs(origin_auc(features[:100], features[100:]) - 0.5) < 0.15


def test_groups_must_agree_and_have_enough_pictures():
    real, generated = coloured(120, "real"), coloured(120, "generated")
    with pytest.raises(
        ValueError, match="group 'a, p' has 10 real and 30 generated images; the probe needs 20"
    ):
        shortcut_probe(RedAndBlue(HONEST), coloured(40, "real"), generated)
    with pytest.raises(ValueError, match=r"groups \['a, p'.* differ"):
        shortcut_probe(RedAndBlue(HONEST), real, coloured(120, "generated", ("p", "r")))
