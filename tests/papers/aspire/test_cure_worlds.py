"Two worlds of birds: biased to train on, with enough of each group to choose an epoch by, balanced to test."

import numpy as np
import pytest

from spurious_core.papers.aspire.cure_worlds import CURE_WORLDS, cure_parts, cure_world_names


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name != "mini_waterbirds")) for name in CURE_WORLDS],
)
def test_training_and_validation_are_biased_and_the_test_is_not(name):
    train, val, test = cure_parts(name, (40, 16, 20), ratio=0.95, seed=100)
    assert np.bincount(train.group).tolist() == [40, 2, 2, 40]
    assert np.bincount(val.group).tolist() == [16, 10, 10, 16]
    assert np.bincount(test.group).min() >= 20
    assert [set(part.manifest.split) for part in (train, val, test)] == [{"train"}, {"val"}, {"test"}]


def test_few_validation_images_are_kept_whole():
    assert np.bincount(cure_parts("mini_beside", (10, 6, 5), 0.9, 100)[1].group).tolist() == [6] * 4


@pytest.mark.slow
def test_the_lamp_goes_with_landbirds_and_the_scene_with_nothing():
    train = cure_parts("mini_beside", (200, 10, 10), ratio=0.99, seed=100)[0].manifest
    assert (train.prop[train.label == "landbird"] == "lamp").mean() > 0.98
    assert train.prop[train.label == "waterbird"].isna().mean() > 0.98
    share_on_land = train.scene.isin(["forest", "grass"]).groupby(train.label).mean()
    assert share_on_land.between(0.38, 0.62).all()


@pytest.mark.parametrize("name, low, high", [("mini_waterbirds", 0.3, 0.7), ("mini_beside", 0.2, 0.5)])
def test_every_bird_can_be_seen_through(name, low, high):
    opacity = cure_parts(name, (20, 10, 10), 0.9, 100)[2].manifest.opacity
    assert low <= opacity.min() and opacity.max() <= high


def test_names_without_the_prefix_are_completed_and_others_refused():
    assert cure_world_names(["beside", "mini_waterbirds"]) == ("mini_beside", "mini_waterbirds")
    with pytest.raises(ValueError, match="worlds='mini_sea' is unknown; allowed: mini_waterbirds, mini_besi"):
        cure_world_names(["waterbirds", "sea"])
