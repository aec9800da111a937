"What the text encoder never sees is said, and a word that it never sees is not learned."

import warnings

import pytest

from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.diffusion.windows import check_new_word, lost_words, warn_of_lost_words, window_of

FITS = "a photo of a boat"


def filled(pipe, tokens):
    "A prompt of as many tokens, begin and end not counted."
    word = next(w for w in ("boat", "a", "photo") if len(pipe.tokenizer(w).input_ids) == 3)
    return " ".join([word] * tokens)


@pytest.fixture
def long(tiny_pipeline):
    return filled(tiny_pipeline, window_of(tiny_pipeline) - 2) + " a photo"


def test_the_window_ends_where_the_encoder_stops(tiny_pipeline, monkeypatch):
    window = window_of(tiny_pipeline)
    assert window == 24
    assert lost_words(tiny_pipeline, filled(tiny_pipeline, window - 2)) == ""
    assert lost_words(tiny_pipeline, filled(tiny_pipeline, window - 2) + " photo") == "photo"
    monkeypatch.setattr(tiny_pipeline.tokenizer, "model_max_length", int(1e30))
    assert window_of(tiny_pipeline) == 24


def test_one_warning_names_how_many_the_first_and_what_is_lost(tiny_pipeline, long):
    with pytest.warns(UserWarning) as caught:
        warn_of_lost_words(tiny_pipeline, [FITS, long, FITS, long, long + " boat"], "prompts")
    (warning,) = caught
    text = str(warning.message)
    assert text.startswith("2 of 3 prompts are longer than the 24 tokens")
    assert text.endswith(f"the first, {long[:60]!r} loses 'a photo'")


def test_drawing_warns_once(tiny_pipeline, tmp_path, long):
    plan = plan_prompts([FITS, long], 2)
    for draw in (
        lambda: sample_images(tiny_pipeline, plan, batch_size=1, steps=1),
        lambda: generate(tiny_pipeline, plan, tmp_path / "set", batch_size=1, steps=1, progress=False),
    ):
        with pytest.warns(UserWarning) as caught:
            draw()
        said = [str(one.message) for one in caught if "tokens" in str(one.message)]
        assert len(said) == 1
        assert said[0].startswith("1 of 2 prompts are longer")
    with pytest.warns(UserWarning, match="1 of 2 prompts"):
        sample_images(tiny_pipeline, plan_prompts(FITS, 1, negative_prompt=long), steps=1)


def test_what_fits_is_not_spoken_of(tiny_pipeline, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        sample_images(tiny_pipeline, plan_prompts(FITS, 1), steps=1)
        generate(tiny_pipeline, plan_prompts(FITS, 1), tmp_path, steps=1, progress=False)


def test_a_new_word_is_within_the_window(tiny_pipeline):
    room = window_of(tiny_pipeline) - 2
    for vectors in (1, 3):
        check_new_word(tiny_pipeline, "<x>", vectors, [filled(tiny_pipeline, room - vectors) + " <x>"])
        with pytest.raises(ValueError, match=r"token='<x>' .*: 1 of 1 captions have it beyond the 24 tokens"):
            check_new_word(
                tiny_pipeline, "<x>", vectors, [filled(tiny_pipeline, room - vectors + 1) + " <x>"]
            )
    assert "<x>" not in tiny_pipeline.tokenizer.get_vocab()


def test_a_new_word_is_in_every_caption(tiny_pipeline):
    with pytest.raises(ValueError, match="2 of 3 captions lack it; the first: 'a photo'"):
        check_new_word(tiny_pipeline, "<x>", 1, ["a <x>", "a photo", "a boat"])
