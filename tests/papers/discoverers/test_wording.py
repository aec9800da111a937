"What captions say, and what goes with a class."

import numpy as np

from spurious_core.papers.discoverers.wording import Describer, goes_with_each

SAID = ["a photo of a boat in water with kites", "a photo of an empty scene in a cave", "two cats", "kites"]


class Saying:
    "A captioner that says what it was told to."

    calls = 0

    def __call__(self, images):
        self.calls += 1
        return SAID[: len(images)]


def test_captions_become_columns_and_are_asked_for_once():
    captioner, images = Saying(), np.zeros((4, 2, 2, 3), np.uint8)
    describe = Describer(captioner)
    has = describe(images)
    assert list(has) == ["prop=kite", "scene=water", "scene=cave"]
    assert has.to_numpy().sum(0).tolist() == [1, 1, 1] and has["scene=cave"][1]
    assert describe(images).equals(has) and captioner.calls == 1 and describe.saved > 0
    assert describe.described == 8
    assert describe(images[2:]).shape == (2, 3) and captioner.calls == 2


def test_more_than_in_each_other_class():
    y = np.arange(600) % 3
    share = np.array([0.9, 0.1, 0.1])
    rng = np.random.default_rng(0)
    place = rng.random(600) < share[y]
    # the first class has left the other place to both others, and neither has it more than the other
    p = goes_with_each(np.stack([place, ~place], 1), y, 3)
    assert p[0, 0] < 1e-6 and (p[1:] > 0.05).all() and p[0, 1] > 0.99


def test_by_chance_it_is_rare():
    rng, y = np.random.default_rng(1), np.arange(300) % 3
    p = goes_with_each(rng.random((300, 400)) < 0.2, y, 3)
    assert (p <= 0.05).mean() < 0.02
    assert goes_with_each(np.zeros((300, 0), bool), y, 3).shape == (3, 0)
