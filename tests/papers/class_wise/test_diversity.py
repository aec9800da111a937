"What a perfect model could reach, and how varied the pictures of one scene are."

import numpy as np
import pytest

from spurious_core.papers.class_wise.diversity import SCENE_METRICS, ideal_diversity, scene_diversity


@pytest.fixture(scope="module")
def water(world_kit):
    return ideal_diversity(world_kit, "boat", 120)


def test_a_planted_scene_costs_diversity_and_a_planted_prop_does_not(world_kit, water):
    assert water.diversity < 0.2
    assert ideal_diversity(world_kit, "landbird", 120).diversity > 0.8


def test_the_ideal_shows_the_planted_scene(world_kit, water):
    scenes = world_kit.scene.probs(water.images).argmax(1)
    assert (scenes == world_kit.scene.index("water")).float().mean() > 0.9


def test_real_pictures_of_the_scene_are_as_varied_as_themselves(world_kit, water):
    row = scene_diversity(world_kit, "boat", {4: dict(real=water.images)}, water).iloc[0]
    assert (row.label, row.arm, row.run) == ("boat", "real", "boat-4")
    shown = row.scene_share * len(water.images)
    assert shown == round(shown) > 1
    if row.scene_share == 1:
        assert (row.scene_diversity, row.scene_pixels) == (1.0, 1.0)


def test_one_picture_over_and_over_is_not_varied_and_one_alone_has_no_number(world_kit, water):
    at_water = water.images[:1]
    arms = dict(same=np.repeat(at_water, 5, 0), alone=at_water)
    table = scene_diversity(world_kit, "boat", {0: arms}, water).set_index("arm")
    assert table.loc["same", SCENE_METRICS].tolist() == pytest.approx([1, 0, 0], abs=1e-3)
    assert table.scene_share["alone"] == 1
    assert table.loc["alone", ["scene_diversity", "scene_pixels"]].isna().all()
