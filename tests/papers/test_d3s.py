"What could go wrong in the D3S study's parts: accuracies of the wrong group, recipes on unequal terms, a filter that is also a juror."

import numpy as np
import pytest
import torch

from spurious_core.data.miniworld import get_world
from spurious_core.papers.d3s import DEFINITIONS, accuracy_by, compare_recipes, jury_answers, pairs_rendered
from spurious_core.papers.paste import Recipe, rendered_backgrounds, rendered_foregrounds

WORLD = get_world("d3s")
PARTS = rendered_foregrounds(WORLD), rendered_backgrounds()
LABELS = ["boat", "cow"]
PLAIN = dict(batch_size=20, steps=2, progress=False, definitions={})


class Says:
    "A juror that is right where `right(y, a)`; told the answers by the order of the pictures."

    training = False

    def __init__(self, name, right):
        self.name, self.right, self.labels = name, right, LABELS

    def state_dict(self):
        return {self.name: torch.zeros(1)}

    def index(self, l):
        return self.labels.index(l)

    def probs(self, images):
        n = len(images)
        y, a = np.arange(n) // 10 % 2, np.arange(n) % 10
        p = np.where([self.right(*g) for g in zip(y, a)], y, 1 - y)
        return torch.eye(2)[torch.tensor(p)]


def test_accuracies_belong_to_their_group():
    data = pairs_rendered(WORLD, LABELS, 3)
    assert (
        data.y.tolist() == (np.arange(60) // 10 % 2).tolist()
        and data.a.tolist() == (np.arange(60) % 10).tolist()
        and (data.manifest.scene == data.manifest.background).all()
    )
    answers = jury_answers(
        data, [Says("no caves", lambda y, a: a != 9), Says("boats only", lambda y, a: y == 0)]
    )
    t = accuracy_by(answers).set_index(["background", "juror"]).value
    assert t["cave", "no caves"] == 0 and t["sand", "no caves"] == 1 and t["sand", "boats only"] == 0.5
    t = accuracy_by(answers, "label").set_index(["label", "juror"])
    assert (
        t.value["cow", "boats only"] == 0
        and t.value["cow", "no caves"] == pytest.approx(0.9)
        and (t.n == 30).all()
    )


def test_no_juror_twice():
    data = pairs_rendered(WORLD, LABELS, 1)
    j = Says("one", lambda y, a: True)
    with pytest.raises(ValueError, match="same classifier"):
        jury_answers(data, [j, j])
    with pytest.raises(ValueError, match="jury is empty"):
        jury_answers(data, [])


def test_every_class_of_the_world_has_a_definition():
    assert list(DEFINITIONS) == WORLD.labels


def test_without_a_filter_everything_stays_and_recipes_share_their_terms(tiny_pipeline, tmp_path):
    jury = [Says("one", lambda y, a: True)]
    recipes = {"weak": Recipe("photo", strength=0.3), "mask": Recipe("photo", "mask")}
    table, sets = compare_recipes(tiny_pipeline, LABELS, 1, recipes, PARTS, tmp_path, jury, 7, **PLAIN)
    assert all(d.manifest.kept.all() and len(d) == 20 for d in sets.values()) and set(table.measure) == {
        "kept",
        "moved",
        "jury",
    }
    a, b = (d.manifest for d in sets.values())
    assert (a.seed == b.seed).all() and (a.at_x == b.at_x).all()
    assert (table[table.measure == "jury"].value == 1).all() and table[
        table.measure == "moved"
    ].value.between(0, 1).all()
