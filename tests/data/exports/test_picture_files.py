"Rows and files of a set of pictures, whatever kind of set it is."

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.data.exports.picture_files import picture_contents, picture_rows
from spurious_core.data.grouped import GroupedImages

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)
MANIFEST = pd.DataFrame(dict(y=[0, 1, 1], a=[1, 0, 1], split=["train", "val", "test"], score=[0.5, None, 2]))


def opened(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def test_codes_have_their_names_beside_them():
    images = GroupedImages(MANIFEST, ["cat", "dog"], ["day", "night"], pixels=PIXELS)
    rows = picture_rows(images)
    assert rows.label.tolist() == ["cat", "dog", "dog"] and rows.attribute.tolist() == [
        "night",
        "day",
        "night",
    ]
    assert rows.group[2] == "dog, night" and rows.score.tolist() == [0.5, None, 2.0]
    assert type(rows.y[0]) is int
    assert (opened(list(picture_contents(images))[1][1]) == PIXELS[1]).all()


def test_files_are_kept_and_others_become_png(tmp_path):
    Image.fromarray(PIXELS[0]).save(tmp_path / "a.jpg")
    Image.fromarray(PIXELS[1]).save(tmp_path / "b.tif")
    Image.fromarray(PIXELS[2]).save(tmp_path / "c.png")
    manifest = MANIFEST.assign(file=["a.jpg", "b.tif", "c.png"], box=[None, None, (2, 2, 6, 6)])
    images = GroupedImages(manifest, ["cat", "dog"], ["day", "night"], root=tmp_path, size=4)
    names, contents = zip(*picture_contents(images), strict=True)
    assert names == ("000000.jpg", "000001.png", "000002.png")
    assert contents[0] == (tmp_path / "a.jpg").read_bytes()
    assert (opened(contents[1]) == PIXELS[1]).all()
    assert (opened(contents[2]) == PIXELS[2][2:6, 2:6]).all()  # the box, not the file
    assert not {"file", "box"} & set(picture_rows(images))


def test_columns_of_numbers_stay_numbers_where_floats_hold_them():
    columns = dict(a=[1, 0.5], b=[2**60 + 1, 0.5], c=[2**60 + 1, None], d=[np.datetime64("2020-02-02"), None])
    table = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    rows = picture_rows(table.assign(path="a.png"))
    assert rows.a.tolist() == [1, 0.5] and rows.b.tolist() == ["1152921504606846977", "0.5"]
    assert rows.c.tolist() == [2**60 + 1, None] and rows.d.tolist() == ["2020-02-02", None]


def test_a_picture_without_a_file_is_named_before_any_is_read():
    images = GroupedImages(MANIFEST.assign(file=["a.jpg", None, "c.jpg"]), ["cat", "dog"], ["day", "night"])
    for read in (picture_rows, lambda images: next(picture_contents(images))):
        with pytest.raises(ValueError, match="row 1: file=(None|nan) must be a text"):
            read(images)
    with pytest.raises(ValueError, match=r"images=\['a.png'\] must be grouped images"):
        picture_rows(["a.png"])


@pytest.mark.parametrize("table", [dict(x=[1]), dict(path=[])], ids=["no path", "no rows"])
def test_what_is_no_table_of_pictures_is_refused(table):
    with pytest.raises(ValueError, match="needs rows and a column path"):
        picture_rows(pd.DataFrame(table))


@pytest.mark.parametrize(
    "column, written", [("label", "cat"), ("attribute", "night"), ("group", "cat, night")]
)
def test_a_manifests_own_names_are_not_written_over(column, written):
    manifest = MANIFEST.assign(**{column: ["patient 1", "patient 2", "patient 3"]})
    images = GroupedImages(manifest, ["cat", "dog"], ["day", "night"], pixels=PIXELS)
    there = f"row 0: {column}='patient 1' in a column of the manifest"
    with pytest.raises(
        ValueError, match=f"{there}, where the name '{written}' is written; rename the column"
    ):
        picture_rows(images)
    renamed = replace(images, manifest=images.manifest.rename(columns={column: "patient"}))
    assert picture_rows(renamed).patient.tolist() == ["patient 1", "patient 2", "patient 3"]


def test_names_that_say_the_same_as_the_codes_may_stand_in_the_manifest():
    images = GroupedImages(MANIFEST, ["cat", "dog"], ["day", "night"], pixels=PIXELS)
    names = picture_rows(images)[["label", "attribute", "group"]]
    again = replace(images, manifest=images.manifest.join(names))
    assert picture_rows(again)[list(names)].equals(names)
