"The vocabulary and the grammar of captions, which the embedded diffusion model was trained on."

import pytest

from spurious_core.data.vocabulary import AMOUNTS, OBJECTS, PROPS, SCENES, caption


@pytest.mark.parametrize(
    "content, expected",
    [
        (("boat", "water"), "a photo of a boat in water"),
        (("boat", "water", "buoy"), "a photo of a boat in water with buoys"),
        (("boat", "water", "buoy", True), "a photo of a faint boat in water with buoys"),
        ((None, "night"), "a photo of an empty scene at night"),
        ((None, "night", None, True), "a photo of an empty scene at night"),
    ],
)
def test_captions(content, expected):
    assert caption(*content) == expected


def test_the_sizes_that_the_embedded_models_know():
    assert (len(OBJECTS), len(SCENES), len(PROPS), len(AMOUNTS)) == (14, 10, 8, 4)
    assert len({*OBJECTS, *SCENES, *PROPS}) == 32  # no word means two things
