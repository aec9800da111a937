"What the tests of DDB share: images with a shortcut, a network that sees colours, painted pictures."

import numpy as np
import pandas as pd
import torch

from spurious_core.data.grouped import GroupedImages
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.mitigate.config import MitigationConfig
from spurious_core.mitigate.networks import small_resnet
from spurious_core.models.classifier import Classifier
from spurious_core.papers.ddb.recomposed_images import Recomposed


def grouped(counts, g="real", split="train", seed=0, side=16, labels=("no", "yes")):
    "Interleaved pictures: class in the red channel of the middle, attribute in the blue one of the rest."
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    y, a = group // 2, group % 2
    quarter = side // 4
    x = rng.integers(0, 30, (len(y), side, side, 3)).astype(np.uint8)
    x[..., 2] += (100 * a).astype(np.uint8)[:, None, None]
    x[:, quarter:-quarter, quarter:-quarter, 0] += (100 * y).astype(np.uint8)[:, None, None]
    manifest = pd.DataFrame(dict(y=y, a=a, split=split, g=g))
    return GroupedImages(manifest, list(labels), ["left", "right"], pixels=x)


def middle(n, side=16):
    "Masks of the four by four pixels in the middle."
    masks = np.zeros((n, side, side), np.float32)
    masks[:, 6:10, 6:10] = 1
    return masks


class Toy(Classifier):
    "Logits: 8 times the mean of red, of green and of blue over the left half (as many as there are labels)."

    def __init__(self, labels):
        super().__init__(torch.nn.Sequential(torch.nn.Linear(len(labels), len(labels))), labels, name="toy")
        with torch.no_grad():
            self.head.weight.copy_(torch.eye(len(labels)) * 8)
            self.head.bias.zero_()

    def logits_and_features(self, x):
        features = x[..., : x.shape[-1] // 2].mean((2, 3))[:, : len(self.labels)]
        return self.head(features), features


def toy(*labels):
    return Toy(list(labels)).eval()


def painted(colours, right=()):
    """Old pictures are red on the left; new ones have there the colours given.

    Those in `right` are painted on the other side instead."""
    old = np.zeros((len(colours), 8, 8, 3), np.uint8)
    old[..., 0] = 200
    new = old.copy()
    masks = np.zeros((len(colours), 8, 8), np.float32)
    for i, colour in enumerate(colours):
        side = slice(4, 8) if i in right else slice(0, 4)
        new[i, :, side] = colour
        masks[i, :, side] = 1
    table = pd.DataFrame(dict(origin=range(len(colours)), y_was=0, y=1, a=0))
    return Recomposed(old, new, masks, table)


DATA = grouped([40, 3, 2, 40])
MADE = grouped([0, 20, 6, 0], "generated", seed=5)
VAL = grouped([10] * 4, split="val", seed=1)
CONFIG = MitigationConfig(lr=3e-3, epochs=3, batch=16)
WORDS = PersonalizeConfig(
    method="textual_inversion",
    instance_prompt="<concept>",
    initializer="photo",
    steps=3,
    batch_size=2,
    lr=1e-1,
    validate_every=2,
)


def net(labels=DATA.labels):
    "A small network, untrained."
    return small_resnet(list(labels), (4, 8))
