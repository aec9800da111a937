"What can be studied is known from names and folders alone."

from dataclasses import replace

import pytest

from spurious_core.core.settings import load_profile
from spurious_core.data.worlds import get_world
from spurious_core.papers.classes import (
    chosen_classes,
    own_classes,
    require_fields,
    studied_classes,
)
from support.own_pictures import put_empty_files


def test_missing_fields_are_named_with_what_to_set():
    profile = replace(load_profile("mini"), captioner="", language_model="")
    require_fields(profile, ["pipeline", "guide"])
    why = "no captioner and no language_model, which this needs; set SPURIOUS_CAPTIONER, SPURIOUS_LANGUAGE"
    with pytest.raises(ValueError, match=why):
        require_fields(profile, ["pipeline", "captioner", "language_model"])


def test_classes_that_look_alike_are_refused(tmp_path):
    for label in ("house", "house "):
        for part in ("references", "empty", "train"):
            (tmp_path / label / part).mkdir(parents=True)
    with pytest.raises(ValueError, match="'house' and 'house ' differ by white space or Unicode form only"):
        own_classes(tmp_path)


def test_a_folder_lends_as_many_classes_as_a_budget_has(tmp_path):
    for label in ("mug", "cup"):
        put_empty_files(tmp_path / label)
    assert chosen_classes(["mug", "cup", "jar"], usual=["cow", "fish"], folder=tmp_path) == ["mug", "cup"]
    assert chosen_classes(["mug", "cup"], folder=tmp_path) == ["mug", "cup"]
    with pytest.raises(ValueError, match="unknown class 'cow'; known: mug, cup"):
        chosen_classes(["mug", "cup"], ["cow"], folder=tmp_path)


@pytest.mark.parametrize("part, needed", dict(references=3, empty=3, train=8, fresh=1).items())
def test_each_part_of_a_chosen_class_has_enough_pictures(part, needed, tmp_path):
    for label in ("mug", "cup"):
        put_empty_files(tmp_path / label)
    put_empty_files(tmp_path / "cup", **{part: needed - 1})
    (tmp_path / "cup" / part / "metadata.jsonl").touch()
    (tmp_path / "cup" / part / ".hidden.png").touch()
    why = rf"cup/{part} holds {needed - 1} pictures \(.*\), and {needed} are needed"
    with pytest.raises(ValueError, match=why):
        chosen_classes(["mug", "cup"], folder=tmp_path)
    assert chosen_classes(["mug", "cup"], ["mug"], folder=tmp_path) == ["mug"]
    put_empty_files(tmp_path / "cup", **{part: needed})
    assert chosen_classes(["mug", "cup"], ["cup"], folder=tmp_path) == ["cup"]


def test_of_a_world_only_what_has_something_planted():
    have = studied_classes(get_world("imagenet_like"))
    assert "landbird" in have and "cup" not in have
    assert studied_classes(None) == []
    with pytest.raises(
        ValueError, match=r"classes \['cup'\]: nothing is planted for them; there is something"
    ):
        chosen_classes(have, ["cup"])
