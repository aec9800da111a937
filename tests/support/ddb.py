"What the tests of DDB share: images with a shortcut, a network that sees colours, painted pictures."

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from spurious_core.core.settings import load_profile
from spurious_core.data.grouped import GroupedImages
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.evaluate.reports import group_report
from spurious_core.mitigate.config import MitigationConfig
from spurious_core.mitigate.networks import small_resnet
from spurious_core.models.classifier import Classifier
from spurious_core.papers.ddb.recomposed_images import Recomposed
from spurious_core.papers.ddb.rules import Rule
from spurious_core.papers.ddb.study.one_run import DDBResult
from spurious_core.papers.ddb.study.plan import ddb_plan
from spurious_core.papers.ddb.study.run_context import DDBRun
from spurious_core.papers.ddb.study.tools import DDBTools


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


@dataclass
class ToySource:
    "A source of the pictures above, whose causal part is in the middle; every third painted one is bad."

    tools: DDBTools
    given: Any = None
    known: bool = True

    key = "toy"
    dataset = "mini_toy"
    selection = "wga"
    generated_batch = 4
    initializer = "photo"

    def images(self, seed):
        return [DATA, VAL, grouped([15] * 4, split="test", seed=2)]

    def causal_parts(self, images):
        return middle(len(images))

    def truth(self, recomposed):
        third = np.arange(len(recomposed)) % 3 == 0
        return pd.DataFrame(
            dict(bad=third if self.known else np.nan, old=0.0 if self.known else np.nan),
            range(len(recomposed)),
        )


def toy_run(pipe, out, seed=3, **changes):
    "A run of such a source that takes seconds; `changes` of `DDBRun`."
    profile = replace(load_profile("mini"), resolution=16, device="cpu")
    plan = replace(ddb_plan("smoke"), epochs=1, word_steps=1)
    return DDBRun(
        **dict(source=ToySource(DDBTools(profile, pipe, pipe)), plan=plan, seed=seed, out=out) | changes
    )


def ddb_result(dataset="mini_a", seed=0, bad=(True, False, False, True), **wga):
    "A made-up result of a run: four pictures, of which the last is pruned."
    scores = pd.DataFrame(dict(psi=[0.1, 0.2, 0.3, 0.4], limit=0.5, rho=[4.0, 3.0, 2.0, 1.0], bad=bad))
    kept = np.array([True, True, True, False])
    scores = scores.assign(old=bad, agreement=[0.9, 0.1, 0.2, 0.3], kept=kept)
    tried = pd.DataFrame(
        dict(rule=["none", "rho"], keep=[kept | True, kept], wga=[0.8, 0.7], agreement=np.nan)
    )
    report = group_report([0, 1, 1], [0, 0, 0], [0, 0, 1], ["cat", "dog"], ["none"])
    hows = ["psi", "reversed psi", "rho", "reversed rho", "random", "oracle"]
    doses = pd.DataFrame(dict(how=hows, share=[0.5] * 5 + [0.0], gain=[-0.3, 0.1, -0.2, 0.0, 0.0, 0.2]))
    pixels = np.arange(4 * 8 * 8 * 3).reshape(4, 8, 8, 3).astype(np.uint8)
    table = pd.DataFrame(dict(origin=range(4), y_was=0, y=1, a=0))
    recomposed = Recomposed(pixels, pixels[::-1], np.ones((4, 8, 8)), table)
    return DDBResult(
        *(dataset, seed, ["cat", "dog"], ["cat, none", "dog, none"]),
        word_images=10,
        word_groups=np.array([3, 1]),
        gamma=1.0,
        gamma_pasted=0.5,
        rule=Rule(None, 1.5),
        scores=scores,
        tried=tried,
        wga=wga or dict(ERM=0.5, DDB=0.9, DDB_unpruned=0.8),
        doses=doses,
        word_sizes=pd.DataFrame(dict(images=[0], wga=[0.4], good=[0.5])),
        reports=[report, report],
        pictures=dict(recomposed=recomposed, pasted=recomposed),
    )
