"Worlds with and without their plants."

import pytest

from spurious_core.data.worlds import get_world
from spurious_core.papers.discoverers.trial_worlds import PLANT_STRENGTHS, make_trial, trial_world


def test_a_world_and_its_clean_twin():
    world, clean = trial_world(7, True), trial_world(7, False)
    assert (world.labels, world.scenes, world.props) == (clean.labels, clean.scenes, clean.props)
    assert [plant.field for plant in world.plants] == ["prop", "scene"] and not clean.plants
    assert {trial_world(seed, True).plants[0].strength for seed in range(4)} == set(PLANT_STRENGTHS)


def test_what_the_backbone_learned_is_not_planted():
    taken = {(plant.label, plant.values) for plant in get_world("imagenet_like").plants}
    worlds = [trial_world(seed, True) for seed in range(200)]
    assert not taken & {(plant.label, plant.values) for world in worlds for plant in world.plants}


def test_a_kind_that_is_unknown():
    with pytest.raises(ValueError, match="kind='odd' is unknown; allowed: planted, clean, unused"):
        make_trial(None, 0, "odd")
