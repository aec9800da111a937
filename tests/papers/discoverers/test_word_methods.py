"Methods that read captions, with captions and a classifier that are made up."

import numpy as np
import pandas as pd
import torch

from spurious_core.papers.discoverers.reports import reported_features
from spurious_core.papers.discoverers.word_methods import CaptionKeywords, Cooccurrence, random_order

RNG = np.random.default_rng(0)
Y = np.arange(400) % 2
KITE = RNG.random(400) < np.where(Y == 0, 0.8, 0.15)  # goes with the first class


class Calling:
    "Calls the first class whatever has a kite, in half of the pictures, or (blind) what it is."

    labels = ["cat", "dog"]

    def __init__(self, blind=False):
        rng = np.random.default_rng(1)
        right, guess = rng.random(400) < 0.8, KITE & (rng.random(400) < 0.6)
        called = np.where(right, Y, 1 - Y)
        self.called = called if blind else np.where(guess, 0, called)

    def probs(self, images):
        return torch.eye(2)[torch.as_tensor(self.called)]


def describe(images):
    return pd.DataFrame({"prop=kite": KITE, "scene=cave": np.arange(400) // 2 % 2 == 0})


def reported(discover, clf):
    found = reported_features(discover(np.zeros((400, 1, 1, 3), np.uint8), Y, clf))
    return found[found.reported][["label", "feature"]].values.tolist()


def test_keywords_ask_the_classifier_and_cooccurrence_does_not():
    for blind in (False, True):
        assert reported(Cooccurrence(describe), Calling(blind)) == [["cat", "prop=kite"]]
    assert reported(CaptionKeywords(describe), Calling()) == [["cat", "prop=kite"]]
    assert reported(CaptionKeywords(describe), Calling(blind=True)) == []


def test_without_words_there_is_nothing_to_say():
    def silent(images):
        return pd.DataFrame(index=range(400))

    for discover in (Cooccurrence(silent), CaptionKeywords(silent)):
        assert reported(discover, Calling()) == []


def test_chance_depends_on_the_pictures_alone():
    pictures = RNG.integers(0, 255, (5, 4, 4, 3)).astype(np.uint8)
    first, again, other = (random_order(x, Y, Calling()) for x in (pictures, pictures, pictures[1:]))
    assert first.equals(again) and not first.equals(other) and "p" not in first
