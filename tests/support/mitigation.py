"For the tests of `mitigate`: images with a planted shortcut, a network easy to disturb, quick fits."

import numpy as np
import pandas as pd
import torch
from torch import nn

from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate.config import MitigationConfig
from spurious_core.mitigate.fitting import fit
from spurious_core.mitigate.objectives import Batch
from spurious_core.models.classifier import Classifier

LABELS, ATTRIBUTES = ["dark", "light"], ["red", "blue"]
FAST = MitigationConfig(lr=1e-2, epochs=3, batch=16)
COLOURS = np.array([[200, 30, 30], [30, 30, 200]])


def images(n=80, agree=0.85, seed=0, split="train", size=16):
    "Brightness is the class (often hard to see), the colour of a corner the attribute (easy)."
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    a = np.where(rng.random(n) < agree, y, 1 - y)
    a[:4] = [0, 0, 1, 1]
    noise = rng.normal(120, 30, (n, size, size, 3))
    brightness = 18 * rng.random(n) * (2 * y - 1)
    x = noise + brightness[:, None, None, None]
    x[:, :6, :6] = COLOURS[a][:, None, None]
    manifest = pd.DataFrame(dict(y=y, a=a, split=split))
    pixels = x.clip(0, 255).astype(np.uint8)
    return GroupedImages(manifest, LABELS, ATTRIBUTES, "corners", pixels, size=size)


def validation():
    return images(60, 0.5, 1, "val")


class Small(nn.Module):
    "A convolution with batch norm and dropout, so that a resumed run needs running means and random numbers."

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 5, 2)
        self.norm = nn.BatchNorm2d(6)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(6 * 4, 2)

    def forward(self, x):
        maps = self.norm(self.conv(x)).relu()
        pooled = nn.functional.adaptive_avg_pool2d(maps, 2).flatten(1)
        return self.head(self.drop(pooled))


def small():
    return Classifier(Small(), LABELS, name="small")


def quick(method, train=None, val=None, config=FAST, backbone=small, **options):
    "A fit to the images above, in a second or two."
    train = images() if train is None else train
    val = validation() if val is None else val
    return fit(method, train, val, backbone, config, progress=False, **options)


def weights(fitted):
    return fitted.clf.state_dict()


def same(a, b):
    "Whether two dicts hold equal tensors."
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class Fixed(nn.Module):
    "Logits that are parameters, one row per image; an image is its number."

    def __init__(self, logits):
        super().__init__()
        self.logits = nn.Parameter(torch.as_tensor(logits, dtype=torch.float32))

    def forward(self, x):
        return self.logits[x.long()]


def batch_of(index, y):
    "A batch for `Fixed`."
    index = torch.tensor(index)
    return Batch(index, torch.tensor(y), index, torch.Generator().manual_seed(0))
