"Accuracies, mistakes, copies and words, each against a table counted by hand."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from spurious_core.app.audit.findings import (
    class_accuracies,
    class_component,
    confident_mistakes,
    duplicates,
)
from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.models.classifier import Classifier


@pytest.fixture
def subject():
    y, predicted = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 1, 0])
    p = np.array([0.9, 0.6, 0.8, 0.7, 0.9, 0.99])
    probs = np.where(np.arange(2) == predicted[:, None], p[:, None], 1 - p[:, None])
    manifest = pd.DataFrame(dict(split=["train"] * 3 + ["test"] * 3, file=list("abcdef")))
    images = SimpleNamespace(y=y, labels=["cat", "dog"], manifest=manifest)
    return SimpleNamespace(images=images, predicted=predicted, probs=probs)


def test_accuracy_of_each_class_and_split(subject):
    table = class_accuracies(subject)
    assert table[["label", "split", "n"]].to_numpy().tolist() == [["cat", "train", 3], ["dog", "test", 3]]
    assert table.accuracy.tolist() == pytest.approx([1 / 3, 2 / 3])
    assert ((table.lo < table.accuracy) & (table.accuracy < table.hi)).all()


def test_mistakes_begin_with_the_surest(subject):
    table = confident_mistakes(subject, 2)
    assert table[["row", "label", "called", "file"]].to_numpy().tolist() == [
        [5, "dog", "cat", "f"],
        [2, "cat", "dog", "c"],
    ]
    assert table.p.tolist() == pytest.approx([0.99, 0.8])


@pytest.fixture(scope="module")
def thumbs():
    pictures = draw(sample(get_world("clean"), 60, "train"), 64)
    return np.stack([np.asarray(Image.fromarray(picture).resize((96, 96))) for picture in pictures])


def test_different_pictures_are_no_copies(thumbs):
    assert len(duplicates(thumbs, ["train"] * 60, range(60))) == 0


@pytest.mark.parametrize("change", ["brighter", "resized", "same"])
def test_copies_are_found_in_other_clothes(thumbs, change):
    copy = Image.fromarray(thumbs[7])
    if change == "resized":
        copy = copy.resize((60, 60)).resize((96, 96))
    shift = 4 if change == "brighter" else 0
    copied = np.clip(np.asarray(copy).astype(int) + shift, 0, 255).astype(np.uint8)
    both = np.concatenate([thumbs, copied[None]])
    found = duplicates(both, ["train"] * 60 + ["test"], [0] * 60 + [1])
    assert found.to_numpy().tolist() == [[7, 60, True, False]]


def test_night_skies_that_differ_are_not_the_same():
    dark = np.zeros((2, 96, 96, 3), np.uint8)
    dark[1] += 60  # no comparison tells them apart
    assert len(duplicates(dark, ["train", "test"], [0, 0])) == 0


def test_the_component_of_what_is_wrongly_called_a_class():
    "Class 1's features vary along two axes; its false calls lie far out on the second."
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(90, 4, generator=rng) * torch.tensor([2.0, 1.0, 0.2, 0.2])
    y = np.repeat([1, 0], [50, 40])
    predicted = np.where((y == 0) & (np.arange(90) >= 80), 1, y)
    features[80:, 1] += 6
    layer = torch.nn.Linear(4, 2)
    torch.nn.init.ones_(layer.weight)
    images = SimpleNamespace(y=y, labels=["a", "b"])
    looks = SimpleNamespace(features=features)
    subject = SimpleNamespace(
        images=images, looks=looks, predicted=predicted, judge=Classifier(layer, ["a", "b"])
    )
    pca, component, area = class_component(subject, 1)
    assert (pca.label, component) == ("b", 1) and area > 0.95
    assert class_component(subject, 0)[1:] == (0, None)
