"What is exported is read back with the libraries that will read it."

import csv
import json
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.data.exports import browsing
from spurious_core.data.exports.browsing import export_fiftyone, export_imagefolder, export_parquet
from spurious_core.data.grouped import GroupedImages
from spurious_core.data.readers.imagefolder import imagefolder
from spurious_core.diffusion.image_sets import METADATA, load_image_set

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3), np.uint8)


@pytest.fixture
def images():
    splits = ["train", "train", "val", "test", "test"]
    table = dict(y=[0, 1, 1, 0, 1], a=[1, 0, 1, 0, 1], split=splits, prompt=["a", None, "b", "c", "d"])
    return GroupedImages(
        pd.DataFrame(table).assign(empty=None), ["cat", "dog"], ["day", "night"], pixels=PIXELS
    )


@pytest.fixture
def image_set(images, tmp_path):
    "The table of an image set, as `load_image_set` reads it from a folder."
    folder = export_imagefolder(images.split("train"), tmp_path / "drawn") / "train"
    rows = [json.loads(line) for line in (folder / METADATA).read_text().splitlines()]
    rows = [row | dict(seed=7, checkpoint="abc", label=None, y=-1) for row in rows]
    (folder / METADATA).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return load_image_set(folder)


def hugging_face(kind, tmp_path, **files):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return datasets.load_dataset(kind, cache_dir=str(tmp_path / "cache"), **files)


def test_parquet_is_read_by_pandas_and_datasets(images, tmp_path, monkeypatch):
    monkeypatch.setattr(browsing, "_PART", 2)  # so that there are several parts
    points = np.arange(10.0).reshape(5, 2)
    file = export_parquet(images, tmp_path / "new/images.parquet", vectors=points + 1, projection=points)
    table = pd.read_parquet(file)
    assert table.label.tolist() == ["cat", "dog", "dog", "cat", "dog"]
    assert table.projection_y.tolist() == points[:, 1].tolist() and table.vector[4].tolist() == [9, 10]
    assert table.prompt.isna().tolist() == [False, True, False, False, False] and table["empty"].isna().all()
    assert [path.name for path in file.parent.iterdir()] == ["images.parquet"]
    rows = hugging_face("parquet", tmp_path, data_files=str(file), split="train")
    assert (np.asarray(rows[3]["image"]) == PIXELS[3]).all() and rows[3]["group"] == "cat, day"


def test_a_file_that_is_there_is_refused(images, tmp_path):
    file = tmp_path / "images.parquet"
    file.write_text("mine")
    with pytest.raises(ValueError, match=f"{file} is there already; choose another file"):
        export_parquet(images, file)
    assert file.read_text() == "mine" and list(tmp_path.iterdir()) == [file]


@pytest.mark.filterwarnings("ignore:out. classes without pictures")
def test_an_imagefolder_is_read_by_datasets_and_by_ourselves(images, tmp_path):
    folder = export_imagefolder(images, tmp_path / "out")
    read = hugging_face("imagefolder", tmp_path, data_dir=str(folder))
    assert {name: len(part) for name, part in read.items()} == dict(train=2, validation=1, test=2)
    assert (np.asarray(read["test"][1]["image"]) == PIXELS[4]).all() and read["test"][1]["label"] == "dog"
    again = imagefolder(folder, 8)
    order = again.manifest.prompt.map({"a": 0, "b": 2, "c": 3, "d": 4}).fillna(1).astype(int)
    assert (again.images() == PIXELS[order]).all() and (again.group == images.group[order]).all()


def test_fiftyones_files(images, tmp_path):
    folder = export_fiftyone(images, tmp_path / "out")
    about = json.loads((folder / "labels.json").read_text())
    assert about["classes"] == ["cat", "dog"]
    assert about["labels"] == dict(zip((f"{i:06d}" for i in range(5)), [0, 1, 1, 0, 1], strict=True))
    table = pd.read_csv(folder / "labels.csv")
    assert all((folder / "data" / name).is_file() for name in table.filepath)
    assert table.group[0] == "cat, night"


def test_an_image_set_goes_all_three_ways(image_set, tmp_path):
    table = pd.read_parquet(export_parquet(image_set, tmp_path / "a.parquet"))
    assert table.seed.tolist() == [7, 7] and table.checkpoint[0] == "abc" and "path" not in table
    export_imagefolder(image_set, tmp_path / "b")
    assert len(load_image_set(tmp_path / "b/train")) == 2
    about = json.loads((export_fiftyone(image_set, tmp_path / "c") / "labels.json").read_text())
    assert about["labels"] == {"000000": None, "000001": None}


def test_bad_shapes_names_and_folders_are_refused(images, tmp_path):
    with pytest.raises(ValueError, match=r"vectors of shape \(4, 2\); expected \(5, D\)"):
        export_parquet(images, tmp_path / "a.parquet", vectors=np.ones((4, 2)))
    with pytest.raises(ValueError, match="must end with .parquet"):
        export_parquet(images, tmp_path / "a.csv")
    images.manifest["image"] = "x"
    with pytest.raises(ValueError, match="a column 'image', which the file needs"):
        export_parquet(images, tmp_path / "a.parquet")
    (tmp_path / "there").touch()
    for export in (export_imagefolder, export_fiftyone):
        with pytest.raises(ValueError, match="is not empty"):
            export(images, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("split", ["a/b", "../x", "a\\b", "..", ".hidden", "C:x", " ", "", 3], ids=repr)
def test_a_split_is_a_plain_name_of_a_folder(image_set, tmp_path, split):
    splits = ["train", split] if isinstance(split, str) else [split, split]
    row = splits.index(split)
    with pytest.raises(ValueError, match=f"row {row}: split={re.escape(repr(split))} must be"):
        export_imagefolder(image_set.assign(split=splits), tmp_path / "out/set")
    assert not (tmp_path / "out").exists()
    folder = export_imagefolder(image_set.assign(split=["a b", None]), tmp_path / "out")
    assert {path.name for path in folder.iterdir()} == {"a b", "train"}


EXPORTS = [export_parquet, export_imagefolder, export_fiftyone]


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize(
    "column, value, reason",
    [
        ("path", None, "row 1: path=None must be a text"),
        ("path", float("nan"), "row 1: path=nan must be a text"),
        ("path", " ", "row 1: path=' ' must be a text"),
        ("x", 2**70, r"row 1: x=1180591620717411303424 must lie in \[-2\^63, 2\^63\)"),
        ("x", float("-inf"), r"row 1: x=-inf must lie in \(-inf, inf\)"),
        ("x", [1, {"z": float("inf")}], r"row 1: x=inf must lie in \(-inf, inf\)"),
        ("x", "\ud800", "row 1: x='.ud800' holds"),
    ],
)
def test_what_a_file_cannot_hold_is_named_alike(image_set, tmp_path, export, column, value, reason):
    plain = pd.Series(["a.png", value], dtype=object)
    out = tmp_path / "out" / "a.parquet"
    with pytest.raises(ValueError, match=f"^{reason}"):
        export(pd.DataFrame(image_set).assign(**{"y": 0, column: plain}), out)
    assert not out.parent.exists()


@pytest.mark.parametrize("export", EXPORTS)
def test_two_columns_of_one_name_are_refused(image_set, tmp_path, export):
    table = pd.DataFrame(image_set)
    for first, second in (("x", "x"), ("3", 3), ("path", "path")):
        twice = pd.concat([table, pd.Series([1, 2], name=first), pd.Series([1, 2], name=second)], axis=1)
        with pytest.raises(ValueError, match=f"the images have two columns '{first}'; rename or drop one"):
            export(twice, tmp_path / "a.parquet")


TAKEN = {
    export_parquet: ["image"],
    export_imagefolder: ["image", "input_file_name"],
    export_fiftyone: ["filepath", "id", "tags", "metadata", "media_type", "created_at", "_x", "costs $5", ""],
}


@pytest.mark.parametrize("column", sorted(set().union(*TAKEN.values())), ids=repr)
@pytest.mark.parametrize("export", EXPORTS)
def test_a_format_refuses_the_names_that_it_has_for_itself(images, image_set, tmp_path, export, column):
    images.manifest[column] = "x"
    for number, each in enumerate((images, pd.DataFrame(image_set).assign(**{"y": 0, column: "x"}))):
        out = tmp_path / f"out/{number}.parquet"
        if column not in TAKEN[export]:
            assert export(each, out).exists()
            continue
        reason = f"a column {re.escape(repr(column))}, which the file needs; rename it"
        with pytest.raises(ValueError, match=reason):
            export(each, out)
        assert not out.exists()


ODD = ["NA", "null", "None", "nan", "", "=1+1", "+a", "-b", "@c", " d ", '"e"', "f,g", "true", "007"]


def test_texts_come_back_as_they_are(tmp_path):
    """Columns of every name that `datasets` leaves alone, and of texts that readers take for something else.

    Of CSV as the notebook reads it: there an empty text is nothing."""
    Image.fromarray(PIXELS[0]).save(tmp_path / "a.png")
    columns = {name: ODD for name in ("label", "images", "x_file_names", "split_", "file", "name")}
    table = pd.DataFrame(columns | dict(path=str(tmp_path / "a.png")))
    folder = export_imagefolder(table, tmp_path / "folder")
    row = hugging_face("imagefolder", tmp_path, data_dir=str(folder), split="train")[0]
    assert row.pop("image").size == (8, 8) and row == dict.fromkeys(columns, "NA")
    file = export_parquet(table, tmp_path / "a.parquet")
    assert pd.read_parquet(file)[list(columns)].to_dict("list") == columns
    rows = hugging_face("parquet", tmp_path, data_files=str(file), split="train")
    assert [each["label"] for each in rows] == ODD
    folder = export_fiftyone(table, tmp_path / "fiftyone")
    read = pd.read_csv(folder / "labels.csv", keep_default_na=False, na_values=[""], dtype=str)
    assert read.label.fillna("").tolist() == ODD
    with (folder / "labels.csv").open(newline="") as lines:
        assert [each["label"] for each in csv.DictReader(lines)] == ODD  # as FiftyOne reads it


def test_what_is_not_there_is_null_in_every_file(image_set, tmp_path):
    table = image_set.assign(x=[float("nan"), 2.0], y=[0.0, float("nan")], z=[[float("nan")], None])
    folder = export_imagefolder(table.drop(columns=["label"]), tmp_path / "a")
    rows = [json.loads(line, parse_constant=pytest.fail) for line in (folder / "train" / METADATA).open()]
    assert [(row["file_name"], row["x"], row["z"]) for row in rows] == [
        ("000000.png", None, "[null]"),
        ("000001.png", 2.0, None),
    ]
    stored = pd.read_parquet(export_parquet(table, tmp_path / "a.parquet"))
    assert stored.x.isna().tolist() == [True, False] and stored.z.isna().tolist() == [False, True]
    assert stored.z[0] == "[null]"


def test_classes_by_number_are_whole_where_one_is_missing(images, tmp_path):
    folder = export_imagefolder(images, tmp_path / "a")
    table = pd.DataFrame(dict(path=sorted(map(str, folder.glob("*/*.png")))))
    folder = export_fiftyone(table.assign(y=[0.0, 1.0, np.nan, 1.0, -1.0]), tmp_path / "b")
    about = json.loads((folder / "labels.json").read_text())
    assert about["classes"] == ["0", "1"] and list(about["labels"].values()) == [0, 1, None, 1, None]


def test_a_failed_export_leaves_nothing(images, tmp_path, monkeypatch):
    monkeypatch.setattr(browsing, "picture_contents", lambda _: iter([("x.png", 3)]))
    with pytest.raises(Exception, match="int"):
        export_parquet(images, tmp_path / "a.parquet")
    assert list(tmp_path.iterdir()) == []
