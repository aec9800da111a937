"What could go wrong in prompts: backgrounds out of order, words cut off, a class without a definition."

import pytest

from spurious_core.data.readers.d3s import D3S_BACKGROUNDS
from spurious_core.data.vocabulary import SCENES
from spurious_core.data.worlds import get_world
from spurious_core.papers.d3s.prompts import BACKGROUNDS, DEFINITIONS, PROMPT_TEMPLATES, prompt_of


def test_the_published_backgrounds_in_their_order():
    assert list(BACKGROUNDS) == D3S_BACKGROUNDS
    assert BACKGROUNDS == SCENES
    assert BACKGROUNDS["cave"] == "in a cave"


@pytest.mark.parametrize("template", PROMPT_TEMPLATES)
def test_prompts_fit_and_keep_the_background(tiny_pipeline, template):
    tokenizer = tiny_pipeline.tokenizer  # of bytes, 24 of them
    tokenizer.model_max_length = 60
    gloss = "a small open container usually used for drinking"
    text = prompt_of(template, "cup", gloss, "in a cave", tokenizer)
    assert len(tokenizer(text).input_ids) <= 60
    assert text.startswith("a photo of a cup")
    assert text.endswith("in a cave") == ("background" in PROMPT_TEMPLATES[template])
    assert not text.endswith(",")
    tokenizer.model_max_length = 10
    with pytest.raises(ValueError, match="longer than the 10 tokens"):
        prompt_of(template, "cup", "a small", "in a cave", tokenizer)


def test_every_class_of_the_world_has_a_definition():
    assert list(DEFINITIONS) == get_world("d3s").labels
