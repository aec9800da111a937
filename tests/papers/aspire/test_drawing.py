"Prompts without anything that is spurious for the class, and arms that differ in words and not in noise."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.aspire.drawing import class_prompts, draw_classes
from spurious_core.papers.aspire.learning import describe_edits, learn_class

CATS = [0, 1, 3]  # positions of the edits of cats
LAMP, WATER = ("cat", "foreground", "lamp", True), ("cat", "background", "water", True)
BARE = [
    "a photo of a <cat> in water with flags",
    "a photo of a <cat> in cave with flags",
    "a photo of a <cat> in forest",
]


def ranking(*rows):
    return pd.DataFrame(rows, columns=["label", "kind", "cluster", "spurious"])


@pytest.fixture
def findings(plan, extracted):
    phrases = pd.DataFrame(
        dict(
            phrase=["lamps", "lamps", "a lamp", "flags", "flags", "a flag", "buoys"],
            cluster=["lamp"] * 3 + ["flag"] * 3 + ["buoy"],
        )
    )
    return SimpleNamespace(edits=plan, extracted=extracted, phrases=phrases)


def test_without_spurious_things_the_prompts_are_the_captions(findings):
    expected = describe_edits(findings, CATS, "cat")[1]
    assert class_prompts(findings, CATS, ranking(WATER), "cat") == expected


def test_what_is_spurious_for_the_class_is_left_out(findings):
    "The water's edit kept the lamps; the prompt doesn't."
    others = ("dog", "foreground", "buoy", False), ("dog", "background", "sand", True)
    assert class_prompts(findings, CATS, ranking(LAMP, WATER, *others), "<cat>") == BARE
    assert findings.extracted.foreground[0] == ["lamps", "flags"]


def test_every_second_prompt_has_what_speaks_for_others(findings):
    "But no lamp, which is spurious for cats, too."
    for_dogs = ("dog", "foreground", "buoy", True), ("dog", "foreground", "lamp", True)
    prompts = class_prompts(findings, CATS, ranking(LAMP, *for_dogs), "<cat>")
    assert prompts == [BARE[0], BARE[1] + " and buoys", BARE[2]]
    dogs = class_prompts(findings, [2, 2], ranking(LAMP), "dog")
    assert dogs == ["a photo of a dog", "a photo of a dog with lamps"]


def test_things_of_others_take_turns_and_none_is_named_twice(findings):
    of_others = ranking(("dog", "foreground", "buoy", True), ("fox", "foreground", "flag", True))
    ends = ["", " with buoys", "", " with flags"]
    expected = [f"a photo of a cat in forest{end}" for end in ends]
    assert class_prompts(findings, [3] * 4, of_others, "cat") == expected
    flags = ranking(("dog", "foreground", "flag", True))
    assert class_prompts(findings, [0, 0], flags, "cat")[1].count("flags") == 1


# ---- drawing

PLACES = [f"a photo of a <photo> in {place}" for place in ("water", "sand", "forest")]
LABELS = ["photo", "dog"]


@pytest.fixture
def word(tiny_pipeline, tmp_path):
    "The adapter of a learned class."
    pictures = np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3)).astype(np.uint8)
    adapter = learn_class(tiny_pipeline, pictures, "photo", tmp_path / "learned", steps=2, batch_size=2)
    return dict(photo=adapter)


def test_learned_classes_go_by_their_word_and_others_by_their_name(tiny_pipeline, word, tmp_path):
    data = draw_classes(tiny_pipeline, LABELS, 2, tmp_path / "two", word, steps=2, progress=False)
    assert data.y.tolist() == [0, 0, 1, 1]
    assert data.attributes == ["generated"]
    assert set(data.manifest.g) == {"generated"}
    assert data.manifest.prompt.tolist() == ["a photo of a <photo>"] * 2 + ["a photo of a dog"] * 2
    assert data.manifest.adapter.isna().tolist() == [False, False, True, True]
    assert data.pixels.shape == (4, 16, 16, 3)
    more = draw_classes(tiny_pipeline, LABELS, 3, tmp_path / "three", word, steps=2, progress=False)
    assert more.manifest.seed.tolist()[:2] == data.manifest.seed.tolist()[:2]


def test_arms_differ_in_words_and_not_in_noise(tiny_pipeline, word, tmp_path):
    def draw(name, **options):
        return draw_classes(
            tiny_pipeline, LABELS, 5, tmp_path / name, steps=2, progress=False, **options
        ).manifest

    asked = draw("asked", adapters=word, prompts=dict(photo=PLACES))
    by_name = draw("name", prompts=dict(dog=["a photo of a dog in sand"]))
    plain = draw("plain")
    assert asked.prompt.tolist() == [*PLACES, *PLACES[:2]] + ["a photo of a dog"] * 5
    assert by_name.prompt.tolist() == ["a photo of a photo"] * 5 + ["a photo of a dog in sand"] * 5
    assert asked.seed.tolist() == by_name.seed.tolist() == plain.seed.tolist()
    assert asked.seed.nunique() == 10
