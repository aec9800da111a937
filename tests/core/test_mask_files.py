"All masks mean the same, or are refused."

import os
import re

import numpy as np
import pytest
from PIL import Image

from spurious_core.core.mask_files import as_mask, mask_square, open_mask

RING = np.zeros((8, 12), bool)
RING[2:6, 3:9] = True
GREY = RING.astype(np.uint8) * 255


@pytest.mark.parametrize(
    "same",
    [
        RING,
        RING.astype(np.uint8),
        RING.astype(int),
        GREY,
        GREY.astype(int),
        RING * 1.0,
        RING * np.uint16(65535),
    ],
    ids=["bool", "0/1", "int 0/1", "0..255", "int 0..255", "float", "16 bits"],
)
def test_arrays_of_all_kinds_mean_the_same(same):
    mask = as_mask(same)
    assert mask.dtype == np.float32 and np.array_equal(mask, RING)
    assert np.array_equal(as_mask(same[None]), RING[None])


def test_soft_masks_stay_soft():
    assert as_mask(np.full((2, 2), 0.25))[0, 0] == 0.25
    assert as_mask(np.full((2, 2), 51, np.uint8) + np.eye(2, dtype=np.uint8))[0, 1] == np.float32(0.2)


@pytest.mark.parametrize(
    "unclear",
    [GREY * 1.0, RING * -1, RING * 70000, np.full((4, 4), np.nan), RING[0], np.array([["a", "b"]])],
    ids=["floats to 255", "negative", "too large", "NaN", "one row", "text"],
)
def test_what_could_mean_two_things_is_refused(unclear):
    with pytest.raises(ValueError, match="mask of"):
        as_mask(unclear)


@pytest.mark.parametrize(
    "shape, why",
    [
        ((8, 12, 3), "a picture of 3 channels"),
        ((8, 12, 2), "a picture of 2 channels"),
        ((0, 0), "expected"),
        ((8, 0), "expected"),
        ((3, 0, 8), "expected"),
    ],
)
def test_a_shape_that_is_no_masks_is_refused(shape, why):
    for dtype in (bool, np.uint8, float):
        with pytest.raises(ValueError, match=rf"mask of shape {re.escape(str(shape))}: {why}.*\[..., H, W\]"):
            as_mask(np.zeros(shape, dtype))


def test_no_masks_at_all_are_masks():
    assert as_mask(np.zeros((0, 8, 12), bool)).shape == (0, 8, 12)


@pytest.mark.parametrize("largest", [32, 255])
def test_greys_of_8_bits_in_16_are_not_nearly_black(tmp_path, largest):
    greys = RING.astype(np.uint16) * np.uint16(largest)
    why = rf"uint16 in \[0, {largest}\]: greys of 8 bits. .* white is 65535; give 0..255 as uint8"
    with pytest.raises(ValueError, match=why):
        as_mask(greys)
    Image.fromarray(greys).save(tmp_path / "greys.png")
    with pytest.raises(ValueError, match=f"greys.png: .*{why}"):
        open_mask(tmp_path / "greys.png")
    assert np.array_equal(as_mask(RING.astype(np.uint16) * np.uint16(256)) > 0, RING)


@pytest.mark.parametrize("largest", [2, 31])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, int])
def test_numbers_of_things_are_no_mask(tmp_path, dtype, largest):
    labels = RING.astype(dtype) * dtype(largest)
    why = rf"in \[0, {largest}\]: numbers of things. expected 0 and 1 .*, or greys 0..255"
    with pytest.raises(ValueError, match=why):
        as_mask(labels)
    Image.fromarray(labels.astype(np.uint8)).save(tmp_path / "labels.png")
    with pytest.raises(ValueError, match=f"labels.png: .*{why}"):
        open_mask(tmp_path / "labels.png")
    assert as_mask(labels == largest).max() == 1


def palette():
    image = Image.fromarray(RING.astype(np.uint8), "P")
    image.putpalette([0, 0, 0, 128, 0, 0])  # the red of a well-known set, whose luminance is 38
    return image


FILES = dict(
    bits=Image.fromarray(RING),
    zero_one=Image.fromarray(RING.astype(np.uint8)),
    grey=Image.fromarray(GREY),
    colours=Image.fromarray(np.dstack([GREY] * 3)),
    palette=palette(),
    alpha=Image.fromarray(np.dstack([np.full((8, 12, 3), 90, np.uint8), GREY])),
    opaque=Image.fromarray(np.dstack([GREY] * 3 + [np.full_like(GREY, 255)])),
    sixteen=Image.fromarray(RING.astype(np.uint16) * 65535),
)


@pytest.mark.parametrize("kind", FILES)
def test_files_of_all_kinds_mean_the_same(tmp_path, kind):
    FILES[kind].save(tmp_path / "mask.png")
    assert np.array_equal(open_mask(tmp_path / "mask.png"), RING)
    assert np.array_equal(open_mask(str(tmp_path / "mask.png")), RING)


def test_a_mask_is_upright_as_its_picture_is(tmp_path):
    tag = Image.Exif()
    tag[0x0112] = 6
    FILES["grey"].save(tmp_path / "mask.png", exif=tag)
    assert open_mask(tmp_path / "mask.png").shape == (12, 8)


def test_files_that_are_no_mask_are_named(tmp_path):
    coloured = np.dstack([GREY, GREY, GREY * 0])
    many = Image.fromarray(np.arange(96, dtype=np.uint8).reshape(8, 12) % 5, "P")
    many.putpalette(list(range(15)))
    for name, image, why in (
        ("colour.png", Image.fromarray(coloured), "a coloured picture is no mask"),
        ("many.png", many, "a palette with 5 entries"),
    ):
        image.save(tmp_path / name)
        with pytest.raises(ValueError, match=f"{name}: {why}"):
            open_mask(tmp_path / name)
    (tmp_path / "broken.png").write_bytes((tmp_path / "many.png").read_bytes()[:50])
    with pytest.raises(OSError, match="broken.png: broken"):
        open_mask(tmp_path / "broken.png")


def test_in_a_palette_the_transparent_colour_is_the_ground(tmp_path):
    for ground in (0, 1):
        numbers = np.where(RING, 1 - ground, ground).astype(np.uint8)
        image = Image.fromarray(numbers, "P")
        image.putpalette([0, 0, 0, 128, 0, 0])
        image.save(tmp_path / "mask.png", transparency=ground)
        assert np.array_equal(open_mask(tmp_path / "mask.png"), RING)
    image = Image.fromarray(RING + np.eye(8, 12, dtype=np.uint8), "P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    image.save(tmp_path / "mask.png", transparency=0)
    with pytest.raises(ValueError, match="mask.png: a palette with 3 entries; give a mask of one thing"):
        open_mask(tmp_path / "mask.png")


def test_a_mask_that_would_hang_or_fill_the_memory_is_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(OSError, match="pipe.png: is no regular file"):
        open_mask(tmp_path / "pipe.png")
    with pytest.raises(FileNotFoundError, match="gone.png: missing"):
        open_mask(tmp_path / "gone.png")
    FILES["grey"].save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    with pytest.raises(OSError, match="bomb.png: broken: .*96 pixels"):
        open_mask(tmp_path / "bomb.png")


def test_a_mask_has_the_shape_of_its_picture(tmp_path):
    FILES["grey"].save(tmp_path / "mask.png")
    FILES["colours"].save(tmp_path / "picture.png")
    square = mask_square(tmp_path / "mask.png", tmp_path / "picture.png", 8)
    assert np.array_equal(square, RING[:, 2:10])  # its centre
    with pytest.raises(ValueError, match=r"a mask of shape \(8, 12\) for a picture of shape \(12, 8\)"):
        mask_square(tmp_path / "mask.png", np.zeros((12, 8, 3), np.uint8), 8)
