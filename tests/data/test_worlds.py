"Worlds and plants: what is refused, and that the presets are what the studies say."

import pytest

from spurious_core.data.vocabulary import OBJECTS, PROPS, SCENES
from spurious_core.data.worlds import WORLDS, Plant, World, get_world

VILLAGE = dict(house=("house",), tree=("tree",))


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("house", "colour", ("red",), 0.5), "field='colour' is unknown; allowed: scene, prop, object"),
        (("house", "prop", ("fence", "tent"), 0.5), "prop='tent' is unknown; allowed: lamp"),
        (("house", "prop", ("fence",), 1.5), r"strength=1.5 must lie in \[0, 1\]"),
    ],
)
def test_plants_refuse(arguments, message):
    with pytest.raises(ValueError, match=message):
        Plant(*arguments)


def test_worlds_refuse():
    with pytest.raises(ValueError, match="object of class home='tent' is unknown; allowed: boat"):
        World("village", dict(home=("house", "tent")))
    with pytest.raises(ValueError, match="planted label='boat' is unknown; allowed: house, tree"):
        World("village", VILLAGE, (Plant("boat", "prop", ("fence",), 1.0),))
    for field in ("faint", "foreign"):
        with pytest.raises(ValueError, match=rf"{field}=2 must lie in \[0, 1\]"):
            World("village", VILLAGE, **{field: 2})


def test_a_world_knows_its_classes_and_plants():
    fence, sand = Plant("house", "prop", ("fence",), 1.0), Plant("house", "scene", ("sand",), 0.5)
    world = World("village", VILLAGE, (fence, sand))
    assert world.labels == ["house", "tree"]
    assert world.index("tree") == 1
    assert world.planted("house") == [fence, sand]
    assert world.planted("house", "scene") == [sand]
    assert world.planted("tree") == []
    for ask in (world.planted, world.index):
        with pytest.raises(ValueError, match="class='boat' is unknown; allowed: house, tree"):
            ask("boat")


def test_presets_are_found_by_name():
    assert all(get_world(name).name == name for name in WORLDS)
    with pytest.raises(
        ValueError, match="world='imagenet' is unknown; allowed: imagenet_like, permuted, clean"
    ):
        get_world("imagenet")


def test_what_the_presets_plant():
    planted = get_world("imagenet_like")
    assert {plant.field for plant in planted.plants} == {"prop", "scene"}
    assert [label for label in planted.labels if not planted.planted(label)] == ["cup", "waterbird"]
    assert get_world("clean").labels == planted.labels
    for name in ("clean", "everything", "d3s"):
        assert get_world(name).plants == ()
    everything = get_world("everything")
    assert (everything.labels, everything.scenes, everything.props) == (
        list(OBJECTS),
        tuple(SCENES),
        tuple(PROPS),
    )


@pytest.mark.parametrize("name", ["waterbirds", "waterbirds_hard", "celeba", "celeba_hard"])
def test_attributes_cover_what_can_be_drawn(name):
    world = get_world(name)
    field, index_of = world.attribute
    drawn = world.scenes if field == "scene" else [o for objects in world.classes.values() for o in objects]
    assert set(index_of) == set(drawn)
    assert set(index_of.values()) == {0, 1}


def test_classes_that_look_alike_are_refused():
    with pytest.raises(ValueError, match="classes of w: 'boat' and 'boat ' differ by white space"):
        World("w", {"boat": ("boat",), "boat ": ("boat",)})
