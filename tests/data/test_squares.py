"Pictures from disk: any kind of file becomes an RGB square, and what cannot be read comes in one error."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.data.grouped import GroupedImages
from spurious_core.data.squares import read_squares, unreadable
from support.grouped_sets import on_disk
from support.memory import peak_of


def one_class(files, root, size, **columns):
    manifest = pd.DataFrame(dict(y=0, a=0, split="train", file=files, **columns))
    return GroupedImages(manifest, ["x"], ["none"], root=root, size=size)


def test_a_set_in_memory_is_read_into_one_array(tmp_path):
    Image.new("RGB", (128, 128)).save(tmp_path / "x.png")
    held, peak = peak_of(one_class(["x.png"] * 80, tmp_path, 128).in_memory)
    assert held.pixels.shape == (80, 128, 128, 3)
    assert peak < 1.6 * held.pixels.nbytes


def test_missing_files_are_named(tmp_path):
    images = on_disk(tmp_path / "d")
    (tmp_path / "d/2.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 11 images.*2\.png \(missing\)"):
        images.images()
    assert len(images.images([0, 1, 3])) == 3  # the others can still be read


def test_missing_and_broken_files_come_in_one_error(tmp_path):
    images = on_disk(tmp_path / "d")
    (tmp_path / "d/2.png").unlink()
    half = (tmp_path / "d/5.png").read_bytes()[:50]
    for name, content in (("4.png", b""), ("5.png", half), ("9.png", b"<html>404</html>")):
        (tmp_path / "d" / name).write_bytes(content)
    with pytest.raises(OSError) as error:
        images.images()
    text = str(error.value)
    assert "4 of 11 images" in text
    for sentence in ("2.png (missing)", "4.png (broken", "5.png (broken", "9.png (broken"):
        assert sentence in text


def test_who_reads_a_batch_hears_of_all_files_of_the_set(tmp_path):
    images = on_disk(tmp_path / "d")
    for name in ("2.png", "5.png", "9.png"):
        (tmp_path / "d" / name).write_bytes(b"no picture")
    with pytest.raises(OSError, match=r"3 of 11 images cannot be read: .*2\.png .*5\.png .*9\.png"):
        images.images([4, 5])
    assert unreadable([tmp_path / "d/4.png"], [None]) is None


def test_only_the_first_five_are_named(tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(7)]
    with pytest.raises(FileNotFoundError, match=r"7 of 7 .*4\.png \(missing\); \.\.\.$"):
        read_squares(paths, 8, [None] * 7)


def test_no_files_are_an_empty_batch():
    assert read_squares([], 8, []).shape == (0, 8, 8, 3)


def test_any_kind_of_file_becomes_an_rgb_square(tmp_path):
    grey = Image.fromarray(np.random.default_rng(0).integers(0, 255, (30, 50), np.uint8))
    modes = {"l.png": "L", "p.gif": "P", "a.png": "RGBA", "c.jpg": "CMYK", "b.bmp": "1"}
    for name, mode in modes.items():
        grey.convert(mode).save(tmp_path / name)
    grey.convert("I").convert("I;16").save(tmp_path / "i.png")
    images = one_class([*modes, "i.png"], tmp_path, 20)
    assert images.images().shape == (6, 20, 20, 3)
    assert np.array_equal(images.images([0]), images.images([2]))


def test_transparent_pictures_are_one_warning_a_folder(tmp_path):
    files = [f"{folder}/{i}.png" for folder in "ab" for i in range(2)]
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        Image.new("RGBA", (8, 8)).save(tmp_path / file)
    Image.new("RGB", (8, 8)).save(tmp_path / "black.png")
    with pytest.warns(UserWarning, match="laid on white") as warned:
        images = one_class([*files, "black.png"], tmp_path, 8).images()
    said = [f"{tmp_path / folder}: 2 transparent pictures are laid on white" for folder in "ab"]
    assert [str(warning.message) for warning in warned] == said
    assert images.min((1, 2, 3)).tolist() == [255, 255, 255, 255, 0]


def test_the_centre_square_is_read(tmp_path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    Image.fromarray(wide.transpose(1, 0, 2)).save(tmp_path / "tall.png")
    assert (one_class(["wide.png", "tall.png"], tmp_path, 10).images() == 200).all()


def test_a_box_is_cut_out_first_and_must_fit(tmp_path):
    halves = np.zeros((8, 16, 3), np.uint8)
    halves[:, 8:] = 255
    Image.fromarray(halves).save(tmp_path / "x.png")
    images = one_class("x.png", tmp_path, 8, box=[(0, 0, 8, 8), (8, 0, 16, 8), None])
    black, white, both = images.images()
    assert black.max() == 0
    assert white.min() == 255
    assert 0 < both.mean() < 255
    too_wide = replace(images, manifest=images.manifest.assign(box=[(8, 0, 17, 8)] * 3))
    with pytest.raises(OSError, match="16 x 8 pixels do not hold the box"):
        too_wide.images()
