"Own images in three parts: as they are, or drawn by class."

import shutil

import numpy as np
import pytest

from spurious_core.data.readers.splitting import own_images
from support.data_trees import numbers, put


def test_parts_as_they_are_split(tmp_path):
    for i, split in enumerate(("train", "val", "test")):
        for y in (0, 1):
            put(tmp_path / split / ("cat", "dog")[y] / f"{i}.png", y, 0, i)
    parts = own_images(tmp_path, None, 4)
    assert [numbers(part) for part in parts] == [[0, 0], [1, 1], [2, 2]]
    shutil.rmtree(tmp_path / "val")
    with pytest.raises(ValueError, match="has the splits test, train; expected train, val, test, or none"):
        own_images(tmp_path, None, 4)


def test_drawn_parts_are_disjoint_and_depend_on_the_seed_alone(tmp_path):
    for i in range(20):
        put(tmp_path / ("cat", "dog")[i % 2] / f"{i:02d}.png", i % 2, 0, i)
    parts = own_images(tmp_path, ["dog", "cat"], 4)
    assert [np.bincount(part.y).tolist() for part in parts] == [[6, 6], [2, 2], [2, 2]]
    assert sorted(n for part in parts for n in numbers(part)) == list(range(20))
    again = own_images(tmp_path, ["dog", "cat"], 4)
    other = own_images(tmp_path, ["dog", "cat"], 4, seed=1)
    assert numbers(again[0]) == numbers(parts[0]) != numbers(other[0])
