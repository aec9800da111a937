"What is Z-Image's own; what every family must do is in `test_family`."

import pytest
import torch
from safetensors.torch import save_file

from spurious_core.diffusion.adapters import use_adapter
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.families.z_image import template_tokens
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import PromptCache, sample_images
from spurious_core.diffusion.windows import lost_words, window_of
from spurious_core.models.pipelines import load_pipeline
from support.drawing import close
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


def test_a_lora_of_other_tools_is_lent_and_one_of_another_shape_refused(pipe, tmp_path):
    "Under the names of the original code, with the scale that goes with them."
    names = [f"diffusion_model.layers.0.attention.to_q.lora_{matrix}.weight" for matrix in "AB"]
    down, up = torch.randn(2, 12), torch.randn(12, 2)
    save_file(dict(zip(names, (down, up), strict=True)), tmp_path / "fits.safetensors")
    save_file(dict(zip(names, (down, up[:6]), strict=True)), tmp_path / "other.safetensors")
    plain = sample_images(pipe, PLAN, steps=2)
    with use_adapter(pipe, tmp_path / "fits.safetensors") as adapted:
        assert not close(plain, sample_images(adapted, PLAN, steps=2))
    assert (plain == sample_images(pipe, PLAN, steps=2)).all()
    with pytest.raises(ValueError, match="does not fit this pipeline.*to_q is"):
        with use_adapter(pipe, tmp_path / "other.safetensors"):
            pass
