"Waterbirds in the parquet files of its mirrors."

import warnings
from dataclasses import replace

import numpy as np
import pytest

from spurious_core.core import opening
from spurious_core.data.joined import concatenate
from spurious_core.data.mirrors.waterbirds_parquet import waterbirds_parquet
from support.data_trees import SPLITS, A, Y, agrees, numbers, put_parquet

WORDS = dict(train="train", val="validation", test="test")


def mirror(root, lacking=(), **change):
    "The twelve pictures in files of their splits; returns which picture each row is."
    order = []
    for split, word in WORDS.items():
        here = [i for i in range(12) if SPLITS[i] == split]
        columns = {name: np.take(values, here) for name, values in change.items()}
        y, a = np.take(Y, here).tolist(), np.take(A, here).tolist()
        place = root / f"data/{word}-00000-of-00001.parquet"
        put_parquet(place, y, a, here, lacking, row_group_size=2, **columns)
        order += here
    return order


def test_waterbirds_parquet(tmp_path):
    order = mirror(tmp_path, bird=range(12))
    data = waterbirds_parquet(tmp_path)
    assert data.y.tolist() == [Y[i] for i in order] and data.a.tolist() == [A[i] for i in order]
    assert data.manifest.split.tolist() == [SPLITS[i] for i in order]
    assert agrees(data) and numbers(data) == order
    assert data.group_names == ["landbird, land", "landbird, water", "waterbird, land", "waterbird, water"]
    assert agrees(data.split("test")) and agrees(data.balance(0)) and agrees(data.subset([11, 0, 5]))
    both = concatenate([data.split("train"), data.split("test")])
    assert agrees(both) and len(both) == 9


def test_no_more_than_one_row_group_is_held_where_memory_is_short(tmp_path, monkeypatch):
    groups = opening._RowGroups()
    monkeypatch.setattr(opening, "_ROW_GROUPS", groups)
    monkeypatch.setattr(opening, "HELD_BYTES", 1)
    order = mirror(tmp_path)
    assert numbers(waterbirds_parquet(tmp_path)) == order
    assert len(groups.held) == 1
    monkeypatch.setattr(opening, "HELD_BYTES", 2**20)
    assert numbers(waterbirds_parquet(tmp_path)) == order
    assert len(groups.held) == sum(-(-SPLITS.count(split) // 2) for split in WORDS)


def test_a_split_without_files_is_warned_of(tmp_path):
    mirror(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert set(waterbirds_parquet(tmp_path).manifest.split) == {"train", "val", "test"}
    (tmp_path / "data/test-00000-of-00001.parquet").unlink()
    with pytest.warns(UserWarning, match=r"Waterbirds \(parquet\): no parquet file of test in .*"):
        assert set(waterbirds_parquet(tmp_path).manifest.split) == {"train", "val"}


def test_names_are_the_files_own_where_they_have_any(tmp_path):
    for word in WORDS.values():
        names = dict(label=["robin", "heron"], place=["wood", "lake"])
        put_parquet(tmp_path / f"{word}.parquet", [0, 1], [1, 0], names=names)
    assert waterbirds_parquet(tmp_path).group_names[1:3] == ["robin, lake", "heron, wood"]
    put_parquet(tmp_path / "train.parquet", [0, 1], [1, 0], names=names | dict(place=["wood", "lake", "sea"]))
    for word in ("validation", "test"):
        (tmp_path / f"{word}.parquet").unlink()
    with pytest.raises(ValueError, match="column place: expected two names; found wood, lake, sea"):
        waterbirds_parquet(tmp_path)


@pytest.mark.parametrize(
    "change, message",
    [
        (
            dict(lacking=("place",)),
            "train-00000-of-00001.parquet: expected the column place; found image, label",
        ),
        (dict(label=[2] * 12), r"column label: expected 0, 1; found \[2\] in 12 of 12 rows"),
        (dict(place=["lake"] * 12), "column place: expected 0, 1; found \\['lake'\\]"),
        (dict(label=[0] * 12), "expected images of every class; found none of waterbird"),
    ],
)
def test_a_strange_table(tmp_path, change, message):
    mirror(tmp_path, **change)
    with pytest.raises(ValueError, match=message):
        waterbirds_parquet(tmp_path)


def test_a_picture_that_is_broken_is_named_by_its_row(tmp_path):
    mirror(tmp_path)
    put_parquet(tmp_path / "data/test-00000-of-00001.parquet", [0, 1], [0, 1], broken=[1])
    data = replace(waterbirds_parquet(tmp_path), size=4)
    where = r"test-00000-of-00001.parquet/image/1 \(broken"
    with pytest.raises(OSError, match=rf"1 of \d+ images cannot be read: \S*{where}"):
        data.images()
    junk = [dict(bytes=b"junk", path=None)] * 2
    put_parquet(tmp_path / "data/test-00000-of-00001.parquet", [0, 1], [0, 1], image=junk)
    with pytest.raises(OSError) as error:
        replace(waterbirds_parquet(tmp_path), size=4).images()
    assert "test-00000-of-00001.parquet/image/1 (broken: its 4 bytes are no picture)" in str(error.value)
    assert "BytesIO" not in str(error.value)


def test_without_pyarrow_it_says_what_to_install(tmp_path, monkeypatch):
    mirror(tmp_path)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"needs pyarrow: pip install 'spurious_core\[parquet\]'"):
        waterbirds_parquet(tmp_path)
