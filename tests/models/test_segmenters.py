"The call that all segmenters share."

import numpy as np
import pytest

from spurious_core.models.segmenters import Segmenter


class FirstLetter(Segmenter):
    "As bright as the first letter of its phrase; notes the sizes of its batches."

    def __init__(self):
        self.sizes = []

    def masks_of(self, images, phrases):
        self.sizes.append(len(images))
        level = np.array([ord(phrase[0]) for phrase in phrases], np.float32)
        return np.broadcast_to(level[:, None, None] / 255, images.shape[:3])


IMAGES = np.zeros((5, 4, 6, 3), np.uint8)


def test_masks_come_in_the_order_of_the_pictures_whatever_the_batch():
    segmenter = FirstLetter()
    masks = segmenter(IMAGES, ["a", "b", "c", "d", "e"], batch=2)
    assert masks.shape == (5, 4, 6)
    assert (masks[:, 0, 0] * 255).round().tolist() == [97, 98, 99, 100, 101]
    assert segmenter.sizes == [2, 2, 1]


def test_one_phrase_serves_all():
    assert (FirstLetter()(IMAGES, "a") == np.float32(97) / 255).all()


@pytest.mark.parametrize(
    "phrases, batch, message",
    [
        (["a"], 32, "1 phrases for 5 images"),
        ("  ", 32, "phrase=.* must be a text that says something"),
        ("a", 0, "batch=0"),
    ],
)
def test_bad_questions_are_refused(phrases, batch, message):
    with pytest.raises(ValueError, match=message):
        FirstLetter()(IMAGES, phrases, batch)
