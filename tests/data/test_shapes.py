"The brush: where a number lands, what a mirror does, and how layers are put together."

import numpy as np
import pytest
from PIL import Image, ImageDraw

from spurious_core.data.shapes import SUPERSAMPLING, Brush, jitter, over, shrink

WHITE = (255, 255, 255)


@pytest.fixture
def black():
    return Image.new("RGB", (64, 64))


@pytest.fixture
def brush(black):
    return Brush(ImageDraw.Draw(black), 64, np.random.default_rng(0))


def bounds(image):
    "Left, top, right and bottom of what is drawn, in pixels."
    return image.getbbox()


def test_a_number_is_a_fraction_of_the_picture(black, brush):
    brush.rectangle(WHITE, 0.25, 0.5, 0.5, 0.75)
    assert bounds(black) == (16, 32, 33, 49)  # Pillow draws the last pixel too


def test_a_brush_at_a_place_draws_around_it(black, brush):
    brush.at(0.5, 0.5, 0.25).rectangle(WHITE, -1, -1, 1, 1)
    assert bounds(black) == (16, 16, 49, 49)


def test_a_mirrored_brush_exchanges_left_and_right_only(black, brush):
    brush.at(0.5, 0.5, 0.25, mirror=-1).ellipse(WHITE, 0, -1, 1, 0)
    left, top, right, bottom = bounds(black)
    assert (left, top) == (16, 16)
    assert (right, bottom) == (33, 33)


@pytest.mark.parametrize("shape", ["polygon", "line"])
def test_points_are_mirrored(black, brush, shape):
    options = dict(width=2) if shape == "line" else {}
    getattr(brush.at(0.5, 0.5, 0.5, mirror=-1), shape)(WHITE, 0, 0, 1, 0, 1, 1, **options)
    assert bounds(black)[2] <= 34


def test_a_dome_has_no_lower_half(black, brush):
    brush.dome(WHITE, 0.25, 0.25, 0.75, 0.75)
    _, top, _, bottom = bounds(black)
    assert top == 16
    assert bottom <= 34


def test_an_arc_is_not_filled(black, brush):
    brush.arc(WHITE, 0.25, 0.25, 0.75, 0.75, start=0, end=360, width=2)
    assert black.getpixel((32, 32)) == (0, 0, 0)
    assert bounds(black) == (16, 16, 49, 49)


def test_jitter_stays_a_colour_and_follows_its_seed():
    shades = [jitter(np.random.default_rng(seed), (250, 5, 128), 60) for seed in range(50)]
    assert all(0 <= value <= 255 and isinstance(value, int) for shade in shades for value in shade)
    assert shades[0] == jitter(np.random.default_rng(0), (250, 5, 128), 60)
    assert len(set(shades)) > 40
    assert jitter(np.random.default_rng(0), (250, 5, 128), 0) == (250, 5, 128)


def half_covered():
    "A layer whose left half is white."
    layer = Image.new("RGBA", (64, 64))
    ImageDraw.Draw(layer).rectangle((0, 0, 31, 63), fill=WHITE)
    return layer


def test_shrink_averages():
    assert shrink(half_covered()).shape == (64 // SUPERSAMPLING, 64 // SUPERSAMPLING, 4)


@pytest.mark.parametrize("opacity", [0.0, 0.25, 1.0])
def test_over_mixes_by_opacity_inside_the_mask_only(opacity):
    picture = np.full((16, 16, 3), 100, np.float32)
    mixed, mask = over(picture, half_covered(), opacity)
    assert (mask[:, :8] == 1).all()
    assert (mask[:, 8:] == 0).all()
    assert np.allclose(mixed[:, :8], 100 + opacity * 155)
    assert (mixed[:, 8:] == 100).all()


def test_an_opacity_of_float64_leaves_the_picture_in_float32():
    layer = Image.new("RGBA", (8, 8), (255, 0, 0, 255))
    picture, mask = over(np.zeros((2, 2, 3), np.float32), layer, np.float64(0.5))
    assert (picture.dtype, mask.dtype) == (np.float32, np.float32)
    assert picture[0, 0].tolist() == [127.5, 0, 0]
