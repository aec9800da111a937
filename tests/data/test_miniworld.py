"The renderer: items are checked, a picture depends on its item alone, masks say what is where."

from dataclasses import replace

import numpy as np
import pytest

from spurious_core.data.miniworld import Item, render
from spurious_core.data.vocabulary import OBJECTS, PROPS, SCENES


@pytest.mark.parametrize(
    "fields, message",
    [
        (dict(scene="desert"), "scene='desert' is unknown; allowed: grass, road"),
        (dict(object="submarine"), "object='submarine' is unknown; allowed: boat, car"),
        (dict(prop="tent", amount=1), "prop='tent' is unknown; allowed: lamp, flower"),
        (dict(opacity=1.2), r"opacity=1.2 must lie in \[0, 1\]"),
        (dict(opacity=float("nan")), "opacity=nan"),
        (dict(prop="lamp", amount=5), "amount=5 is unknown; allowed: 0, 1, 2, 3, 4"),
        (dict(prop="lamp"), "prop='lamp' with amount=0: give both or neither"),
        (dict(amount=1), "prop=None with amount=1: give both or neither"),
    ],
)
def test_items_refuse(fields, message):
    with pytest.raises(ValueError, match=message):
        Item(**(dict(scene="grass") | fields))


def test_the_type_of_a_number_changes_nothing():
    plain = render(Item("grass", "cow", 0.3, seed=4))
    for opacity in (np.float64(0.3), np.float32(0.3)):
        drawn = render(Item("grass", "cow", opacity, seed=4))
        assert type(drawn.item.opacity) is float
        assert drawn.object_mask.dtype == plain.object_mask.dtype == np.float32
        assert abs(drawn.image.astype(int) - plain.image).max() <= (isinstance(opacity, np.float32))


def test_faint_objects_are_called_faint():
    assert Item("water", "boat", opacity=0.5).caption == "a photo of a boat in water"
    assert Item("water", "boat", opacity=0.49).caption == "a photo of a faint boat in water"


@pytest.mark.parametrize("size", [0, -64, 63, 100])
def test_sizes_that_are_refused(size):
    with pytest.raises(ValueError, match=f"size={size} must be a positive multiple of 64"):
        render(Item("grass"), size)


@pytest.mark.parametrize("size", [64, 128])
def test_types_and_shapes(size):
    drawn = render(Item("grass", "cow", 0.5, "lamp", 2), size)
    assert (drawn.image.shape, drawn.image.dtype) == ((size, size, 3), np.uint8)
    for mask in (drawn.object_mask, drawn.prop_mask):
        assert (mask.shape, mask.dtype) == ((size, size), np.float32)
        assert mask.min() == 0
    assert drawn.prop_mask.max() == 1
    assert drawn.object_mask.max() == 0.5


def test_the_seed_alone_decides():
    item = Item("forest", "fish", prop="kite", amount=2, seed=7)
    assert np.array_equal(render(item).image, render(item).image)
    assert not np.array_equal(render(item).image, render(replace(item, seed=8)).image)
    negative = render(replace(item, seed=-1)).image
    assert np.array_equal(negative, render(replace(item, seed=2**32 - 1)).image)


@pytest.mark.parametrize("object", OBJECTS)
def test_without_its_object_a_picture_is_the_same_elsewhere(object):
    item = Item("sand", object, prop="flower", amount=3, seed=4)
    drawn, without = render(item), render(replace(item, object=None))
    outside = drawn.object_mask == 0
    assert np.array_equal(drawn.image[outside], without.image[outside])
    assert np.array_equal(drawn.prop_mask, without.prop_mask)
    assert without.object_mask.max() == 0
    assert (drawn.image[~outside] != without.image[~outside]).any()


def test_without_its_props_a_picture_is_the_same_elsewhere():
    item = Item("sand", "cow", prop="flower", amount=4, seed=4)
    drawn, without = render(item), render(replace(item, prop=None, amount=0))
    outside = drawn.prop_mask == 0
    assert np.array_equal(drawn.image[outside], without.image[outside])
    assert np.array_equal(drawn.object_mask, without.object_mask)


def test_opacity_fades_the_object_only():
    item = Item("night", "cup", seed=2)
    nothing, half, whole = (render(replace(item, opacity=opacity)) for opacity in (0, 0.5, 1))
    middle = (nothing.image.astype(float) + whole.image) / 2
    assert np.abs(half.image - middle).max() <= 1
    assert np.allclose(half.object_mask * 2, whole.object_mask)


def test_a_notebook_shows_it():
    assert render(Item("grass"))._repr_png_().startswith(b"\x89PNG")


# --- The embedded models were trained on these pictures, so they must not change: mean colours of some.

SCENE_COLOURS = {
    "grass": (118, 178, 146),
    "road": (127, 150, 148),
    "forest": (51, 72, 40),
    "water": (94, 149, 202),
    "sand": (220, 189, 131),
    "indoors": (185, 160, 143),
    "snow": (203, 213, 225),
    "rain": (90, 101, 116),
    "night": (22, 26, 55),
    "cave": (79, 73, 66),
}
# on grass
PROP_COLOURS = {
    "lamp": (124, 178, 141),
    "flower": (127, 168, 146),
    "fence": (136, 187, 158),
    "flag": (121, 170, 141),
    "crate": (122, 168, 132),
    "umbrella": (119, 168, 149),
    "kite": (111, 179, 149),
    "buoy": (132, 176, 141),
}
OBJECT_COLOURS = {
    "boat": (126, 168, 143),
    "car": (122, 163, 140),
    "house": (128, 166, 140),
    "balloon": (130, 163, 127),
    "fish": (132, 171, 134),
    "tree": (107, 168, 129),
    "cow": (124, 173, 148),
    "cup": (108, 161, 147),
    "waterbird": (131, 182, 157),
    "landbird": (119, 162, 131),
    "blond woman": (145, 173, 136),
    "dark woman": (119, 148, 126),
    "blond man": (132, 173, 140),
    "dark man": (117, 159, 134),
}


def assert_mean(item, colour):
    "The mean colour is `colour`, up to rounding."
    assert np.abs(render(item).image.mean((0, 1)) - colour).max() <= 1


def test_the_tables_are_complete():
    assert list(SCENE_COLOURS) == list(SCENES)
    assert list(PROP_COLOURS) == list(PROPS)
    assert list(OBJECT_COLOURS) == list(OBJECTS)


@pytest.mark.parametrize("scene", SCENES)
def test_scenes_look_as_ever(scene):
    assert_mean(Item(scene), SCENE_COLOURS[scene])


@pytest.mark.parametrize("prop", PROPS)
def test_props_look_as_ever(prop):
    assert_mean(Item("grass", prop=prop, amount=4), PROP_COLOURS[prop])


@pytest.mark.parametrize("object", OBJECTS)
def test_objects_look_as_ever(object):
    assert_mean(Item("grass", object), OBJECT_COLOURS[object])
