"Objects: each has a painter, is whole and near the middle, and looks to either side."

import numpy as np
import pytest

from spurious_core.data.objects import OBJECT_PAINTERS, paint_object
from spurious_core.data.vocabulary import OBJECTS


def layer(object, seed=0):
    return np.asarray(paint_object(np.random.default_rng(seed), object, 256))


def test_every_object_has_a_painter():
    assert list(OBJECT_PAINTERS) == list(OBJECTS)
    with pytest.raises(ValueError, match="object='submarine' is unknown; allowed: boat, car"):
        layer("submarine")


@pytest.mark.parametrize("object", OBJECTS)
def test_an_object_is_whole_and_near_the_middle(object):
    for seed in range(10):
        rows, columns = np.nonzero(layer(object, seed)[..., 3])
        assert 0 < rows.min() and rows.max() < 255
        assert 0 < columns.min() and columns.max() < 255
        assert abs(rows.mean() / 256 - 0.52) < 0.2
        assert abs(columns.mean() / 256 - 0.5) < 0.2
        assert 0.03 < len(rows) / 256**2 < 0.45


def test_objects_face_either_side():
    "The beak is the only thing of its colour, left or right of the bird's middle."
    sides = set()
    for seed in range(10):
        picture = layer("waterbird", seed)
        beak = np.nonzero((picture[..., :3] == (245, 150, 20)).all(-1))[1].mean()
        sides.add(beak > np.nonzero(picture[..., 3])[1].mean())
    assert sides == {True, False}


def test_hair_is_blond_or_dark():
    brightness = {who: layer(who)[..., :3][layer(who)[..., 3] > 0].mean() for who in OBJECTS[10:]}
    assert brightness["blond woman"] > brightness["dark woman"] + 10
    assert brightness["blond man"] > brightness["dark man"] + 5
