"Tables of real photographs, on small trees of the same names and where the folder is there on itself."

import shutil

import pytest

from spurious_core.data.photographs.tables import (
    PHOTOGRAPHS,
    class_photographs,
    cue_conflict,
    lacking_photographs,
    mini_imagenet,
    spurious_tiles,
)
from support.data_trees import put
from support.real_pictures import need_real


@pytest.fixture
def root(tmp_path):
    names = ("spurious_tiles/002_3.jpg", "spurious_tiles/014_0.jpg", "imagenet_one_each/999.jpg")
    names += ("imagenet_mini/train/002/x.jpg", "imagenet_mini/val/001/y.jpg")
    names += ("cue_conflict/cat/cat7-elephant1.jpg", "cue_conflict/dog/dog10-dog2.jpg")
    for name in names:
        put(tmp_path / name, 0, 0)
    return tmp_path


def test_what_is_absent_is_said_in_one_line(root):
    assert lacking_photographs(root=root) is None
    line = lacking_photographs(["bar", "cue_conflict"], root)
    assert line.startswith("no bar in") and "SPURIOUS_REAL" in line and "\n" not in line


def test_the_names_say_all(root):
    tiles = spurious_tiles(root)
    assert tiles[["k", "tile"]].to_numpy().tolist() == [[2, 3], [14, 0]]
    assert class_photographs(root).k.tolist() == [999]
    assert mini_imagenet(root)[["k", "split"]].to_numpy().tolist() == [[2, "train"], [1, "val"]]
    conflict = cue_conflict(root)[["shape", "texture"]].to_numpy().tolist()
    assert conflict == [["cat", "elephant"], ["dog", "dog"]]


@pytest.mark.parametrize(
    "name, read", [("spurious_tiles/2.jpg", spurious_tiles), ("cue_conflict/cat/cat7.jpg", cue_conflict)]
)
def test_a_strange_name_is_an_error_that_names_it(root, name, read):
    put(root / name, 0, 0)
    with pytest.raises(ValueError, match=name.rpartition("/")[2]):
        read(root)


def test_folders_of_classes_are_there_and_bear_numbers(root):
    train = root / "imagenet_mini/train"
    put(train / "tench/x.jpg", 0, 0)
    with pytest.raises(
        ValueError, match="folder .*imagenet_mini/train/tench must bear the number of a class"
    ):
        mini_imagenet(root)
    assert mini_imagenet(root, ["val"]).k.tolist() == [1]
    shutil.rmtree(train)
    train.mkdir()
    with pytest.raises(ValueError, match="imagenet_mini: expected folders of classes.*train holds nothing"):
        mini_imagenet(root)
    train.rmdir()
    with pytest.raises(FileNotFoundError, match="expected the folder .*train; .*imagenet_mini holds val"):
        mini_imagenet(root)


def test_the_real_folder():
    root = need_real(*PHOTOGRAPHS)
    tiles = spurious_tiles(root)
    assert (len(tiles), tiles.k.nunique(), set(tiles.groupby("k").size())) == (400, 100, {4})
    assert class_photographs(root).k.tolist() == list(range(1000))
    assert set(tiles.k) & set(mini_imagenet(root).k) == {0, 2, 14}
    cues = cue_conflict(root)
    assert (len(cues), set(cues["shape"]) == set(cues.texture)) == (1280, True)
