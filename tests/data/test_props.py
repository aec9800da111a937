"Props: each has a painter, stays inside the picture, and a further one does not move the others."

import numpy as np
import pytest

from spurious_core.data.props import PROP_PAINTERS, SLOTS, paint_props
from spurious_core.data.vocabulary import AMOUNTS, PROPS


def alpha(prop, amount, seed=0):
    return np.asarray(paint_props(np.random.default_rng(seed), prop, amount, 256))[..., 3] > 0


def test_every_prop_has_a_painter():
    assert list(PROP_PAINTERS) == list(PROPS)
    with pytest.raises(ValueError, match="prop='tent' is unknown; allowed: lamp, flower"):
        alpha("tent", 1)


def test_there_are_slots_enough():
    assert len(set(SLOTS)) == len(SLOTS) >= AMOUNTS[-1]


@pytest.mark.parametrize("prop", PROPS)
def test_amounts_nest(prop):
    masks = [alpha(prop, amount) for amount in AMOUNTS]
    for fewer, more in zip(masks[:-1], masks[1:], strict=True):
        assert (more >= fewer).all()
        assert more.sum() > 1.2 * fewer.sum()


@pytest.mark.parametrize("prop", PROPS)
def test_a_prop_is_small_and_seen_in_every_slot(prop):
    for seed in range(10):
        assert 0.005 < alpha(prop, 1, seed).mean() < 0.08
