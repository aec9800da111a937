"Folders as people have them: what is read, what is not and is named, and what could be read in two ways."

import json
import os

import pytest
from PIL import Image

from spurious_core.data.readers.folder_tables import read_metadata_table, split_of, tables_by_split


def put(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(root / name, "PNG")
    return root


def files_of(root):
    found = tables_by_split(root, "x")
    return {
        (place, name): label
        for place, table in found.tables.items()
        for name, label in zip(table.file_name, table.label, strict=True)
    }, found.left_out


@pytest.mark.parametrize(
    "word, split",
    [("train", "train"), ("Training", "train"), ("valid", "val"), ("dev", "val"), ("VALIDATION", "val")]
    + [("testing", "test"), ("holdout", None), ("trains", None)],
)
def test_words_for_splits(word, split):
    assert split_of(word) == split


def test_hidden_folders_are_no_classes(tmp_path):
    put(tmp_path, "cat/0.png", ".ipynb_checkpoints/0.png", "cat/.ipynb_checkpoints/0.png", "__MACOSX/0.png")
    assert files_of(tmp_path) == ({("", "cat/0.png"): "cat"}, [])


def test_pictures_in_folders_below_a_class_belong_to_it(tmp_path):
    put(tmp_path, "cat/day 1/0.png", "cat/day 2/0.png", "dog/1.png")
    files, left_out = files_of(tmp_path)
    assert set(files) == {("", "cat/day 1/0.png"), ("", "cat/day 2/0.png"), ("", "dog/1.png")}
    assert left_out == []


def test_a_folder_or_a_pipe_with_the_name_of_a_picture_is_none(tmp_path):
    put(tmp_path, "cat/0.png")
    (tmp_path / "cat/folder.png").mkdir()
    os.mkfifo(tmp_path / "cat/pipe.png")
    assert files_of(tmp_path) == ({("", "cat/0.png"): "cat"}, ["cat/pipe.png"])


def test_whatever_is_left_out_is_named(tmp_path):
    put(tmp_path, "cat/0.png", "loose.png")
    (tmp_path / "cat" / "notes.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    files, left_out = files_of(tmp_path)
    assert set(files) == {("", "cat/0.png")}
    assert sorted(left_out) == ["cat/notes.txt", "loose.png"]
    (tmp_path / ".thumbs").mkdir()
    (tmp_path / ".thumbs" / "0.png").touch()
    assert tables_by_split(tmp_path, "x").not_taken(tmp_path) == [
        "2 files (loose.png, cat/notes.txt)",
        "1 hidden pictures (.thumbs/0.png)",
        "1 folders without pictures (empty/)",
    ]


def test_pictures_that_the_metadata_do_not_name_are_left_out_and_named(tmp_path):
    put(tmp_path, "0.png", "1.png")
    (tmp_path / "metadata.csv").write_text("file_name,label\n0.png,cat\n")
    assert files_of(tmp_path) == ({("", "0.png"): "cat"}, ["1.png"])


def test_a_class_may_be_called_train(tmp_path):
    assert set(files_of(put(tmp_path, "train/0.png", "boat/1.png"))[0].values()) == {"train", "boat"}


def test_splits_beside_classes_are_refused(tmp_path):
    put(tmp_path, "train/cat/0.png", "test/cat/0.png", "boat/1.png")
    with pytest.raises(ValueError, match="holds the splits train, test and beside them boat"):
        tables_by_split(tmp_path, "x")


def test_splits_without_classes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="test, train hold pictures and no folders named after the classes"):
        tables_by_split(put(tmp_path, "train/0.png", "test/1.png"), "x")


@pytest.mark.parametrize(
    "labels",
    [["NA", "None", "null", "true", "00", "nan"], ["00", "01"], ["1.0", "2.5"], ["-0", "1"]],
    ids=["words", "leading zeros", "numbers", "minus zero"],
)
def test_labels_of_a_csv_file_stay_as_they_are_written(tmp_path, labels):
    lines = [f"{i}.png,{label}" for i, label in enumerate(labels)]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,label", *lines]), encoding="utf-8-sig")
    assert read_metadata_table(tmp_path, "x").label.tolist() == labels


def test_numbers_of_a_csv_file_are_numbers(tmp_path):
    (tmp_path / "metadata.csv").write_text("file_name,y,score,label\n0.png,1,0.5,0\n1.png,0,1e-3,3\n")
    table = read_metadata_table(tmp_path, "x")
    assert (
        table.y.tolist() == [1, 0] and table.score.tolist() == [0.5, 1e-3] and table.label.tolist() == [0, 3]
    )


def test_lines_of_json_end_at_a_line_feed_only(tmp_path):
    rows = [dict(file_name="0.png", text="a\u2028b\u0085c"), dict(file_name="1.png", text="d")]
    text = "\ufeff" + "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (tmp_path / "metadata.jsonl").write_text(text, encoding="utf-8")
    assert read_metadata_table(tmp_path, "x").text.tolist() == ["a\u2028b\u0085c", "d"]


def test_a_name_that_is_no_text_is_refused(tmp_path):
    put(tmp_path, "cat/0.png")
    os.rename(tmp_path / "cat/0.png", os.fsencode(tmp_path / "cat") + b"/\xff.png")
    with pytest.raises(ValueError, match="is no UTF-8; rename it"):
        tables_by_split(tmp_path, "x")
