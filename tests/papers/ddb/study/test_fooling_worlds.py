"Worlds that fool plain training: how many images of which group."

import numpy as np
import pytest

from spurious_core.papers.ddb.study.fooling_worlds import FOOLING_WORLDS


def test_their_names_are_never_those_of_published_data():
    assert list(FOOLING_WORLDS) == ["birds", "faces", "things"]
    assert all(place.dataset.startswith("mini_") for place in FOOLING_WORLDS.values())


@pytest.mark.parametrize("key, counts", [("birds", [29, 1, 1, 29]), ("faces", [1, 39, 39, 1])])
def test_training_images_have_exact_numbers_of_each_group(key, counts):
    images = FOOLING_WORLDS[key].training_images(100, 64, share=0.1)
    assert np.bincount(images.group, minlength=4).tolist() == counts


def test_three_things_have_three_scenes_each_with_its_own():
    things = FOOLING_WORLDS["things"]
    images = things.training_images(100, 64, share=0.1)
    counts = np.bincount(images.group, minlength=9).reshape(3, 3)
    assert (np.diag(counts) == 19).all()
    assert counts.sum() == 3 * 19 + 6
    assert images.attributes == list(things.attributes)


def test_other_images_hold_all_groups_in_about_equal_parts():
    images = FOOLING_WORLDS["birds"].balanced_images(200, "test", 100, 64)
    assert np.bincount(images.group, minlength=4).min() > 35
    assert set(images.manifest.split) == {"test"}


def test_all_objects_are_half_transparent():
    opacity = FOOLING_WORLDS["birds"].training_images(100, 64, share=0.1).manifest.opacity
    assert opacity.between(0.3, 0.5).all()
