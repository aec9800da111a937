"What is Sana's own; what every family must do is in `test_family`."

import inspect

import pytest
import torch
from diffusers import SanaPipeline

from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.families.sana import INSTRUCTION
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import PromptCache, sample_images
from spurious_core.diffusion.windows import lost_words, window_of
from spurious_core.models.pipelines import load_pipeline
from support.drawing import close
from support.flow_pipelines import sana


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    return load_pipeline(sana(tmp_path_factory.mktemp("sana") / "p"))


def test_prompts_follow_the_instruction_of_the_call_and_negatives_do_not(pipe):
    default = inspect.signature(SanaPipeline.__call__).parameters["complex_human_instruction"].default
    assert INSTRUCTION == default
    with torch.no_grad():
        (row,), (negative,) = (
            encode(pipe, ["snow"]) for encode in (family_of(pipe).conditions, family_of(pipe).negatives)
        )
        plain = pipe.encode_prompt(["snow"], False)[0][0]
        instructed = pipe.encode_prompt(["snow"], False, complex_human_instruction=INSTRUCTION)[0][0]
    assert torch.equal(negative["prompt_embeds"], plain)
    assert torch.equal(row["prompt_embeds"], instructed) and not torch.allclose(instructed, plain, atol=0.01)


def test_a_negative_prompt_is_the_one_of_the_call(pipe):
    plan = plan_prompts("a boat", 1, negative_prompt="snow")
    ours = sample_images(pipe, plan, steps=2, guidance=4.0, sampler="dpmsolver++")
    how = dict(num_inference_steps=2, guidance_scale=4.0, height=32, width=32, use_resolution_binning=False)
    seed = torch.Generator().manual_seed(int(plan.seed[0]))
    theirs = pipe(prompt="a boat", negative_prompt="snow", generator=[seed], **how).images[0]
    assert close(ours[0], theirs)


def test_an_empty_prompt_still_has_its_begin(pipe):
    masks = PromptCache(pipe)(["", "a boat"], negative=True)["prompt_attention_mask"]
    assert masks.sum(1).tolist() == [1, 1 + len("a boat")]


def test_levels_are_those_of_its_solver(pipe):
    schedule = family_of(pipe).schedule(pipe)
    assert schedule.noise[499] == pytest.approx(3 * 0.4995 / (1 + 2 * 0.4995))


def test_latents_have_no_spread(pipe):
    mean, std = family_of(pipe).latent_moments(pipe, torch.rand(2, 3, 32, 32) * 2 - 1)
    assert mean.shape == (2, 4, 16, 16) and mean.std() > 0 and (std == 0).all()


def test_the_window_is_what_follows_the_instruction(pipe):
    assert window_of(pipe) == 299
    with torch.no_grad():
        fits, longer, much_longer = (
            family_of(pipe).conditions(pipe, ["a" * n])[0]["prompt_embeds"] for n in (298, 299, 400)
        )
    assert lost_words(pipe, "a" * 298) == "" and lost_words(pipe, "a" * 298 + "bc") == "bc"
    assert torch.equal(longer, much_longer) and torch.equal(fits, longer)
