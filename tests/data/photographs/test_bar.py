"BAR in both of its layouts, on generated trees."

import warnings

import pytest

from spurious_core.data.photographs.bar import BAR_PLACES, bar
from spurious_core.data.reading import read_dataset
from support.data_trees import agrees, put
from support.real_pictures import need_real

ACTIONS = ("climbing", "pole_vaulting", "racing")


@pytest.fixture(params=["{part}/{action}/{i:04d}.jpg", "{part}/{action}_{i}.jpg"])
def root(request, tmp_path):
    for a, part in enumerate(("train", "test")):
        for y, action in enumerate(ACTIONS):
            for i in range(10):
                put(tmp_path / request.param.format(part=part, action=action, i=i), y, a, i)
    return tmp_path


def test_folders_and_names_say_the_action(root):
    data = read_dataset("bar", root)
    assert agrees(data) and data.labels == list(ACTIONS) and data.attributes == list(BAR_PLACES)
    assert data.manifest.split.value_counts().to_dict() == dict(train=30, test=30)


def test_a_share_of_every_action_validates_and_the_seed_says_which(root):
    one, two = (bar(root, validation=0.2, seed=seed) for seed in (1, 2))
    assert agrees(one)
    for data in (one, two):
        val = data.split("val")
        assert (val.a == 0).all() and [int((val.y == y).sum()) for y in range(3)] == [2, 2, 2]
        assert len(data.split("test")) == 30
    assert one.split("val").manifest.file.tolist() != two.split("val").manifest.file.tolist()


def test_an_action_that_a_part_lacks_is_warned_of(root):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bar(root)
    for path in root.glob("test/racing*/*.jpg"):
        path.unlink()
    for path in root.glob("test/racing_*.jpg"):
        path.unlink()
    with pytest.warns(UserWarning, match=r"bar: classes without pictures in a split: racing \(test\)$"):
        assert len(bar(root)) == 50


@pytest.mark.parametrize("root", ["{part}/{action}_{i}.jpg"], indirect=True)
def test_every_action_keeps_a_training_picture(root):
    for path in sorted(root.glob("train/racing_*.jpg"))[2:]:
        path.unlink()
    assert bar(root, validation=0.5).split("train").y.tolist().count(2) == 1
    with pytest.raises(ValueError, match="validation=0.8 leaves none of 2 training pictures of racing"):
        bar(root, validation=0.8)


def test_another_layout_is_refused(root):
    (root / "val" / "climbing").mkdir(parents=True)
    with pytest.raises(
        ValueError, match="bar: expected the folders train and test in .* alone; found val, too"
    ):
        bar(root)


def test_half_of_it_is_refused(tmp_path):
    put(tmp_path / "train/climbing/1.jpg", 0, 0)
    with pytest.raises(FileNotFoundError, match="expected the folders train and test"):
        bar(tmp_path)


def test_the_real_one():
    data = bar(need_real("bar") / "bar")
    assert data.manifest.split.value_counts().to_dict() == dict(train=1941, test=654)
    assert len(data.labels) == 6
