"An arm learns from its sources alone, in words that name what is beside the object or don't."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.grouped import GroupedImages
from spurious_core.papers.aspire import cure_arms
from spurious_core.papers.aspire.cure_arms import Material, class_sources, draw_cure_arm
from spurious_core.papers.aspire.settings import CURE_ARMS


@pytest.fixture
def material(plan, extracted):
    "Edits 0, 1 and 3 are of cats, 2 is of a dog; pictures are grey, each with its own level."
    manifest = pd.DataFrame(dict(y=[0, 1, 0, 0], a=0, split="train"))
    levels = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    seen = GroupedImages(manifest, ["cat", "dog"], ["none"], pixels=levels)
    phrases = pd.DataFrame(dict(phrase=["lamps", "flags"], cluster=["lamp", "flag"]))
    f = SimpleNamespace(images=levels, after=levels + 100, edits=plan, extracted=extracted, phrases=phrases)
    features = pd.DataFrame([dict(label="cat", kind="foreground", cluster="lamp", spurious=True)])
    return Material(seen, f, features, dict(cat=[3, 0, 1], dog=[2]))


def levels(pictures):
    return pictures[:, 0, 0, 0].tolist()


def test_the_sources_of_a_class(material):
    sources = class_sources(material, "cat", "<cat>")
    assert {name: levels(pictures) for name, (pictures, _) in sources.items()} == dict(
        training=[0, 2, 3], edited=[103, 100, 101], before=[2, 0, 0]
    )
    assert sources["training"][1] is None
    assert sources["edited"][1][0] == "a photo of a <cat> in forest"
    assert sources["before"][1][0] == "a photo of a <cat> in sand"


@pytest.fixture
def drawn_with(material, monkeypatch, tmp_path):
    "What an arm learned and asked for, as keyword arguments by class, without drawing."

    def run(name):
        learned, asked = {}, {}

        def learn(pipe, pictures, label, out, recipe, captions, **changes):
            learned[label] = (
                dict(levels=levels(pictures), recipe=recipe, captions=captions, out=out) | changes
            )
            return out / "adapter"

        def draw(pipe, labels, n, out, adapters, recipe, seed, prompts, **options):
            asked.update(
                labels=labels, n=n, adapters=adapters, recipe=recipe, seed=seed, prompts=prompts, **options
            )

        monkeypatch.setattr(cure_arms, "learn_class", learn)
        monkeypatch.setattr(cure_arms, "draw_classes", draw)
        draw_cure_arm(name, material, None, 5, tmp_path, seed=7, learn_steps=9, steps=2)
        return learned, asked

    return run


@pytest.mark.parametrize("name", ["random", "named"])
def test_two_arms_learn_nothing(name, drawn_with):
    learned, asked = drawn_with(name)
    assert learned == asked["adapters"] == {}
    named = ["a photo of a cat in forest", "a photo of a cat in water with flags"]
    named.append("a photo of a cat in cave with flags")
    assert asked["prompts"] == (dict(cat=named) if name == "named" else {})
    assert (asked["labels"], asked["n"], asked["seed"], asked["steps"]) == (["cat", "dog"], 5, 7, 2)


def test_ours_learns_from_the_edits_and_what_they_were_made_from(drawn_with, tmp_path):
    learned, asked = drawn_with("aspire")
    assert list(learned) == ["cat"]  # one edit of a dog is too few
    assert learned["cat"]["levels"] == [103, 100, 101, 2, 0, 0]
    assert learned["cat"]["captions"][3] == "a photo of a <cat> in sand"
    assert (learned["cat"]["steps"], learned["cat"]["seed"]) == (9, 7)
    assert asked["adapters"] == dict(cat=tmp_path / "learned" / "cat" / "adapter")
    assert asked["prompts"]["cat"][0] == "a photo of a <cat> in forest"


def test_a_control_learns_from_what_the_edits_were_made_from_alone_and_asks_for_the_same(drawn_with):
    (ours, asked_by_ours), (learned, asked) = map(drawn_with, ("aspire", "originals"))
    assert learned["cat"]["levels"] == ours["cat"]["levels"][3:]
    assert learned["cat"]["captions"] == ours["cat"]["captions"][3:]
    assert asked["prompts"] == asked_by_ours["prompts"]


@pytest.mark.parametrize("name, pictures", [("unedited", [0, 2, 3]), ("paper", [103, 100, 101])])
def test_controls_of_the_papers_way_say_nothing_of_what_is_beside(name, pictures, drawn_with):
    learned, asked = drawn_with(name)
    assert (learned["cat"]["levels"], learned["cat"]["captions"]) == (pictures, None)
    assert asked["prompts"] == {}


def test_one_arm_learns_by_lora(drawn_with):
    learned, asked = drawn_with("lora")
    assert learned["cat"]["recipe"] == asked["recipe"] == "lora"
    assert [name for name, arm in CURE_ARMS.items() if arm.recipe == "lora"] == ["lora"]


def test_an_unknown_arm_is_refused(material, tmp_path):
    with pytest.raises(ValueError, match="arm='magic' is unknown; allowed: random, named"):
        draw_cure_arm("magic", material, None, 5, tmp_path)
