"A class is learned by one of two recipes, from captions that name what an edit left."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from safetensors.torch import load_file

from spurious_core.papers.aspire.learning import class_config, class_word, describe_edits, learn_class


def test_a_new_word_starts_from_the_name_and_a_lora_keeps_it():
    word, lora = class_config("blond woman"), class_config("blond woman", "lora", steps=7)
    assert word.token == class_word("blond woman") == "<blond-woman>"
    assert word.initializer == "blond woman"
    assert word.instance_prompt == "a photo of a <blond-woman>"
    assert (word.lr, word.num_vectors) == (1e-2, 4)
    assert class_word("blond woman", "lora") == "blond woman"
    assert lora.instance_prompt == "a photo of a blond woman"
    assert (lora.lr, lora.steps) == (1e-3, 7)


@pytest.mark.parametrize("function", [class_word, class_config])
def test_unknown_recipes_are_refused(function):
    with pytest.raises(ValueError, match="recipe='magic' is unknown; allowed: textual_inversion, lora"):
        function("cat", "magic")


def test_pictures_are_described_before_and_after_their_edit(plan, extracted):
    "By position in the table, in the order that is asked for; and the table stays as it was."
    f = SimpleNamespace(edits=plan.set_index(pd.Index([7, 8, 9, 10])), extracted=extracted)
    before, after = describe_edits(f, [8, 7, 10, 9], "<cat>")
    assert before == [
        "a photo of a <cat> in water with lamps and flags",
        "a photo of a <cat> in water with lamps and flags",
        "a photo of a <cat> in sand",
        "a photo of a <cat> with lamps",
    ]
    assert after == [
        "a photo of a <cat> in cave with lamps and flags",
        "a photo of a <cat> in water with flags",
        "a photo of a <cat> in forest",
        "a photo of a <cat>",
    ]
    assert extracted.foreground[0] == ["lamps", "flags"]


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3)).astype(np.uint8)


PLACES = [f"a photo of a <photo> in {place}" for place in ("water", "sand", "forest")]


def test_it_matters_which_caption_belongs_to_which_picture(tiny_pipeline, pictures, tmp_path):
    def learn(name, captions):
        options = dict(captions=captions, steps=3, batch_size=3)
        adapter = learn_class(tiny_pipeline, pictures, "photo", tmp_path / name, **options)
        return load_file(adapter / "learned_embeds.safetensors")["<photo>"]

    named = learn("named", PLACES)
    assert (named != learn("unnamed", None)).any()
    assert (named != learn("other", PLACES[::-1])).any()
    with pytest.raises(ValueError, match="2 captions for 3 images"):
        learn("few", PLACES[:2])


def test_the_pictures_are_kept_and_a_second_call_finds_its_work_done(tiny_pipeline, pictures, tmp_path):
    first, second = (
        learn_class(tiny_pipeline, pictures, "photo", tmp_path, steps=2, batch_size=2) for _ in range(2)
    )
    assert first == second == tmp_path / "adapter"
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 3
