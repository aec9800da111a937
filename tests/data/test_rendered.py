"Rendered worlds as grouped images: the attribute is what was planted, in the share that was asked for."

import numpy as np
import pytest

from spurious_core.data.manifests import draw
from spurious_core.data.rendered import world_images
from spurious_core.data.worlds import get_world


def agreement(images):
    "The share of images whose attribute is their class's usual one."
    return (images.y == images.a).mean()


def test_world_images_have_objects_and_their_attribute():
    images = world_images(get_world("waterbirds"), 60, "val")
    manifest = images.manifest
    assert manifest.object.notna().all()
    assert set(manifest.split) == {"val"}
    assert (manifest.g == "real").all()
    assert images.attributes == ["land", "water"]
    assert images.pixels.shape == (60, 64, 64, 3)
    assert (manifest.scene.isin(["water", "sand"]).astype(int) == images.a).all()


def test_the_share_is_the_ratio():
    world = get_world("waterbirds")
    share = {ratio: agreement(world_images(world, 150, "train", ratio=ratio)) for ratio in (0.5, 0.75, 1.0)}
    assert abs(share[0.5] - 0.5) < 0.1
    assert abs(share[0.75] - 0.75) < 0.1
    assert share[1.0] == 1


def test_ratios_that_no_strength_gives():
    with pytest.raises(ValueError, match=r"ratio=0.3 must lie in \[0.5, 1\]"):
        world_images(get_world("waterbirds"), 4, "train", ratio=0.3)
    with pytest.raises(ValueError, match="plants props"):
        world_images(get_world("imagenet_like"), 4, "train", ratio=0.9)


@pytest.mark.parametrize(
    "options, why",
    [
        (dict(world="waterbirds"), r"world='waterbirds' must be a World, such as get_world\('waterbirds'\)"),
        (dict(world="waterbirds", ratio=0.9), r"world='waterbirds' must be a World"),
        (dict(ratio="0.9"), r"ratio='0.9' must lie in \[0, 1\]"),
        (dict(ratio=float("nan")), r"ratio=nan must lie in \[0, 1\]"),
        (dict(size=None), "size=None must be a whole number"),
        (dict(size=100), "size=100 must be a positive multiple of 64"),
        (dict(seed=None), "seed=None must be a whole number"),
        (dict(seed=-1), "seed=-1 must lie in"),
        (dict(n=10**9), "n=1000000000 must be at most 10,000,000"),
    ],
)
def test_what_cannot_be_drawn_is_named(options, why):
    with pytest.raises(ValueError, match=why):
        world_images(**dict(world=get_world("waterbirds"), n=2, split="train") | options)


def test_a_size_of_another_type_is_the_same_size():
    assert world_images(get_world("clean"), 1, "train", size=128.0).size == 128


@pytest.mark.parametrize(
    "world, group, name",
    [
        ("celeba", 3, "blond, man"),
        ("celeba_hard", 1, "woman, dark"),
        ("waterbirds_hard", 1, "landbird, water"),
    ],
)
def test_groups_have_names(world, group, name):
    assert world_images(get_world(world), 4, "train").group_names[group] == name


def test_other_worlds_name_their_attributes():
    assert world_images(get_world("clean"), 10, "train").attributes == ["none"]
    planted = world_images(get_world("imagenet_like"), 10, "train")
    assert planted.attributes == ["without its plant", "with its plant"]
    scenes = world_images(get_world("d3s"), 20, "train")
    assert len(scenes.attributes) == 10
    assert [scenes.attributes[a] for a in scenes.a] == scenes.manifest.scene.tolist()


@pytest.mark.parametrize(
    "name, share", [("waterbirds_hard", 0.97), pytest.param("celeba_hard", 0.98, marks=pytest.mark.slow)]
)
def test_hard_worlds_are_faint_and_plant_their_share_in_training_only(name, share):
    world = get_world(name)
    low, high = world.faint_range
    train, test = world_images(world, 600, "train"), world_images(world, 600, "test", ratio=0.5)
    assert abs(agreement(train) - share) < 0.02
    assert abs(agreement(test) - 0.5) < 0.06
    assert (train.counts()["all"] > 0).all()
    assert train.manifest.opacity.between(low, high).all()
    assert test.manifest.opacity.between(low, high).all()
    assert high <= 0.5
    _, object_masks, _ = draw(test.manifest[:20], masks=True)
    assert np.allclose(object_masks.max((1, 2)), test.manifest.opacity[:20], atol=0.01)
