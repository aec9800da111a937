"The last blocks of EfficientNet-Lite0 learn from what its first ones see."

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.core.settings import load_profile
from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate.networks import new_classifier
from spurious_core.models.imagenet.packaged import load_packaged
from spurious_core.models.loading import load_classifier
from spurious_core.papers.real.bar_trials import bar_trial
from spurious_core.papers.real.feature_images import as_feature_images
from spurious_core.papers.real.last_blocks import (
    FirstBlocks,
    as_map_images,
    features_of_maps,
    last_blocks,
    last_blocks_depth,
    unparted,
)


@pytest.fixture(scope="module")
def lite0():
    return load_packaged("efficientnet_lite0").eval()


@pytest.fixture(scope="module")
def seen(lite0):
    "Dark and bright noise, two classes; the pixels, the rows, their maps and what undoes their scale."
    y = np.arange(24) % 2
    rng = torch.Generator().manual_seed(0)
    pixels = torch.rand(24, 3, 224, 224, generator=rng) * 0.4 + 0.5 * torch.from_numpy(y)[:, None, None, None]
    split = np.repeat(["train", "test"], 12)
    manifest = pd.DataFrame(dict(y=y, a=0, split=split, file=[f"{i}.png" for i in range(24)]))
    data = GroupedImages(manifest, ["dark", "bright"], ["any"])
    maps = lite0.batched(FirstBlocks(lite0).features, pixels.float(), 8)
    return pixels.float(), *as_map_images(as_feature_images(data, maps), maps), maps


def test_both_parts_are_the_network(lite0, seen):
    pixels, rows, unfold, maps = seen
    assert rows.images().min() >= 0 and rows.images().max() <= 1
    blocks = last_blocks(lite0, unfold)
    wanted = lite0.batched(lite0, pixels[:4])
    torch.testing.assert_close(
        blocks.batched(blocks, rows.images([0, 1, 2, 3])), wanted, atol=1e-3, rtol=1e-3
    )
    wanted = lite0.batched(lite0.features, pixels[:4])
    torch.testing.assert_close(features_of_maps(lite0, maps)[:4], wanted, atol=1e-2, rtol=1e-3)


def test_the_blocks_learn_and_the_network_stays(lite0, seen):
    _, rows, unfold, _ = seen
    before = lite0.net._blocks[-1]._project_conv.weight.clone()
    parts = np.array(["train"] * 8 + ["val"] * 2 + ["aligned"] * 2 + ["test"] * 12)
    depth = last_blocks_depth(lite0, unfold, 8)
    scores = bar_trial("ERM", rows, parts, 0, depth)
    assert scores["method"] == "ERM_last_blocks" and scores["conflicting"] > 0.9
    assert torch.equal(before, lite0.net._blocks[-1]._project_conv.weight)
    fresh = new_classifier(lambda: depth.backbone(rows), rows.labels)
    assert fresh.labels == ["dark", "bright"] and fresh.net.blocks[-1]._project_conv.weight.requires_grad


def test_what_is_kept_is_named_by_where_the_network_is_parted(lite0):
    assert FirstBlocks(lite0).name == "efficientnet_lite0_first_15_blocks"


def test_batch_norm_keeps_its_statistics(lite0, seen):
    blocks = last_blocks(lite0, seen[2]).train()
    assert blocks.net.dropout.training and not blocks.net.norm.training


def test_another_network_is_told():
    mini = load_classifier(load_profile("mini").guide)
    assert "is no EfficientNet-Lite" in unparted(mini)
    with pytest.raises(ValueError, match="is no EfficientNet-Lite"):
        FirstBlocks(mini)
