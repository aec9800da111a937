"Any batch of pictures as one array, and pictures from and to files."

import io

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from spurious_core.core.files import atomic_write
from spurious_core.core.images import picture, png_bytes, read_images, to_array
from support.memory import peak_of

IMS = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def test_to_array_agrees_over_all_kinds_of_batch():
    x = torch.from_numpy(IMS).permute(0, 3, 1, 2) / 255
    for batch in (
        IMS,
        x,
        x.double(),
        [Image.fromarray(i) for i in IMS],
        list(IMS),
        list(x),
        x.requires_grad_(),
    ):
        assert (to_array(batch) == IMS).all()
    assert to_array(Image.fromarray(IMS[0])).shape == (1, 16, 16, 3)


def test_to_array_clips_a_small_overshoot_and_does_not_wrap():
    assert to_array(torch.tensor([-0.1, 1.1, 0.5]).view(1, 3, 1, 1).expand(1, 3, 2, 2))[0, 0, 0].tolist() == [
        0,
        255,
        128,
    ]


@pytest.mark.parametrize(
    "bad",
    [
        IMS.astype(float),
        IMS[..., :1],
        IMS[:0],
        [],
        torch.zeros(2, 3, 4, 4).byte(),
        torch.full((1, 3, 4, 4), 200.0),
        torch.full((1, 3, 4, 4), -1.0),
        torch.full((1, 3, 4, 4), float("nan")),
        torch.zeros(0, 3, 4, 4),
        torch.zeros(2, 4, 4, 3),
        "x.png",
        [IMS[0], IMS[0, :8]],
    ],
)
def test_to_array_refuses(bad):
    with pytest.raises(ValueError):
        to_array(bad)


def test_picture_is_float_of_the_size_that_was_asked_for(tmp_path):
    Image.fromarray(IMS[0]).save(tmp_path / "a.png")
    assert (picture(tmp_path / "a.png", 16) * 255 == IMS[0]).all()
    assert picture(IMS[0], 8).shape == (8, 8, 3)
    assert picture(IMS[0], 8).dtype == np.float32


def test_picture_keeps_the_centre():
    wide = np.zeros((8, 24, 3), np.uint8)
    wide[:, 8:16] = 255
    assert (picture(wide, 8) == 1).all()


def test_pictures_are_read_into_one_array(tmp_path):
    Image.new("RGB", (128, 128)).save(tmp_path / "x.png")
    images, peak = peak_of(read_images, pd.DataFrame(dict(path=[tmp_path / "x.png"] * 60)))
    assert images.shape == (60, 128, 128, 3)
    assert peak < 1.5 * images.nbytes


def test_transparent_pictures_of_a_set_are_one_warning_a_folder(tmp_path):
    paths = [tmp_path / folder / f"{i}.png" for folder in "ab" for i in range(2)]
    clear = np.dstack([IMS[0], np.zeros((16, 16), np.uint8)])
    for path in paths:
        atomic_write(path, png_bytes(clear))
    atomic_write(tmp_path / "c/0.png", png_bytes(IMS[0]))
    with pytest.warns(UserWarning, match="laid on white") as warned:
        images = read_images(pd.DataFrame(dict(path=[*paths, tmp_path / "c/0.png"])))
    said = [f"{tmp_path / folder}: 2 transparent pictures are laid on white" for folder in "ab"]
    assert [str(warning.message) for warning in warned] == said
    assert (images[:4] == 255).all() and (images[4] == IMS[0]).all()


def test_images_of_a_set_have_one_shape(tmp_path):
    for i, side in enumerate((16, 16, 8)):
        Image.fromarray(IMS[0, :side]).save(tmp_path / f"{i}.png")
    table = pd.DataFrame(dict(path=[tmp_path / f"{i}.png" for i in range(3)]))
    with pytest.raises(ValueError, match=r"2.png has the shape \(8, 16\), and .*0.png has \(16, 16\)"):
        read_images(table)
    with pytest.raises(ValueError, match="the table is empty"):
        read_images(table[:0])


def test_png_bytes_and_read_images_give_the_pixels_back(tmp_path):
    paths = [atomic_write(tmp_path / f"{i}.png", png_bytes(image)) for i, image in enumerate(IMS)]
    assert (read_images(pd.DataFrame(dict(path=paths))) == IMS).all()
    mask = Image.fromarray(IMS[0, :, :, 0])
    assert (np.asarray(Image.open(io.BytesIO(png_bytes(mask)))) == IMS[0, :, :, 0]).all()


def test_pictures_in_memory_mean_what_they_mean_on_disk():
    "16 bits and floats are scaled, transparency is laid on white; what is no picture is refused."
    grey = np.linspace(0, 65535, 16).astype(np.uint16)[None].repeat(16, 0)
    assert np.allclose(picture(Image.fromarray(grey), 16)[0, :, 0], np.linspace(0, 1, 16), atol=1 / 255)
    floats = Image.fromarray(np.linspace(0, 1, 16, dtype=np.float32)[None].repeat(16, 0))
    assert np.allclose(picture(floats, 16)[0, :, 0], np.linspace(0, 1, 16), atol=1 / 255)
    assert (picture(Image.new("RGBA", (4, 4), (0, 0, 0, 0)), 4) == 1).all()
    for bad in (np.zeros((4, 4, 3)), np.zeros((0, 0, 3), np.uint8)):
        with pytest.raises(ValueError, match="must be uint8, and not empty"):
            picture(bad, 4)


def test_a_png_carries_texts_beside_its_pixels():
    opened = Image.open(io.BytesIO(png_bytes(IMS[0], dict(plan="a row", pixels="12ab"))))
    assert opened.text == dict(plan="a row", pixels="12ab")
    assert (np.asarray(opened) == IMS[0]).all()
    assert Image.open(io.BytesIO(png_bytes(IMS[0]))).text == {}


@pytest.mark.parametrize("batch", [lambda image: image, lambda image: [image]])
def test_a_batch_of_pil_pictures_is_read_as_their_files_are(batch, tmp_path):
    "Whatever takes a batch takes Image.open's pictures: 16 bits, transparent, lying on their side."
    grey = np.linspace(0, 65535, 16).astype(np.uint16)[None].repeat(16, 0)
    assert np.allclose(to_array(batch(Image.fromarray(grey)))[0, 0, :, 0], np.arange(16) * 17, atol=1)
    assert (to_array(batch(Image.new("RGBA", (4, 4), (0, 0, 0, 0)))) == 255).all()
    tag = Image.Exif()
    tag[0x0112] = 6
    Image.fromarray(IMS[0, :8]).save(tmp_path / "x.png", exif=tag)
    with Image.open(tmp_path / "x.png") as image:
        assert (to_array(batch(image))[0] == np.rot90(IMS[0, :8], -1)).all()
