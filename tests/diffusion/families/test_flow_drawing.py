"Rows drawn by any pipeline that learned a flow; that of Stable Diffusion 3 stands for all."

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    StableDiffusion3Img2ImgPipeline,
)

from spurious_core.diffusion.families.drawing_tasks import DrawingTask, Start
from spurious_core.diffusion.families.family import stack
from spurious_core.diffusion.families.flow_drawing import FLOW_SAMPLERS, in_precision, leave_out, shift_of
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.models.pipelines import load_pipeline
from support.drawing import difference
from support.flow_pipelines import stable_diffusion_3

PLAN = plan_prompts(["a boat", "much more snow"], 1, seed=1)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    return load_pipeline(stable_diffusion_3(tmp_path_factory.mktemp("flow") / "sd3"))


def task_of(pipe, source, sampler="euler", steps=5, **options):
    family = family_of(pipe)
    noise, known = (torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(i)) for i in range(2))
    mask = torch.zeros(2, 1, 8, 8)
    mask[..., 4:] = 1
    parts = dict(text2img=(noise,), img2img=(noise, known), inpaint=(noise, known, mask))[source]
    with torch.no_grad():
        rows, empty = family.conditions(pipe, list(PLAN.prompt)), family.conditions(pipe, ["", ""])
    scheduler = family.samplers[sampler](pipe.scheduler.config)
    generators = [torch.Generator(), torch.Generator()]
    task = DrawingTask(source, Start(*parts), stack(rows), stack(empty), scheduler, steps, 3.0, generators)
    return replace(task, **options)


def test_the_shift_is_that_of_the_configuration():
    assert shift_of(FlowMatchEulerDiscreteScheduler(shift=3.0).config) == 3
    assert shift_of(DPMSolverMultistepScheduler(use_flow_sigmas=True, flow_shift=2.0).config) == 2
    assert shift_of(FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True).config) == 1


@pytest.mark.parametrize("name", FLOW_SAMPLERS)
def test_a_sampler_ends_at_level_zero_from_either_configuration(name):
    solver = DPMSolverMultistepScheduler(use_flow_sigmas=True, flow_shift=3.0)
    tables = []
    for config in (FlowMatchEulerDiscreteScheduler(shift=3.0).config, solver.config):
        scheduler = FLOW_SAMPLERS[name](config)
        leave_out(scheduler, 1)
        scheduler.set_timesteps(4)
        tables.append(scheduler.sigmas)
        assert scheduler.sigmas[0] < 1 and scheduler.sigmas[-1] == 0
        assert len(scheduler.sigmas) == len(scheduler.timesteps) + 1
    assert torch.equal(*tables)


@pytest.mark.parametrize("name", FLOW_SAMPLERS)
def test_every_sampler_draws_every_kind_of_row_and_leaves_the_pipeline_alone(pipe, name):
    scheduler, before = pipe.scheduler, pipe.scheduler.timesteps.clone()
    for source in ("text2img", "img2img", "inpaint"):
        task = task_of(pipe, source, name, strength=0.6)
        drawn = family_of(pipe).denoise(pipe, task)
        assert drawn.isfinite().all() and drawn.shape == (2, 4, 8, 8)
        if source == "inpaint":
            assert torch.equal(drawn[..., :4], task.start.known[..., :4])
            assert not torch.equal(drawn[..., 4:], task.start.known[..., 4:])
    assert pipe.scheduler is scheduler and torch.equal(scheduler.timesteps, before)


def test_a_picture_is_led_through_the_steps_that_diffusers_has_for_it(pipe):
    "Its own class for pictures begins at the same level, and takes the same steps."
    task = task_of(pipe, "img2img", strength=0.6)
    ours = family_of(pipe).denoise(pipe, task)

    class FromLatents(StableDiffusion3Img2ImgPipeline):
        def prepare_latents(self, image, timestep, *args, **options):
            return self.scheduler.scale_noise(task.start.known, timestep, task.start.noise)

    theirs = FromLatents(**pipe.components)
    theirs.scheduler = FlowMatchEulerDiscreteScheduler.from_config(pipe.scheduler.config)
    theirs.set_progress_bar_config(disable=True)
    negatives = {f"negative_{name}": value for name, value in task.negatives.items()}
    how = dict(num_inference_steps=5, strength=0.6, guidance_scale=3.0, output_type="latent")
    image = torch.zeros(2, 3, 16, 16)
    drawn = theirs(image=image, **task.prompts, **negatives, **how, height=16, width=16).images
    assert torch.allclose(ours, drawn, atol=1e-5)


def test_a_scale_below_one_mixes_too(pipe):
    "At 0 only the negative prompt counts, and at 1 only the prompt."
    family = family_of(pipe)
    task = task_of(pipe, "text2img", guidance=0.0)
    swapped = replace(task, prompts=task.negatives, negatives=task.prompts, guidance=1.0)
    fresh = family.samplers["euler"](pipe.scheduler.config)
    drawn = family.denoise(pipe, task)
    assert torch.allclose(drawn, family.denoise(pipe, replace(swapped, scheduler=fresh)), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_denoiser_in_half_precision_draws_nearly_the_same(pipe, dtype):
    "Beside text encoders and an autoencoder in single precision."
    family = family_of(pipe)
    half = family.working_copy(pipe)
    half.transformer.to(dtype)
    black = np.zeros((16, 16), np.uint8)
    edit = PLAN.assign(init_image=[np.zeros((16, 16, 3), np.uint8)] * 2, mask=[black + 255] * 2, strength=0.7)
    for plan in (PLAN, edit.drop(columns="mask"), edit):
        apart = difference(*(sample_images(one, plan, steps=3) for one in (half, pipe)))
        assert apart.mean() < 3 and apart.max() < 30


def test_embeddings_get_a_precision_and_masks_keep_theirs():
    given = dict(embeds=[torch.zeros(1)], mask=torch.ones(1, dtype=torch.bool))
    half = in_precision(given, torch.float16)
    assert half["embeds"][0].dtype == torch.float16 and half["mask"].dtype == torch.bool


def test_what_draws_noise_or_cannot_shift_is_refused(pipe):
    with pytest.raises(ValueError, match="stochastic_sampling=True draws noise that no row's seed decides"):
        FLOW_SAMPLERS["euler"](FlowMatchEulerDiscreteScheduler(stochastic_sampling=True).config)
    with pytest.raises(ValueError, match="sampler='heun' can't shift levels by the size of pictures"):
        FLOW_SAMPLERS["heun"](FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True).config)
    with pytest.raises(ValueError, match="sampler='ddim' is unknown; allowed: euler, heun, dpmsolver"):
        sample_images(pipe, PLAN, sampler="ddim")


def test_solvers_come_near_to_many_small_steps(pipe):
    "With some steps, all samplers draw about the same."
    family = family_of(pipe)
    ends = [family.denoise(pipe, task_of(pipe, "text2img", name, 40)) for name in family.samplers]
    assert all(torch.allclose(end, ends[0], atol=0.1) for end in ends)
