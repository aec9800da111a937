"Tables in parquet files: every shard is there, every row has a picture, and a fault has its file's name."

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.mirrors.parquet_tables import parquet_files, read_parquet_tables
from support.data_trees import as_cells, put_parquet


def shards(root, *names):
    for name in names:
        put_parquet(root / f"{name}.parquet", [0, 1], [0, 1])
    return parquet_files(root, "Birds")


@pytest.mark.parametrize(
    "names",
    [
        (
            "data/train-00000-of-00002",
            "data/train-00001-of-00002",
            "data/test-00000-of-00001-a1b2c3d4e5f60718",
        ),
        ("default/train/0000", "default/train/0001", "default/test/0000"),
        ("train-00000-of-00002", "train-00001-of-00002", "test"),
    ],
)
def test_the_usual_places_and_names(tmp_path, names):
    found = shards(tmp_path, *names)
    assert {split: len(files) for split, files in found.items()} == dict(train=2, test=1)
    assert [file.relative_to(tmp_path).with_suffix("").as_posix() for file in found["train"]] == list(
        names[:2]
    )


def test_hidden_folders_hold_nothing(tmp_path):
    found = shards(tmp_path, "data/train", ".cache/huggingface/download/data/train")
    assert {split: len(files) for split, files in found.items()} == dict(train=1)


@pytest.mark.parametrize(
    "names, error, message",
    [
        (
            ["train-00001-of-00003"],
            FileNotFoundError,
            "expected 3 parquet files of train; 00000, 00002 is not",
        ),
        (["default/train/0000", "default/train/0002"], FileNotFoundError, "of train; 00001 is not there"),
        (
            ["data/train", "default/train/0000"],
            ValueError,
            "split train lies in .*data/train, .*default/train",
        ),
        (
            ["default/partial-train/0000"],
            ValueError,
            "split 'partial-train' of .* is unknown; allowed: train,",
        ),
        ([], FileNotFoundError, "Birds: expected parquet files in .*holds nothing"),
    ],
)
def test_shards_that_are_not_as_they_should_be(tmp_path, names, error, message):
    with pytest.raises(error, match=message):
        shards(tmp_path, *names)


def test_rows_are_numbered_in_their_file_and_keep_its_order(tmp_path):
    put_parquet(tmp_path / "data/train-00000-of-00002.parquet", [1, 0], [0, 0])
    put_parquet(tmp_path / "data/train-00001-of-00002.parquet", [1, 1], [1, 0])
    put_parquet(tmp_path / "data/validation-00000-of-00001.parquet", [0], [1])
    rows, names = read_parquet_tables(tmp_path, ["place", "label"], "Birds")
    assert rows.label.tolist() == [1, 0, 1, 1, 0] and rows.place.tolist() == [0, 0, 1, 0, 1]
    assert rows.file.tolist()[1:3] == [f"data/train-0000{i}-of-00002.parquet/image/{1 - i}" for i in (0, 1)]
    assert rows.split.tolist() == ["train"] * 4 + ["val"] and names == {}


def test_names_that_hugging_face_wrote_are_read_and_must_agree(tmp_path):
    names = dict(label=["heron", "robin"])
    put_parquet(tmp_path / "train.parquet", [0, 1], [0, 1], names=names)
    put_parquet(tmp_path / "test.parquet", [0, 1], [0, 1], names=names)
    assert read_parquet_tables(tmp_path, ["label"], "Birds").names == names
    put_parquet(tmp_path / "test.parquet", [0, 1], [0, 1], names=dict(label=["robin", "heron"]))
    with pytest.raises(ValueError, match="test.parquet calls its codes .*robin.*, files before it .*heron"):
        read_parquet_tables(tmp_path, ["label"], "Birds")


@pytest.mark.parametrize("text", [b"{", b"[1]", b'{"info": 3}', b'{"info": {"features": [1]}}'])
def test_damaged_names_of_codes_are_named(tmp_path, text):
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "train.parquet"
    put_parquet(file, [0, 1], [0, 1])
    table = parquet.read_table(file).replace_schema_metadata({b"huggingface": text})
    parquet.write_table(table, file)
    with pytest.raises(ValueError, match="train.parquet is damaged"):
        read_parquet_tables(tmp_path, ["label"], "Birds")


def test_faults_of_a_file_are_named(tmp_path):
    file = tmp_path / "train.parquet"
    put_parquet(file, [0, 1], [0, 1])
    whole = file.read_bytes()

    def read(columns=("label",), image="image"):
        return read_parquet_tables(tmp_path, columns, "Birds", image)

    with pytest.raises(ValueError, match="train.parquet: expected the column y; found image, label, place"):
        read(["label", "y"])
    with pytest.raises(ValueError, match="expected the column picture; found image"):
        read(image="picture")
    for content, message in {
        whole[: len(whole) // 2]: "train.parquet is damaged, or no parquet file",
        b"": "train.parquet is damaged, or no parquet file",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n": "a pointer of Git LFS .* git lfs pull",
    }.items():
        file.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read()


def test_rows_without_pictures_are_counted_and_paths_are_none(tmp_path):
    file = tmp_path / "train.parquet"
    cells = as_cells([0, 1, 1], [0, 0, 1])
    for empty in (None, dict(bytes=None, path="birds/2.jpg")):
        pd.DataFrame(dict(image=[*cells[:2], empty], label=[0, 1, 1])).to_parquet(file, row_group_size=2)
        message = "train.parquet: 1 of 3 rows hold no picture in column image, such as row 2"
        with pytest.raises(FileNotFoundError, match=message):
            read_parquet_tables(tmp_path, ["label"], "Birds")
    images = [cells[0], None, cells[1], None, cells[2], None]
    for size in (1, 3, 6):
        pd.DataFrame(dict(image=images, label=0)).to_parquet(file, row_group_size=size)
        with pytest.raises(FileNotFoundError, match="3 of 6 rows hold .* such as row 1 .counted from 0"):
            read_parquet_tables(tmp_path, ["label"], "Birds")
    pd.DataFrame(dict(image=["a.jpg", "b.jpg"], label=[0, 1])).to_parquet(file)
    with pytest.raises(ValueError, match="column image: expected the bytes of pictures; found .*string"):
        read_parquet_tables(tmp_path, ["label"], "Birds")


def test_a_column_of_bytes_alone_is_one_of_pictures(tmp_path):
    cells = [cell["bytes"] for cell in as_cells([0, 1], [1, 0])]
    pd.DataFrame(dict(jpg=cells, label=[0, 1])).to_parquet(tmp_path / "train.parquet")
    rows = read_parquet_tables(tmp_path, ["label"], "Birds", image="jpg").rows
    assert np.array_equal(rows.file, ["train.parquet/jpg/0", "train.parquet/jpg/1"])
