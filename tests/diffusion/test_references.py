"References are read with care: what is no picture, too small or too few is named."

import json

import numpy as np
import pytest
from PIL import Image

from spurious_core.diffusion.references import (
    bucket_sizes,
    load_in_buckets,
    load_references,
    read_captions,
    read_references,
)
from support.training import REFS


@pytest.fixture
def folder(tmp_path):
    "Five pictures of different heights, and files that are none."
    for i, image in enumerate(REFS):
        Image.fromarray(image).resize((20, 16 + 4 * i)).save(tmp_path / f"{i}.png")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.png").write_bytes((tmp_path / "0.png").read_bytes()[:70])
    (tmp_path / ".ipynb_checkpoints").mkdir()
    return tmp_path


def test_no_folder_and_an_empty_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_references(tmp_path / "no", 16)
    with pytest.raises(ValueError, match="holds 0 readable"):
        load_references(tmp_path, 16)


def test_what_is_no_picture_is_left_out_and_named(folder):
    with pytest.warns(UserWarning, match="a.txt, b.png") as warned:
        images = load_references(folder, 16)
    assert images.shape == (5, 16, 16, 3)
    assert "DS_Store" not in str(warned[0].message)


def test_too_few_and_too_small(folder):
    needed = "holds 5 readable images, and 6 are needed; not readable: a.txt, b.png"
    with pytest.raises(ValueError, match=needed):
        load_references(folder, 16, 6)
    with (
        pytest.raises(ValueError, match=r"too small: 0.png \(20x16, needed 18x18\)"),
        pytest.warns(UserWarning),
    ):
        load_references(folder, 18)
    with pytest.raises(ValueError, match="2 references are given, and 3 are needed"):
        load_references(REFS[:2], 16)


def test_what_only_classifiers_see_is_enlarged(folder):
    with pytest.warns(UserWarning, match="left out"):
        assert load_references(folder, 18, enlarge=True).shape == (5, 18, 18, 3)


def test_the_first_few_by_name(folder):
    names, images = read_references(folder, 16, limit=3)
    assert names == ["0.png", "1.png", "2.png"]
    assert images.shape == (3, 16, 16, 3)
    assert len(load_references(REFS, 16, limit=4)) == 4


def test_arrays_stay_as_they_are():
    names, images = read_references(REFS, 16)
    assert names[0] == "image 0"
    assert (images == REFS).all()
    with pytest.raises(ValueError, match="must be uint8"):
        load_references(REFS / 255, 16)


def test_the_centre_is_kept_and_nothing_is_stretched(tmp_path):
    striped = np.zeros((16, 48, 3), np.uint8)
    striped[:, 16:32] = 255
    images = [striped, striped.transpose(1, 0, 2), striped]
    for i, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{i}.png")
    assert (load_references(tmp_path, 16) == 255).all()


def test_transparent_references_are_one_warning(tmp_path):
    for i in range(3):
        Image.new("RGBA", (16, 16)).save(tmp_path / f"{i}.png")
    with pytest.warns(UserWarning) as warned:
        images = load_references(tmp_path, 16)
    said = f"{tmp_path}: 3 transparent pictures are laid on white"
    assert [str(warning.message) for warning in warned] == [said]
    assert images.min() == 255


def test_a_photograph_on_its_side_is_turned_upright(tmp_path):
    image = np.zeros((16, 16, 3), np.uint8)
    image[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate by 90 degrees to show"
    for i in range(3):
        Image.fromarray(image).save(tmp_path / f"{i}.png", exif=exif)
    turned = load_references(tmp_path, 16)[0]
    assert (turned == np.rot90(image, -1)).all()


def write_captions(folder, *rows):
    "Writes a metadata.jsonl."
    (folder / "metadata.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def test_captions(tmp_path):
    assert read_captions(tmp_path, ["a", "b"], "a photo of sks") == ["a photo of sks"] * 2
    write_captions(tmp_path, dict(file_name="b", text=" sks in rain "), dict(file_name="a", text="sks"))
    assert read_captions(tmp_path, ["a", "b"], "") == ["sks", "sks in rain"]
    with pytest.raises(ValueError, match="has no text for c"):
        read_captions(tmp_path, ["a", "c"], "")
    with pytest.raises(ValueError, match="no placeholder 'word' in the text of a, b"):
        read_captions(tmp_path, ["a", "b"], "", word="word")


@pytest.mark.parametrize("row", ["a lamp", dict(file_name="a"), dict(file_name="a", text=3), [1]])
def test_captions_that_cannot_be_read(tmp_path, row):
    write_captions(tmp_path, dict(file_name="a", text="sks"), row)
    with pytest.raises(ValueError, match="row 2: expected|line 2 of .* is no JSON object"):
        read_captions(tmp_path, ["a"], "")


def test_buckets_have_the_squares_area_and_sides_that_fit():
    sizes = bucket_sizes(512, 64)
    assert sizes == [(384, 640), (448, 576), (512, 512), (576, 448), (640, 384), (704, 320)][:5]
    for width, height in bucket_sizes(512, 8):
        assert width % 8 == height % 8 == 0 and 0.93 * 512**2 < width * height <= 512**2
        assert 0.5 <= width / height <= 2
    assert bucket_sizes(16, 16) == [(16, 16)]
    assert max(max(size) for size in bucket_sizes(64, 8, longest=64)) == 64


def test_a_picture_goes_into_the_bucket_of_its_proportions(tmp_path):
    for name, size in dict(
        a_wide=(300, 200), b_tall=(200, 300), c_square=(200, 200), d_strip=(900, 100)
    ).items():
        Image.fromarray(np.full((size[1], size[0], 3), 90, np.uint8)).save(tmp_path / f"{name}.png")
    images = load_in_buckets(tmp_path, bucket_sizes(64, 8))
    assert [image.shape[:2] for image in images] == [(48, 80), (80, 48), (64, 64), (48, 80)]
    with pytest.raises(ValueError, match=r"too small: a_wide.png \(300x200, needed 624x416\)"):
        load_in_buckets(tmp_path, bucket_sizes(512, 8))


def test_a_list_of_arrays_is_a_source_of_several_sizes():
    arrays = [np.full((48, 64, 3), 90, np.uint8), np.full((64, 48, 3), 90, np.uint8)]
    images = load_in_buckets(arrays, bucket_sizes(32, 8), 2)
    assert [image.shape[:2] for image in images] == [(24, 40), (40, 24)]
    assert load_references(arrays, 32, 2).shape == (2, 32, 32, 3)
    with pytest.raises(ValueError, match=r"references: image 1 of shape \(\) and type str must be uint8"):
        load_references([arrays[0], "a.png"], 32)
