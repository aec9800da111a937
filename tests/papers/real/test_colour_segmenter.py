"Masks by colour: what stands out is found, what has the colours of the margin is not."

import numpy as np

from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.models.masks import iou
from spurious_core.papers.real.colour_segmenter import ColourSegmenter


def scene(side, thing, ground):
    "A noisy square of one colour before another, and its mask."
    mask = np.zeros((side, side), bool)
    mask[side // 4 : side // 2, side // 3 : 2 * side // 3] = True
    noise = np.random.default_rng(0).integers(-12, 13, (side, side, 3))
    return (np.where(mask[..., None], thing, ground) + noise).clip(0, 255).astype(np.uint8), mask


def test_a_thing_of_another_colour_is_found_at_any_size():
    for side in (64, 200):
        image, mask = scene(side, (200, 40, 40), (40, 120, 60))
        found = ColourSegmenter()(image[None], "anything")
        assert found.shape == (1, side, side) and found.dtype == np.float32
        assert 0 <= found.min() and found.max() <= 1
        assert iou(found, mask[None])[0] > 0.7


def test_the_margin_is_never_part_of_it():
    masks = ColourSegmenter()(draw(sample(get_world("waterbirds"), 8, "train")), "bird") >= 0.5
    assert not masks[:, 0].any() and not masks[:, :, -1].any()


def test_colour_says_more_than_the_place():
    image, mask = scene(64, (200, 40, 40), (40, 120, 60))
    plain = np.full_like(image, 90)
    found, blind = ColourSegmenter()(np.stack([image, plain]), "thing")
    assert iou(found[None], mask[None])[0] > iou(blind[None], mask[None])[0] + 0.2


def test_phrases_change_nothing():
    images = draw(sample(get_world("waterbirds"), 3, "train"))
    one, two = (ColourSegmenter()(images, phrase) for phrase in ("bird", "water"))
    assert np.array_equal(one, two)
