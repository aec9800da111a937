"Plans, costs, and a stranger's method as the study shows it; whole worlds are in tests/studies."

from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import torch

from spurious_core.app.metrics import Metrics
from spurious_core.papers.discoverers.plans import DISCOVERY_METHODS
from spurious_core.papers.discoverers.trials import try_discoverer
from spurious_core.papers.discoverers.usage_tests import usage_tests, with_association
from support.notebooks import ROOT


class Clf:
    labels = ["cat", "dog"]
    net = torch.nn.Identity()

    def batched(self, f, images):
        return torch.as_tensor(self.net(images)[:, 0, 0, 0])[:, None] * torch.tensor([1.0, -1.0])


def trial():
    y = np.arange(200) % 2
    kite = (y == 0) ^ (np.arange(200) % 10 < 2)
    images = np.where(kite, 6, 1)[:, None, None, None] * np.ones((1, 1, 1, 3))
    facts = dict(seed=0, kind="planted", strength=0.8, accuracy=0.9, classifier=Clf())
    data = SimpleNamespace(pixels=images, y=y)
    return SimpleNamespace(images=data, truth=dict(cat=[{"prop=kite"}], dog=[]), **facts)


def stranger():
    "The ten lines of the study."
    cells = nbformat.read(ROOT / "nbs/studies/discovery_benchmark.ipynb", 4).cells
    source = next(cell.source for cell in cells if "def logit_words" in cell.source)
    assert len([line for line in source.splitlines() if line.strip()]) <= 10
    return source


def test_a_stranger_takes_part_in_ten_lines():
    describe = SimpleNamespace(saved=0.0, described=0)

    names = dict(usage_tests=usage_tests, with_association=with_association, profile="mini")
    names["shared_describer"] = lambda profile: lambda x: pd.DataFrame({"prop=kite": x[:, 0, 0, 0] > 3})
    exec(stranger(), names)
    rows = try_discoverer("mine", names["logit_words"], trial(), describe)
    assert [row["method"] for row in rows] == ["mine", "mine_alone"]
    first, alone = rows
    assert (first["first"], first["false"], first["passes"]) == (1, 0, 200)
    assert alone["reports"] >= first["reports"]


def test_the_committed_evidence():
    metrics = Metrics.load(ROOT / "figures" / "discovery_benchmark")
    for method in DISCOVERY_METHODS:
        for number in ("recall_at_1", "recall_at_3", "false_discovery", "null_share", "seconds"):
            assert f"{number}.{method}" in metrics
    best = {name: metrics[f"{name}.caption_keywords"] for name in ("recall_at_1", "null_share")}
    assert best["recall_at_1"]["n"] >= 20 and best["null_share"]["n"] >= 20
