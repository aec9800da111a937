"Digits with a planted colour or texture: a shortcut in training, and only there."

import numpy as np
import pytest

from spurious_core.data.digits import digit_images

ATTRIBUTES = ["colour", "texture"]


@pytest.fixture(scope="module")
def digits():
    return {attribute: digit_images(0.9, 1, attribute, size=16) for attribute in ATTRIBUTES}


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_digits_are_confounded_in_training_only(digits, attribute):
    for split, share in (("train", 0.9), ("val", 0.5), ("test", 0.5)):
        part = digits[attribute].split(split)
        for y in (0, 1):
            assert abs((part.a[part.y == y] == y).mean() - share) < 0.01


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_every_digit_is_there_once(digits, attribute):
    images = digits[attribute]
    assert images.pixels.shape == (1797, 16, 16, 3)
    assert images.manifest.item.is_unique
    assert (images.y == (images.manifest.digit >= 5)).all()


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_the_attribute_can_be_seen(digits, attribute):
    images = digits[attribute]
    mean = images.images().astype(float).mean((1, 2))
    warmth = mean[:, 0] - mean[:, 2]  # red minus blue tells ink or photograph apart
    warm = 0 if attribute == "colour" else 1
    assert warmth[images.a == warm].mean() > warmth[images.a != warm].mean() + 10


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_the_seed_decides_everything(digits, attribute):
    again = digit_images(0.9, 1, attribute, size=16)
    assert np.array_equal(digits[attribute].pixels, again.pixels)
    assert not np.array_equal(again.manifest.item, digit_images(0.9, 2, size=16).manifest.item)


def test_digits_refuse():
    with pytest.raises(ValueError, match="correlation=0.2"):
        digit_images(0.2)
    with pytest.raises(ValueError, match="attribute='smell'"):
        digit_images(attribute="smell")
