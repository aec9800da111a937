"What the renderer and a segmenter say of causal parts."

from dataclasses import replace

import numpy as np
import pytest

from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.papers.ddb.causal_parts import rendered_parts, segmented_parts
from support.ddb import grouped, middle

BIRDS = get_world("waterbirds")


def test_where_the_shortcut_is_the_scene_the_causal_part_is_the_object():
    masks = rendered_parts(BIRDS, sample(BIRDS, 20))
    assert masks.shape == (20, 64, 64)
    assert (masks.max((1, 2)) == 1).all()  # faint objects have whole masks


def test_where_the_shortcut_is_hair_the_hair_stays():
    faces = replace(
        get_world("celeba"),
        classes=dict(woman=("blond woman", "dark woman"), man=("blond man", "dark man")),
        plants=(),
        attribute=("object", {"blond woman": 0, "blond man": 0, "dark woman": 1, "dark man": 1}),
    )
    table = sample(faces, 20).query("opacity == 1")
    parts, figures = rendered_parts(faces, table), draw(table, masks=True)[1]
    shares = (parts * figures).sum((1, 2)) / figures.sum((1, 2))
    assert (shares > 0.1).all() and (shares < 0.95).all()
    assert set(np.unique(parts)) == {0, 1}


def test_a_world_without_attribute_or_object_is_refused():
    with pytest.raises(ValueError, match="has no attribute"):
        rendered_parts(get_world("imagenet_like"), sample(BIRDS, 20))
    with pytest.raises(ValueError, match="show no object"):
        rendered_parts(BIRDS, sample(BIRDS, 10, object_free=1.0))


def by_name(masks, names=("bird", "duck")):
    "The causal parts of six pictures in which a segmenter sees `masks`."
    images, asked = grouped([3, 0, 0, 3]), []

    def segmenter(pictures, phrases):
        asked.extend(phrases)
        return masks

    return segmented_parts(images, names, segmenter), asked, images


def test_each_class_has_a_name_of_its_own():
    _, asked, images = by_name(middle(6))
    assert asked == [("bird", "duck")[y] for y in images.y]


def test_a_part_that_covers_the_picture_says_nothing():
    masks = middle(6)
    masks[0] = 1
    parts, _, _ = by_name(masks)
    assert not parts[0].any() and parts[1:].any((1, 2)).all()


def test_a_class_whose_part_is_never_found_is_an_error():
    with pytest.raises(
        ValueError, match="no 'bird' was found in any picture of class 'no'; `parts` can name"
    ):
        by_name(np.zeros((6, 16, 16), np.float32))
