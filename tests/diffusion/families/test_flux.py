"What is Flux.1's own; what every family must do is in `test_family`."

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from spurious_core.core.seeds import generator
from spurious_core.diffusion.adapters import EMBEDS, LORA, use_adapter
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import PromptCache, sample_images
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize
from spurious_core.diffusion.windows import window_of
from spurious_core.models.pipelines import load_pipeline
from support.drawing import close, difference
from support.flow_pipelines import flux, flux_schnell

PLAN = plan_prompts(["a boat", "much more snow"], 1, seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return flux(tmp_path_factory.mktemp("flux") / "dev")


@pytest.fixture(scope="module")
def dev(folder):
    return load_pipeline(folder)


@pytest.fixture(scope="module")
def schnell(tmp_path_factory):
    return load_pipeline(flux_schnell(tmp_path_factory.mktemp("flux") / "schnell"))


def test_latents_are_packed_as_the_pipeline_packs_them(dev):
    family, latents = family_of(dev), torch.randn(2, 4, 8, 8)
    packed = family.pack(dev, latents)
    assert torch.equal(packed, dev._pack_latents(latents, 2, 4, 8, 8))
    assert torch.equal(family.unpack(dev, packed, 16), latents)
    assert (family.picture_side(dev), family.latent_step(dev)) == (16, 4)


def test_dev_is_told_its_guidance_and_trains_without(dev):
    one, three = (sample_images(dev, PLAN, steps=2, guidance=scale) for scale in (1.0, 30.0))
    assert difference(one, three).max() > 1
    family, noise = family_of(dev), torch.randn(1, 4, 8, 8)
    seen = []
    hook = dev.transformer.register_forward_pre_hook(
        lambda net, args, given: seen.append(given["guidance"]), with_kwargs=True
    )
    with torch.no_grad():
        family.predict(dev, noise, torch.tensor([500.0]), PromptCache(dev)(["a boat"]))
    hook.remove()
    assert seen[0].tolist() == [1.0]


def test_dev_knows_no_negative_prompt(dev):
    with pytest.raises(ValueError, match="negative_prompt='snow' with flux: this network was distilled"):
        sample_images(dev, PLAN.assign(negative_prompt="snow"), steps=1)


def test_schnell_has_classifier_free_guidance_from_one_on(schnell):
    plan = plan_prompts("a boat", 1, negative_prompt="snow")
    ours = sample_images(schnell, plan, steps=2, guidance=4.0)
    how = dict(num_inference_steps=2, true_cfg_scale=4.0, height=16, width=16)
    seed = generator(int(plan.seed[0]))
    theirs = schnell(prompt="a boat", negative_prompt="snow", generator=[seed], **how).images[0]
    assert close(ours[0], theirs)
    assert not close(ours, sample_images(schnell, plan, steps=2, guidance=1.0))
    with pytest.raises(ValueError, match=r"guidance=0.5 must lie in \[1, inf\)"):
        sample_images(schnell, plan, steps=1, guidance=0.5)


def test_solvers_shift_by_size_or_are_refused(dev, schnell):
    eulers, solvers = (sample_images(dev, PLAN, 16, 25, sampler=name) for name in ("euler", "dpmsolver++"))
    assert difference(eulers, solvers).mean() < 8
    for name in ("dpmsolver++", "unipc"):
        with pytest.raises(ValueError, match=r"sampler='\S+' can't keep this pipeline's fixed shift"):
            sample_images(schnell, PLAN, steps=1, sampler=name)
    with pytest.raises(ValueError, match="sampler='heun' is unknown"):
        sample_images(dev, PLAN, steps=1, sampler="heun")


def test_training_is_not_shifted_where_the_pipeline_shifts_by_size(dev, schnell):
    assert all(family_of(pipe).schedule(pipe).noise[499] == pytest.approx(0.4995) for pipe in (dev, schnell))


def test_the_window_is_the_t5s(dev):
    assert window_of(dev) == 512


def test_clip_learns_and_plain_diffusers_draws_with_it(dev, folder, tmp_path):
    recipe = PersonalizeConfig("a sks", rank=2, lora_alpha=5.0, lr=5e-2, steps=2, batch_size=2)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    out = personalize(dev, pictures, replace(recipe, train_text_encoder=True), tmp_path, progress=False)
    assert {name.split(".")[0] for name in load_file(out / LORA)} == {"transformer", "text_encoder"}
    with use_adapter(dev, out) as adapted:
        ours = sample_images(adapted, PLAN, steps=2)
    plain = load_pipeline(folder)
    plain.load_lora_weights(str(out))
    assert close(ours, sample_images(plain, PLAN, steps=2))


def test_kohyas_lora_is_lent_and_one_of_a_unet_refused(dev, tmp_path):
    "Its queries, keys and values are one layer, which diffusers takes apart."
    layer = "lora_unet_double_blocks_0_img_attn_qkv"
    weights = {f"{layer}.lora_down.weight": torch.randn(2, 12), f"{layer}.lora_up.weight": torch.randn(36, 2)}
    save_file(weights | {f"{layer}.alpha": torch.tensor(2.0)}, tmp_path / "fits.safetensors")
    plain = sample_images(dev, PLAN, steps=2)
    with use_adapter(dev, tmp_path / "fits.safetensors") as adapted:
        assert not close(plain, sample_images(adapted, PLAN, steps=2))
    foreign = {"lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight": torch.randn(2, 12)}
    save_file(foreign, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="does not fit this pipeline"):
        with use_adapter(dev, tmp_path / "other.safetensors"):
            pass


def test_a_word_is_learned_in_the_clip(dev, tmp_path):
    "It has the vector of the prompt alone; the T5 goes on reading its letters."
    word = PersonalizeConfig(
        "a <concept>", method="textual_inversion", num_vectors=2, lr=0.5, steps=2, batch_size=1
    )
    pictures = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    plan = plan_prompts("a <concept>", 1)
    before = sample_images(dev, plan, steps=2)
    out = personalize(dev, pictures, word, tmp_path, progress=False)
    assert {name: len(vectors) for name, vectors in load_file(out / EMBEDS).items()} == {"<concept>": 2}
    with use_adapter(dev, out) as adapted:
        family = family_of(dev)
        known, unknown = (family.conditions(pipe, ["a <concept>"])[0] for pipe in (adapted, dev))
        assert not torch.allclose(known["pooled_prompt_embeds"], unknown["pooled_prompt_embeds"])
        assert not close(before, sample_images(adapted, plan, steps=2))
    assert close(before, sample_images(dev, plan, steps=2))
