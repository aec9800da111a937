"A kit: what is missing is said first, folders are laid out right, and all classifiers call a class alike."

from dataclasses import replace
from types import SimpleNamespace

import pytest

from spurious_core.core.settings import load_profile
from spurious_core.papers.class_wise.kit import Kit, agree_on_names, load_kit
from spurious_core.papers.classes import own_classes


def named(*labels, name="c"):
    return SimpleNamespace(labels=list(labels), name=name)


# ---- names


def test_a_folder_bears_the_first_part_of_a_label():
    long = named("tench, Tinca tinca", "hummingbird, trochilid", "maillot", "maillot, tank suit")
    short = named("hummingbird", "tench", "maillot", "x")
    nameless = named("0", "1", "2", "3")
    agree_on_names([nameless, long, short], ["Hummingbird", "maillot"])
    assert long.labels == ["tench, Tinca tinca", "Hummingbird", "maillot", "maillot, tank suit"]
    assert nameless.labels == long.labels
    assert short.labels[0] == "Hummingbird"


def test_a_checkpoint_without_names_takes_those_of_one_with_as_many():
    four = named("tench", "hummingbird", "maillot", "x")
    with pytest.raises(ValueError, match="'maillot' is unknown to c; it knows 0, 1"):
        agree_on_names([four, named("0", "1")], ["maillot"])


def test_a_juror_must_know_the_class():
    guide, juror = named("house", name="guide"), named("grass", "snow", name="presence_like")
    with pytest.raises(ValueError, match="class 'house' is unknown to presence_like"):
        agree_on_names([guide, juror], ["house"])


# ---- what a profile names


@pytest.mark.parametrize(
    "profile,generator", [("mini", "mini"), ("mini_permuted", "mini"), ("mini_flow", "mini_flow")]
)
def test_a_generator_is_the_same_in_another_world(profile, generator, bare_profile):
    named = load_profile(profile)
    drawing = replace(bare_profile, name=named.name, pipeline=named.pipeline)
    assert Kit(drawing, None, None, None, None, [], None, None).generator == generator


def test_a_kit_says_what_it_lacks(own_folder, bare_profile):
    with pytest.raises(ValueError, match="names no jury, which this needs; set SPURIOUS_JURY"):
        load_kit(replace(bare_profile, jury=()), own_folder).need("jury")
    with pytest.raises(ValueError, match="names no world.*or give a folder of your own pictures"):
        load_kit(bare_profile, own_folder).need("world")
    with pytest.raises(ValueError, match="names no presence, which this needs"):
        load_kit(bare_profile, own_folder, need=["presence"])


# ---- the layout of a folder


@pytest.mark.parametrize(
    "folders,why",
    [
        ((), "holds no folders"),
        (("house/references",), "has no house/empty, house/train; a class needs references, empty, train"),
        (("references", "empty"), "is the folder of one class"),
        (
            ("hause/references", "hause/empty", "hause/train"),
            "no hause .close to it: house.",
        ),
    ],
)
def test_the_layout_is_checked_first(folders, why, bare_profile, tmp_path):
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(ValueError, match=why):
        load_kit(bare_profile, tmp_path)


def test_a_folder_must_be_there(own_folder, bare_profile):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_kit(bare_profile, own_folder / "nowhere")
    assert own_classes(own_folder) == ["house", "landbird"]


# ---- the classes to study


def test_classes_of_a_folder_are_chosen_by_the_budget_or_by_name(kit):
    assert kit.world is None
    assert kit.classes == kit.choose() == ["house", "landbird"]
    assert kit.choose(usual=["cow"]) == ["house"]
    assert kit.choose(["landbird"], ["cow"]) == ["landbird"]
    with pytest.raises(ValueError, match="own.*: unknown class 'cow'; known: house, landbird"):
        kit.choose(["cow"])


def test_classes_of_a_world_are_those_with_something_planted(world_kit):
    world = world_kit.world
    assert world_kit.choose([], ["cow"]) == ["cow"]
    assert world_kit.choose() == [label for label in world.labels if world.planted(label)]
    with pytest.raises(ValueError, match=r"classes \['cup'\]: nothing is planted for them"):
        world_kit.choose(["cup"])


# ---- who looks for the object


def test_presence_looks_where_it_knows_the_classes(world_kit, own_folder):
    with_folder = replace(world_kit, folder=own_folder, segmenter="a segmenter")
    assert with_folder.object_observer is world_kit.presence
    assert replace(with_folder, presence=world_kit.scene).object_observer == "a segmenter"
    assert replace(with_folder, presence=None).object_observer == "a segmenter"
    assert replace(world_kit, presence=None).object_observer is None


def test_a_profile_without_a_pipeline_will_do_as_far_as_nothing_is_drawn():
    mute = replace(load_profile("mini"), pipeline="")
    with pytest.raises(ValueError, match="names no pipeline, which this needs; set SPURIOUS_PIPELINE"):
        load_kit(mute)
    kit = load_kit(mute, draws=False)
    assert kit.pipe is None and kit.guide.labels
    with pytest.raises(ValueError, match="profile 'mini' names no pipeline"):
        kit.need("pipeline")
