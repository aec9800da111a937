"The picture after one step."

import pytest
import torch
from diffusers import AutoencoderTiny, DDPMScheduler

from spurious_core.core.seeds import generator
from spurious_core.diffusion.one_step import PREDICTION_TYPES, decode_image, predict_x0

T = torch.tensor([0, 400, 999])


def noisy(kind):
    "A scheduler, clean latents, noisy ones, and the right answer to them."
    z0, noise = (torch.randn(3, 4, 8, 8, generator=generator(i)) for i in range(2))
    scheduler = DDPMScheduler(prediction_type=kind)
    right = dict(epsilon=noise, v_prediction=scheduler.get_velocity(z0, noise, T), sample=z0)[kind]
    return scheduler, z0, scheduler.add_noise(z0, noise, T), right


@pytest.mark.parametrize("kind", PREDICTION_TYPES)
def test_a_right_answer_gives_the_clean_latent(kind):
    scheduler, z0, z_t, right = noisy(kind)
    assert torch.allclose(predict_x0(scheduler, right, z_t, T), z0, atol=1e-3)
    half = predict_x0(scheduler, right.bfloat16(), z_t.bfloat16(), T)
    assert half.dtype == torch.float32


@pytest.mark.parametrize("kind", PREDICTION_TYPES)
def test_it_is_what_the_scheduler_says_of_one_timestep(kind):
    scheduler, _, z_t, _ = noisy(kind)
    scheduler.register_to_config(clip_sample=False)
    answer = torch.randn(z_t.shape, generator=generator(2))
    step = scheduler.step(answer[1:2], 400, z_t[1:2]).pred_original_sample
    assert torch.allclose(predict_x0(scheduler, answer, z_t, T)[1:2], step, atol=1e-5)


def test_an_unknown_kind_of_prediction():
    scheduler, _, z_t, right = noisy("epsilon")
    scheduler.register_to_config(prediction_type="flow")
    with pytest.raises(ValueError, match="prediction_type='flow' is unknown; allowed: epsilon"):
        predict_x0(scheduler, right, z_t, T)


def test_decoders_differ_in_scale(tiny_pipeline):
    vae, z0 = tiny_pipeline.vae, torch.randn(2, 4, 8, 8, generator=generator(0))
    image = decode_image(z0, vae)
    assert image.shape == (2, 3, 16, 16)
    assert torch.equal(image, vae.decode(z0 / vae.config.scaling_factor).sample / 2 + 0.5)
    sizes = dict(encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8))
    tiny = AutoencoderTiny(**sizes, num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1))
    assert torch.equal(decode_image(z0, tiny), tiny.decode(z0).sample / 2 + 0.5)


def test_nothing_is_clamped(tiny_pipeline):
    z0 = (100 * torch.randn(1, 4, 8, 8, generator=generator(0))).requires_grad_(True)
    image = decode_image(z0, tiny_pipeline.vae)
    assert image.min() < 0
    assert torch.autograd.grad(image.sum(), z0)[0].abs().max() > 0
