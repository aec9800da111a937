"One way to read a picture, whatever a camera, a microscope, a drawing program or the web made of it."

import io
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, PngImagePlugin

from spurious_core.core.opening import as_stored, centre_square, decode, is_image, open_rgb, parquet_cell

RED, BLUE = (200, 30, 30), (20, 40, 220)


def two_halves(width=40, height=20):
    "A picture whose left half is red and whose right half is blue."
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = RED, BLUE
    return Image.fromarray(pixels)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tif", "avif"])
def test_a_telephone_picture_is_upright(tmp_path, ending):
    tag = Image.Exif()
    tag[0x0112] = 6  # to be turned by 90 degrees: the left half is above
    two_halves().save(tmp_path / f"x.{ending}", exif=tag)
    pixels = np.asarray(open_rgb(tmp_path / f"x.{ending}")).astype(int)
    assert pixels.shape == (40, 20, 3)
    assert np.abs(pixels[5, 10] - RED).max() < 12 and np.abs(pixels[35, 10] - BLUE).max() < 12


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_sixteen_bits_are_scaled(tmp_path, ending):
    ramp = np.arange(0, 65536, 257, dtype=np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / f"x.{ending}")
    pixels = np.asarray(open_rgb(tmp_path / f"x.{ending}"))
    assert pixels[..., 0].ravel().tolist() == list(range(256))


@pytest.mark.parametrize("low, high", [(0, 1), (0, 255), (0, 65535), (-3, 5), (0, 1e6)])
def test_floats_are_scaled_by_their_range(tmp_path, low, high):
    ramp = np.linspace(low, high, 256, dtype=np.float32).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "x.tif")
    pixels = np.asarray(open_rgb(tmp_path / "x.tif"))[..., 0].ravel()
    assert pixels.tolist() == list(range(256))


def test_floats_with_nan_are_refused(tmp_path):
    Image.fromarray(np.full((4, 4), np.nan, np.float32)).save(tmp_path / "x.tif")
    with pytest.raises(OSError, match="x.tif: broken: it holds NaN"):
        open_rgb(tmp_path / "x.tif")


def transparent(mode):
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    if mode == "P":
        image = image.quantize(4)
        image.info["transparency"] = bytes([0, 0, 0, 0])
        return image
    image.putalpha(0)
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_shows_the_ground(tmp_path, mode):
    transparent(mode).save(tmp_path / "x.png")
    with pytest.warns(UserWarning, match=f"{tmp_path}: 1 transparent pictures are laid on white"):
        assert np.asarray(open_rgb(tmp_path / "x.png")).min() == 255
    with pytest.warns(UserWarning, match="laid on black"):
        assert np.asarray(open_rgb(tmp_path / "x.png", ground="black")).max() == 0


def test_an_opaque_alpha_channel_says_nothing(tmp_path):
    two_halves().convert("RGBA").save(tmp_path / "x.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.asarray(open_rgb(tmp_path / "x.png"))[0, 0].tolist() == list(RED)


@pytest.mark.parametrize("ending", ["tif", "jfif", "avif", "gif", "ppm", "jp2", "jpg", "PNG", "webp", "bmp"])
def test_every_ending_that_pillow_opens(tmp_path, ending):
    file = tmp_path / f"x.{ending}"
    two_halves().save(file)
    assert is_image(file)
    assert np.abs(np.asarray(open_rgb(file)).astype(int)[10, 5] - RED).max() < 12


def test_the_first_frame_of_a_film(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, BLUE)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    assert np.asarray(open_rgb(tmp_path / "x.gif"))[0, 0].tolist() == list(RED)


@pytest.mark.parametrize("name", ["notes.txt", ".hidden.png", "figure.eps", "film.mpg", "png"])
def test_what_is_no_picture_by_its_name(name):
    assert not is_image(name)


def test_a_pipe_a_folder_and_nothing_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    for name, kind, why in (
        ("pipe.png", OSError, "is no regular file"),
        ("folder.png", OSError, "is no regular file"),
        ("gone.png", FileNotFoundError, "missing"),
    ):
        with pytest.raises(kind, match=f"{name}: {why}"):
            open_rgb(tmp_path / name)


def test_a_bomb_is_named_and_never_decoded(tmp_path, monkeypatch):
    two_halves().save(tmp_path / "x.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(OSError, match="x.png: too large: .*800 pixels"):
        open_rgb(tmp_path / "x.png")


def test_a_broken_file_is_named(tmp_path):
    two_halves().save(tmp_path / "x.png")
    (tmp_path / "x.png").write_bytes((tmp_path / "x.png").read_bytes()[:60])
    with pytest.raises(OSError, match="x.png: broken"):
        decode(tmp_path / "x.png")


def test_what_is_stored_is_neither_turned_nor_converted(tmp_path):
    tag, texts = Image.Exif(), PngImagePlugin.PngInfo()
    tag[0x0112] = 6
    texts.add_text("plan", "a boat")
    two_halves().convert("L").save(tmp_path / "x.png", exif=tag, pnginfo=texts)
    stored = as_stored(tmp_path / "x.png")
    assert stored.pixels.shape == (20, 40)
    assert stored.texts["plan"] == "a boat"


def test_what_cannot_be_read_is_not_stored(tmp_path, monkeypatch):
    two_halves().save(tmp_path / "whole.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "whole.png").read_bytes()[:60])
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("half", "text", "folder", "pipe", "gone"):
        assert as_stored(tmp_path / f"{name}.png") is None
    assert as_stored(tmp_path / "whole.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    assert as_stored(tmp_path / "whole.png") is None


def test_the_centre_is_kept_and_never_squeezed():
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 200
    for image in (Image.fromarray(pixels), Image.fromarray(pixels.transpose(1, 0, 2))):
        assert (np.asarray(centre_square(image, 20)) == 200).all()


def test_a_strip_is_cut_before_it_is_resized(monkeypatch):
    sizes = []
    resize = Image.Image.resize

    def recorded(self, size, *args, **kwargs):
        sizes.append(size)
        return resize(self, size, *args, **kwargs)

    monkeypatch.setattr(Image.Image, "resize", recorded)
    centre_square(Image.fromarray(np.zeros((2, 10_000, 3), np.uint8)), 512)
    assert sizes == [(512, 512)]


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
def test_damaged_exif_data_leave_the_pixels_as_they_are(tmp_path, ending):
    two_halves().save(tmp_path / f"x.{ending}", exif=b"Exif\0\0garbage" if ending == "jpg" else b"garbage")
    pixels = np.asarray(open_rgb(tmp_path / f"x.{ending}")).astype(int)
    assert np.abs(pixels[10, 5] - RED).max() < 12 and np.abs(pixels[10, 35] - BLUE).max() < 12


def test_sixteen_bits_with_a_transparent_value_are_scaled_too(tmp_path):
    grey = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(grey).save(tmp_path / "x.png", transparency=0)
    with pytest.warns(UserWarning, match="1 transparent pictures are laid on white"):
        pixels = np.asarray(open_rgb(tmp_path / "x.png"))[..., 0].ravel()
    assert pixels.tolist() == [255, *range(1, 256)]
    Image.fromarray(grey).save(tmp_path / "x.png", transparency=7)  # which no pixel has
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.asarray(open_rgb(tmp_path / "x.png"))[..., 0].ravel().tolist() == list(range(256))


def parquet_of(path, contents, **options):
    cells = [dict(bytes=content, path=None) for content in contents]
    pd.DataFrame(dict(image=cells)).to_parquet(path, **options)


def png(k):
    content = io.BytesIO()
    Image.new("RGB", (4, 4), (k, 0, 0)).save(content, "PNG")
    return content.getvalue()


def test_a_cell_of_a_parquet_file_is_a_picture(tmp_path):
    parquet_of(tmp_path / "x.parquet", map(png, range(5)), row_group_size=2)
    found = [np.asarray(open_rgb(tmp_path / f"x.parquet/image/{k}"))[0, 0, 0] for k in (4, 0, 3, 1, 2)]
    assert found == [4, 0, 3, 1, 2]
    parquet_of(tmp_path / "x.parquet", map(png, range(50, 55)))
    assert np.asarray(open_rgb(tmp_path / "x.parquet/image/1"))[0, 0, 0] == 51


@pytest.mark.parametrize(
    "cell, error, why",
    [
        ("x.parquet/image/2", FileNotFoundError, "image/2: missing"),
        ("x.parquet/image/4", FileNotFoundError, "image/4: missing"),
        ("y.parquet/image/0", FileNotFoundError, "y.parquet: missing"),
        ("x.parquet/image/1", OSError, "image/1: broken: "),
        ("x.parquet/image/3", OSError, "image/3: broken: its 4 bytes are no picture$"),
        ("x.parquet/picture/0", OSError, "picture/0: broken: "),
        ("half.parquet/image/0", OSError, "image/0: broken: .*half.parquet is damaged, or no parquet file"),
    ],
)
def test_a_cell_without_a_picture_is_named(tmp_path, cell, error, why):
    parquet_of(tmp_path / "x.parquet", [png(0), png(0)[:30], None, b"junk"])
    (tmp_path / "half.parquet").write_bytes((tmp_path / "x.parquet").read_bytes()[:200])
    with pytest.raises(error, match=why):
        open_rgb(tmp_path / cell)


def test_paths_of_files_are_no_cells(tmp_path):
    folder = tmp_path / "birds.parquet"
    (folder / "image").mkdir(parents=True)
    for path in ("17.png", "birds.parquet/image/a.png", "birds.parquet/image/17", "image/17"):
        assert parquet_cell(tmp_path / path) is None
    assert parquet_cell("a/b.parquet/image/017") == (Path("a/b.parquet"), "image", 17)
