"What is Z-Image's own; what every family must do is in `test_family`."

import numpy as np
import pytest
import torch

from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.families.z_image import template_tokens
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import PromptCache, sample_images
from spurious_core.diffusion.windows import lost_words, window_of
from spurious_core.models.pipelines import load_pipeline
from support.drawing import close, difference
from support.flow_pipelines import z_image

PLAN = plan_prompts(["a boat", "snow and much more of it"], 1, seed=1)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    return load_pipeline(z_image(tmp_path_factory.mktemp("z_image") / "p"))


def test_prompts_stay_as_they_were(pipe):
    prompts = ["a boat", "snow"]
    first, again = (family_of(pipe).conditions(pipe, prompts) for _ in range(2))
    assert prompts == ["a boat", "snow"]
    assert all(
        torch.equal(row["prompt_embeds"], other["prompt_embeds"])
        for row, other in zip(first, again, strict=True)
    )


def test_conditions_are_as_long_as_their_prompts(pipe):
    lengths = [len(row) for row in PromptCache(pipe)(["a", "boat", ""])["prompt_embeds"]]
    template = template_tokens(pipe.tokenizer)
    assert lengths == [template + 1, template + 4, template]
    together = family_of(pipe).embedded(pipe, PromptCache(pipe)(["boat", "snow"]))
    assert [len(row) for row in together["prompt_embeds"]] == [template + 4] * 2


@pytest.mark.parametrize("prompts", [["boat", "snow"], ["a boat", "snow and much more of it"]])
def test_prompts_of_one_length_draw_as_others_do(pipe, prompts):
    plan = plan_prompts(prompts, 1)
    together = sample_images(pipe, plan, steps=2)
    assert close(together[1:], sample_images(pipe, plan[1:], steps=2))


def test_guidance_counts_from_one(pipe):
    "The formula of classifier-free guidance, by hand, for one step from noise to picture."
    family = family_of(pipe)
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(int(PLAN.seed[0])))
    with torch.no_grad():
        positive, negative = (
            family.predict(pipe, noise, torch.tensor([1000.0]), PromptCache(pipe)([prompt]))
            for prompt in ("a boat", "")
        )
        drawn = family.from_latents(pipe, noise - (negative + 4 * (positive - negative)))
    by_hand = (drawn.clamp(0, 1) * 255).round().permute(0, 2, 3, 1).numpy()
    assert close(by_hand, sample_images(pipe, PLAN[:1], steps=1, guidance=4.0))
    with pytest.raises(ValueError, match=r"guidance=0.5 must lie in \[1, inf\)"):
        sample_images(pipe, PLAN, steps=1, guidance=0.5)


def test_only_eulers_method_draws(pipe):
    with pytest.raises(ValueError, match="sampler='heun' is unknown; allowed: euler"):
        sample_images(pipe, PLAN, steps=1, sampler="heun")


def test_the_window_is_what_the_template_leaves(pipe):
    room = window_of(pipe)
    assert room == 512 - template_tokens(pipe.tokenizer)
    assert lost_words(pipe, "a" * room) == "" and lost_words(pipe, "a" * room + " bc") == "bc"


def test_half_precision_draws_nearly_the_same(pipe):
    half = family_of(pipe).working_copy(pipe)
    half.transformer.to(torch.bfloat16)
    edit = PLAN.assign(init_image=[np.zeros((16, 16, 3), np.uint8)] * 2, strength=0.7)
    for plan in (PLAN, edit, edit.assign(mask=[np.full((16, 16), 255, np.uint8)] * 2)):
        apart = difference(*(sample_images(one, plan, steps=3) for one in (half, pipe)))
        assert apart.mean() < 3 and apart.max() < 30
