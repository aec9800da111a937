"Scenes: each has a painter and colours, can be told from the others, and depends on its seed alone."

import numpy as np
import pytest

from spurious_core.data.scenes import PALETTE, SCENE_PAINTERS, ground, paint_scene
from spurious_core.data.vocabulary import SCENES


def painted(scene, seed=0, side=256):
    return np.asarray(paint_scene(np.random.default_rng(seed), scene, side))


def test_every_scene_has_a_painter_and_colours():
    assert list(SCENE_PAINTERS) == list(SCENES) == list(PALETTE)


def test_a_scene_without_a_painter():
    with pytest.raises(ValueError, match="scene='desert' is unknown; allowed: grass, road"):
        painted("desert")


@pytest.mark.parametrize("scene", SCENES)
def test_a_painter_adds_to_its_ground_and_follows_the_seed(scene):
    sky_and_land, horizon = ground(np.random.default_rng(0), scene, 256)
    assert 0.3 < horizon < 0.8
    assert (painted(scene) != np.asarray(sky_and_land)).any()
    assert np.array_equal(painted(scene), painted(scene))
    assert not np.array_equal(painted(scene), painted(scene, seed=1))


def test_scenes_are_told_apart_by_their_mean_colours():
    means = np.array([[painted(scene, seed).mean((0, 1)) for seed in range(6)] for scene in SCENES])
    centres = means.mean(1)
    nearest = np.linalg.norm(means[:, :, None] - centres, axis=-1).argmin(-1)
    assert (nearest == np.arange(len(SCENES))[:, None]).mean() > 0.7
