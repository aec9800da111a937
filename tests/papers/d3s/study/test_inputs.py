"What a study is about: rendered or your own pictures, and what is refused before anything is drawn."

import numpy as np
import pytest
from PIL import Image

from spurious_core.core.settings import load_profile
from spurious_core.papers.d3s.prompts import BACKGROUNDS
from spurious_core.papers.d3s.study.inputs import only_classes, study_inputs
from support.d3s import LABELS, pictures
from support.own_pictures import put_pictures

MINI = load_profile("mini")


@pytest.fixture
def own_data(tmp_path):
    "Four classes of two pictures each, all of one grey: 0, 10, 20 and 30."
    for y, label in enumerate(["boat", "car", "cow", "house"]):
        for i in range(2):
            path = tmp_path / "own" / label / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((64, 64, 3), 10 * y, np.uint8)).save(path)
    return str(tmp_path / "own")


def test_chosen_classes_of_your_own_are_renumbered_in_the_order_asked_for(own_data):
    inputs = study_inputs(MINI, own_data, classes=["house", "boat", "cow"])
    assert inputs.world is None and inputs.dataset == "own"
    assert inputs.labels == inputs.pictures.labels == ["house", "boat", "cow"]
    greys = inputs.pictures.images()[:, 0, 0, 0]
    assert dict(zip(inputs.pictures.y.tolist(), greys.tolist(), strict=True)) == {0: 30, 1: 0, 2: 20}
    assert study_inputs(MINI, own_data, n_classes=3).labels == ["boat", "car", "cow", "house"]


def test_too_few_or_unknown_classes_are_refused(own_data):
    for foregrounds in ("", own_data):
        with pytest.raises(ValueError, match="needs at least three classes"):
            study_inputs(MINI, foregrounds, classes=["boat", "car"])
    with pytest.raises(ValueError, match="unknown class 'eel'; known: boat, car, cow, house"):
        study_inputs(MINI, own_data, classes=["boat", "car", "eel"])
    with pytest.raises(ValueError, match="unknown class 'eel'; known: boat"):
        study_inputs(MINI, classes=["boat", "car", "eel"])


def test_a_profile_without_a_world_needs_both_folders(own_data, tmp_path, monkeypatch):
    for name in BACKGROUNDS:
        put_pictures(tmp_path / "backgrounds" / name, np.zeros((3, 8, 8, 3), np.uint8))
    backgrounds = str(tmp_path / "backgrounds")
    monkeypatch.setenv("SPURIOUS_WORLD", "")
    bare = load_profile("mini")
    assert study_inputs(bare, own_data, backgrounds).world is None
    for folders in ((own_data, ""), ("", backgrounds), ("", "")):
        with pytest.raises(ValueError, match="names no world"):
            study_inputs(bare, *folders)


def test_a_class_that_the_generator_does_not_know_is_refused(own_data, tmp_path):
    (tmp_path / "own" / "car").rename(tmp_path / "own" / "mug")
    with pytest.raises(ValueError, match="pipeline of profile 'mini' know the rendered world only .*no mug"):
        study_inputs(MINI, own_data)


def test_chosen_classes_are_numbered_in_the_order_asked_for():
    data = pictures(8)
    chosen = only_classes(data, LABELS[2:0:-1])
    assert [chosen.labels[y] for y in chosen.y] == [LABELS[y] for y in data.y if LABELS[y] in LABELS[1:3]]
    assert only_classes(data, LABELS) is data
    with pytest.raises(ValueError, match="unknown class 'eel'; known: class 0"):
        only_classes(data, ["eel"])
