"The picture after one step."

import pytest
import torch
from diffusers import AutoencoderTiny

from spurious_core.core.seeds import generator
from spurious_core.diffusion.families.noise_schedules import diffusion_schedule
from spurious_core.diffusion.one_step import check_decoder, one_step_images

T = torch.tensor([0, 400])
SIZES = dict(
    encoder_block_out_channels=(8, 8),
    decoder_block_out_channels=(8, 8),
    num_encoder_blocks=(1, 1),
    num_decoder_blocks=(1, 1),
)
TINY = AutoencoderTiny(**SIZES)


def test_the_answer_is_taken_for_latents_and_decoded(tiny_pipeline):
    "A network that answers with the latent itself: the picture is that latent's, by either decoder."
    schedule = diffusion_schedule(dict(prediction_type="sample"))
    vae, z0 = tiny_pipeline.vae, torch.randn(2, 4, 8, 8, generator=generator(0))
    image = one_step_images(tiny_pipeline, schedule, z0, torch.zeros_like(z0), T)
    assert image.shape == (2, 3, 16, 16)
    assert torch.equal(image, vae.decode(z0 / vae.config.scaling_factor).sample / 2 + 0.5)
    small = one_step_images(tiny_pipeline, schedule, z0, torch.zeros_like(z0), T, TINY)
    assert torch.equal(small, TINY.decode(z0).sample / 2 + 0.5)


def test_nothing_is_clamped(tiny_pipeline):
    schedule = diffusion_schedule(dict(prediction_type="epsilon"))
    noisy = torch.randn(2, 4, 8, 8, generator=generator(0))
    output = (100 * torch.randn(2, 4, 8, 8, generator=generator(1))).requires_grad_(True)
    image = one_step_images(tiny_pipeline, schedule, output, noisy, T)
    assert image.min() < 0
    assert torch.autograd.grad(image.sum(), output)[0].abs().max() > 0


@pytest.mark.parametrize(
    "decoder, said",
    [
        (torch.nn.Linear(4, 3), "decoder=Linear decodes no latents; give an AutoencoderTiny"),
        ("tiny", "decoder=str decodes no latents"),
        (AutoencoderTiny(**SIZES, latent_channels=16), "decodes 16 channels, and the latents have 4"),
    ],
    ids=["network", "name", "channels"],
)
def test_a_decoder_of_another_kind_is_refused(tiny_pipeline, decoder, said):
    with pytest.raises(ValueError, match=said):
        check_decoder(tiny_pipeline, decoder)
    assert check_decoder(tiny_pipeline, tiny_pipeline.vae) is tiny_pipeline.vae
    assert check_decoder(tiny_pipeline, TINY) is TINY
