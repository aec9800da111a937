"Public models without their weights."

import pytest

from spurious_core.app.dry_run.public_models import (
    PUBLIC_MODELS,
    tiny_decoder_of_shapes,
    write_configs,
)
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.memory.rehearsal import rehearse
from spurious_core.diffusion.memory.shapes import pipeline_of_shapes
from spurious_core.diffusion.starts import picture_side
from spurious_core.diffusion.training.config import PersonalizeConfig

# millions of weights of the denoiser as published, and the side of the pictures
PUBLISHED = {
    "stable-diffusion-v1-5/stable-diffusion-v1-5": (859.5, 512),
    "stabilityai/stable-diffusion-xl-base-1.0": (2567.5, 1024),
    "stabilityai/stable-diffusion-3.5-medium": (2243.2, 1024),
}


@pytest.mark.parametrize("model", PUBLIC_MODELS)
def test_a_public_model_has_its_published_size(model, tmp_path):
    pipe = pipeline_of_shapes(write_configs(model, tmp_path))
    weights = sum(weight.numel() for weight in family_of(pipe).denoiser(pipe).parameters())
    assert (round(weights / 1e6, 1), picture_side(pipe)) == PUBLISHED[model]
    assert not [file for file in tmp_path.rglob("*") if file.stat().st_size > 10**6]


@pytest.mark.slow
def test_a_step_of_stable_diffusion_with_a_lora(tmp_path):
    recipe = PersonalizeConfig("a photo of sks", batch_size=1, precision="bf16", gradient_checkpointing=True)
    folder = write_configs("stable-diffusion-v1-5/stable-diffusion-v1-5", tmp_path)
    footprint = rehearse(folder, recipe)
    assert footprint.weights == pytest.approx(2 * 1066e6, rel=0.01)
    assert 0.3e9 < footprint.step < 3e9


def test_a_model_that_is_not_public(tmp_path):
    with pytest.raises(ValueError, match="model='mine/model' is unknown; allowed: stable-diffusion-v1-5"):
        write_configs("mine/model", tmp_path)


def test_a_tiny_decoder_takes_the_latents_of_its_model():
    assert tiny_decoder_of_shapes("madebyollin/taesd3").config.latent_channels == 16
    assert {weight.device.type for weight in tiny_decoder_of_shapes("madebyollin/taesd").parameters()} == {
        "meta"
    }
    with pytest.raises(ValueError, match="model='madebyollin/other' is unknown"):
        tiny_decoder_of_shapes("madebyollin/other")
