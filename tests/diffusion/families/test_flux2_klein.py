"What is Flux.2 klein's own; what every family must do is in `test_family`."

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import load_file

from spurious_core.diffusion.adapters import LORA
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize
from spurious_core.diffusion.windows import window_of
from spurious_core.models.pipelines import load_pipeline
from support.drawing import close
from support.flow_pipelines import flux2_klein

PLAN = plan_prompts(["a boat", "much more snow"], 1, seed=1)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    return load_pipeline(flux2_klein(tmp_path_factory.mktemp("klein") / "p"))


@pytest.fixture(scope="module")
def distilled(tmp_path_factory):
    return load_pipeline(flux2_klein(tmp_path_factory.mktemp("klein") / "distilled", is_distilled=True))


def test_latents_are_normalised_as_the_pipeline_does_it(pipe):
    family, pixels = family_of(pipe), torch.rand(2, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        mean, std = family.latent_moments(pipe, pixels)
        theirs = pipe._encode_vae_image(pixels, generator=None)
    assert mean.shape == (2, 16, 4, 4) == (2, *family.latent_shape(pipe, 16))
    assert torch.allclose(mean, theirs, atol=1e-5) and (std == 0).all()


def test_latents_are_packed_as_the_pipeline_packs_them(pipe):
    family, latents = family_of(pipe), torch.randn(2, 16, 4, 4)
    packed = family.pack(pipe, latents)
    assert torch.equal(packed, pipe._pack_latents(latents))
    assert torch.equal(family.unpack(pipe, packed, 16), latents)


def test_no_tiny_decoder_fits(pipe):
    with pytest.raises(ValueError, match="flux2_klein has latents that no AutoencoderTiny decodes"):
        family_of(pipe).from_latents(pipe, torch.randn(1, 16, 4, 4), AutoencoderTiny())


def test_a_lora_is_on_the_shared_blocks_too(pipe, tmp_path):
    recipe = PersonalizeConfig("a sks", rank=2, steps=1, batch_size=2)
    pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    out = personalize(pipe, pictures, recipe, tmp_path, progress=False)
    layers = {name.rpartition(".lora_")[0] for name in load_file(out / LORA)}
    single, double = "transformer.single_transformer_blocks.0.attn.", "transformer.transformer_blocks.0.attn."
    assert {single + "to_qkv_mlp_proj", single + "to_out", double + "to_q", double + "to_out.0"} <= layers


def test_targets_of_other_layers_stay_as_they_are(pipe):
    assert family_of(pipe).lora_targets(pipe, ("ff.linear_out",)) == ["ff.linear_out"]


def test_a_distilled_network_draws_without_guidance(pipe, distilled):
    family = family_of(distilled)
    assert family.with_parts(distilled).config.is_distilled
    one, three = (sample_images(distilled, PLAN, steps=2, guidance=scale) for scale in (1.0, 3.0))
    assert (one == three).all()
    assert not close(*(sample_images(pipe, PLAN, steps=2, guidance=scale) for scale in (1.0, 3.0)))
    with pytest.raises(ValueError, match="negative_prompt='snow' with flux2_klein: this network was"):
        sample_images(distilled, PLAN.assign(negative_prompt="snow"), steps=1)


def test_a_negative_prompt_counts(pipe):
    assert not close(
        sample_images(pipe, PLAN, steps=2), sample_images(pipe, PLAN.assign(negative_prompt="snow"), steps=2)
    )


def test_the_window_is_what_the_template_leaves(pipe):
    talk = [dict(role="user", content="a")]
    text = pipe.tokenizer.apply_chat_template(talk, tokenize=False, add_generation_prompt=True)
    assert window_of(pipe) == 512 + 1 - len(pipe.tokenizer(text).input_ids)
