"What is Stable Diffusion 3's own; what every family must do is in `test_family`."

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from spurious_core.diffusion.adapters import EMBEDS, LORA, use_adapter
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize
from spurious_core.diffusion.windows import check_new_word, lost_words, window_of
from spurious_core.models.pipelines import load_pipeline
from support.drawing import close
from support.flow_pipelines import stable_diffusion_3, stable_diffusion_35

RECIPE = PersonalizeConfig("a photo of sks", rank=2, lora_alpha=5.0, lr=5e-2, steps=2, batch_size=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return stable_diffusion_3(tmp_path_factory.mktemp("sd3") / "without_t5")


@pytest.fixture(scope="module")
def pipe(folder):
    return load_pipeline(folder)


@pytest.fixture(scope="module")
def with_t5(tmp_path_factory):
    return load_pipeline(stable_diffusion_35(tmp_path_factory.mktemp("sd3") / "with_t5"))


def test_without_a_t5_there_are_as_many_zeros_as_words(pipe, with_t5):
    row, other = (family_of(one).conditions(one, ["snow"])[0]["prompt_embeds"] for one in (pipe, with_t5))
    assert row.shape == (24 + 24, 16) and other.shape == (24 + 256, 16)
    assert (row[24:] == 0).all() and (other[24:] != 0).any()


def test_the_vector_of_a_prompt_is_that_of_its_end(pipe):
    "Of both encoders, one beside the other."
    row = family_of(pipe).conditions(pipe, ["a boat"])[0]
    ids = pipe.tokenizer("a boat", padding="max_length", return_tensors="pt").input_ids
    vectors = [encoder(ids)[0][0] for encoder in (pipe.text_encoder, pipe.text_encoder_2)]
    assert torch.allclose(row["pooled_prompt_embeds"], torch.cat(vectors), atol=1e-6)


def test_the_window_is_that_of_the_encoder_that_reads_most(pipe, with_t5):
    assert (window_of(pipe), window_of(with_t5)) == (24, 256)
    long = "a photo of " + "snow " * 20
    assert lost_words(pipe, long) and not lost_words(with_t5, long)
    assert lost_words(with_t5, "a" * 254 + " b") == "b"


def test_levels_of_training_are_shifted_as_the_scheduler_says(pipe):
    schedule = family_of(pipe).schedule(pipe)
    assert schedule.prediction == "flow_prediction"
    assert schedule.noise[499] == pytest.approx(3 * 0.4995 / (1 + 2 * 0.4995))
    assert torch.allclose(schedule.times, 1000 * schedule.noise)


def test_both_clips_learn_and_plain_diffusers_draws_with_them(pipe, folder, tmp_path):
    pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    recipe = replace(RECIPE, train_text_encoder=True)
    out = personalize(pipe, pictures, recipe, tmp_path, progress=False)
    parts = {name.split(".")[0] for name in load_file(out / LORA)}
    assert parts == {"transformer", "text_encoder", "text_encoder_2"}
    plan = plan_prompts("a photo of sks", 1)
    with use_adapter(pipe, out) as adapted:
        ours = sample_images(adapted, plan, steps=2)
    plain = load_pipeline(folder)
    plain.load_lora_weights(str(out))
    assert close(ours, sample_images(plain, plan, steps=2))
    plain.unload_lora_weights()
    assert not close(ours, sample_images(plain, plan, steps=2))


WORD = replace(RECIPE, method="textual_inversion", instance_prompt="a <concept>", num_vectors=2, lr=0.5)


@pytest.mark.parametrize("kind", ["without", "with"])
def test_a_word_has_vectors_in_both_clips(kind, pipe, with_t5, tmp_path):
    pipe = with_t5 if kind == "with" else pipe
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    plan = plan_prompts("a <concept>", 1)
    before = sample_images(pipe, plan, steps=2)
    out = personalize(pipe, pictures, WORD, tmp_path, progress=False)
    learned = load_file(out / EMBEDS)
    assert {name: len(vectors) for name, vectors in learned.items()} == {
        "<concept>.clip_l": 2,
        "<concept>.clip_g": 2,
    }
    for end, (encoder, tokenizer) in family_of(pipe).word_parts(pipe).items():
        start = encoder.get_input_embeddings().weight[tokenizer.encode("photo")[1]]
        assert not torch.allclose(learned[f"<concept>{end}"][0], start)
    with use_adapter(pipe, out) as adapted:
        assert not close(before, sample_images(adapted, plan, steps=2))
    assert close(before, sample_images(pipe, plan, steps=2))
    assert "<concept>" not in pipe.tokenizer.get_vocab()


def test_every_vector_of_a_word_is_read(pipe):
    family, row = family_of(pipe), {}
    for changed in (None, 0, 1):
        knowing = family.working_copy(pipe)
        vectors = {
            end: torch.zeros(2, pair[0].config.hidden_size) for end, pair in family.word_parts(pipe).items()
        }
        for values in vectors.values():
            if changed is not None:
                values[changed] = torch.linspace(-1, 1, values.shape[1])
        family.add_word(knowing, "<toy>", vectors)
        row[changed] = family.conditions(knowing, ["a <toy>"])[0]["prompt_embeds"]
    assert not torch.allclose(row[None], row[0]) and not torch.allclose(row[None], row[1])


def test_a_word_beyond_the_clips_is_refused_though_a_t5_reads_on(with_t5):
    check_new_word(with_t5, "<x>", 1, ["a photo of <x>"])
    with pytest.raises(ValueError, match="have it beyond the 24 tokens that are read"):
        check_new_word(with_t5, "<x>", 1, ["snow " * 30 + "<x>"])
