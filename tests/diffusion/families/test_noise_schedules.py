"How latents become noise, and what answers imply."

import pytest
import torch
from diffusers import DDPMScheduler, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler

from spurious_core.core.seeds import generator
from spurious_core.diffusion.families.noise_schedules import (
    PREDICTIONS,
    NoiseSchedule,
    add_noise,
    diffusion_schedule,
    flow_schedule,
    min_snr_weights,
    predict_x0,
    shift_levels,
    target,
)

T = torch.tensor([0, 400, 999])
DIFFUSION = PREDICTIONS[:3]


def schedule_of(kind):
    return flow_schedule() if kind == "flow_prediction" else diffusion_schedule(dict(prediction_type=kind))


def noisy(kind):
    "A schedule, clean latents, noisy ones, and the right answer to them."
    z0, noise = (torch.randn(3, 4, 8, 8, generator=generator(i)) for i in range(2))
    schedule = schedule_of(kind)
    return schedule, z0, add_noise(schedule, z0, noise, T), target(schedule, z0, noise, T)


@pytest.mark.parametrize("kind", PREDICTIONS)
def test_a_right_answer_gives_the_clean_latent(kind):
    schedule, z0, z_t, right = noisy(kind)
    assert torch.allclose(predict_x0(schedule, right, z_t, T), z0, atol=1e-3)
    half = predict_x0(schedule, right.bfloat16(), z_t.bfloat16(), T)
    assert half.dtype == torch.float32


@pytest.mark.parametrize("kind", DIFFUSION)
def test_diffusion_is_what_the_scheduler_says_of_one_timestep(kind):
    schedule, z0, z_t, _ = noisy(kind)
    scheduler = DDPMScheduler(prediction_type=kind, clip_sample=False)
    answer = torch.randn(z_t.shape, generator=generator(2))
    step = scheduler.step(answer[1:2], 400, z_t[1:2]).pred_original_sample
    assert torch.allclose(predict_x0(schedule, answer, z_t, T)[1:2], step, atol=1e-5)
    noise = torch.randn(z0.shape, generator=generator(1))
    assert torch.allclose(z_t, scheduler.add_noise(z0, noise, T), atol=1e-6)


def test_a_flow_step_to_the_end_is_the_estimate():
    schedule, _, z_t, _ = noisy("flow_prediction")
    scheduler = FlowMatchEulerDiscreteScheduler()
    level = schedule.noise[400].item()
    scheduler.set_timesteps(sigmas=[level])
    answer = torch.randn(z_t.shape, generator=generator(2))
    step = scheduler.step(answer[1:2], scheduler.timesteps[0], z_t[1:2]).prev_sample
    assert torch.allclose(predict_x0(schedule, answer, z_t, T)[1:2], step, atol=1e-5)


def test_an_unknown_kind_of_prediction():
    with pytest.raises(ValueError, match="prediction_type='flow' is unknown; allowed: epsilon"):
        diffusion_schedule(dict(prediction_type="flow"))
    one = torch.ones(1)
    with pytest.raises(ValueError, match="prediction_type='score' is unknown; allowed: epsilon"):
        NoiseSchedule(one, one, one, "score")


def test_a_scheduler_of_flow_models_is_no_diffusion_schedule():
    "Read as one it would silently have other betas."
    with pytest.raises(ValueError, match="of flow models .shift=1.0. does not fit"):
        diffusion_schedule(FlowMatchEulerDiscreteScheduler().config)
    with pytest.raises(ValueError, match="of flow models .use_flow_sigmas=True. does not fit"):
        diffusion_schedule(DPMSolverMultistepScheduler(use_flow_sigmas=True).config)


def test_levels_are_one_measure_for_diffusion_and_flow():
    "A level is where the noise's share of the variance is its square, however signal and noise are mixed."
    for kind in ("epsilon", "flow_prediction"):
        schedule = schedule_of(kind)
        assert (schedule.sigma.diff() > 0).all() and 0 <= schedule.sigma.min() < schedule.sigma.max() <= 1
        ratio = schedule.noise / schedule.signal
        assert torch.allclose(schedule.sigma, ratio / (1 + ratio.square()).sqrt(), atol=1e-4)
    stable = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
    sigma = diffusion_schedule(stable).sigma
    assert sigma[299] < 0.639 < sigma[300]  # where the similarity loss's gate opens


def test_a_flow_model_draws_the_middle_more_often_and_shifts_towards_noise():
    plain, shifted = flow_schedule(), flow_schedule(3.0)
    assert plain.density.sum() == pytest.approx(1, abs=1e-5)
    assert plain.density[500] > 2 * plain.density[100] > 0
    assert torch.equal(shifted.density, plain.density)
    assert torch.allclose(shifted.noise, shift_levels(plain.noise, 3.0))
    assert (shifted.noise > plain.noise).all()


@pytest.mark.parametrize("kind", DIFFUSION)
def test_min_snr(kind):
    schedule = schedule_of(kind)
    alpha_bar = schedule.alpha_bar
    snr = alpha_bar / (1 - alpha_bar)
    divisor = dict(epsilon=snr, v_prediction=snr + 1, sample=torch.ones(1000))[kind]
    assert torch.allclose(min_snr_weights(schedule, 5.0), snr.clamp(max=5) / divisor, rtol=1e-3)
    assert torch.equal(min_snr_weights(schedule, None), torch.ones(1000))


def test_min_snr_of_a_schedule_that_ends_in_noise():
    schedule = diffusion_schedule(dict(rescale_betas_zero_snr=True, prediction_type="v_prediction"))
    assert torch.isfinite(min_snr_weights(schedule, 5.0)).all()


def test_flow_weighs_all_times_alike():
    assert torch.equal(min_snr_weights(flow_schedule(), 5.0), torch.ones(1000))
