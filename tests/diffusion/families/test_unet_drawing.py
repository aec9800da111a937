"Rows drawn by U-Net pipelines; what they draw is compared with plain diffusers in `test_sampling`."

import itertools

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline

from spurious_core.core.seeds import generator, seed_of
from spurious_core.diffusion.families.unet_drawing import (
    DIFFUSION_SAMPLERS,
    FromLatents,
    check_channels,
    make_task,
)
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from support.drawing import close
from support.pipelines import build_pipeline

PLAN = plan_prompts(["a photo of a boat", "snow"], 1, seed=1)


class Task(FromLatents, StableDiffusionImg2ImgPipeline):
    pass


def test_a_task_shares_the_networks_and_leaves_the_rest_behind(tiny_pipeline):
    scheduler = DIFFUSION_SAMPLERS["ddim"](tiny_pipeline.scheduler.config)
    task = make_task(Task, tiny_pipeline, scheduler, requires_safety_checker=False)
    assert task.unet is tiny_pipeline.unet and task.vae is tiny_pipeline.vae and task.scheduler is scheduler
    assert task.text_encoder is None and task.tokenizer is None
    task.noise = torch.ones(1, 4, 8, 8)
    time = torch.tensor([500])
    noisy = task.prepare_latents(torch.zeros(1, 4, 8, 8), time)
    assert torch.equal(noisy, scheduler.add_noise(torch.zeros(1, 4, 8, 8), task.noise, time))


@pytest.mark.parametrize(
    "channels, draws, refuses, why",
    [
        (
            4,
            ("text2img", "img2img", "inpaint"),
            "instruct",
            "rows of instruct have 8: .* without image_guidance",
        ),
        (
            9,
            ("inpaint",),
            "text2img",
            "rows of text2img have 4: .* for inpainting, so give init_image and mask",
        ),
        (
            8,
            ("instruct",),
            "inpaint",
            "rows of inpaint have 4 or 9: .* so give init_image and image_guidance",
        ),
        (5, (), "img2img", "takes 5 channels, and rows of img2img have 4: it is made for another task"),
    ],
)
def test_a_unet_tells_by_its_channels_what_it_draws(tmp_path, channels, draws, refuses, why):
    folder = build_pipeline(tmp_path / "p", unet_in=channels)
    pipe = StableDiffusionPipeline.from_pretrained(folder)
    for source in draws:
        check_channels(pipe, source)
    with pytest.raises(ValueError, match=why):
        check_channels(pipe, refuses)


def kinds_of_rows():
    "A plan from noise, from pictures, and under a mask."
    pictures = list(np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8))
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 255
    edit = PLAN.assign(init_image=pictures, strength=0.7)
    return [PLAN, edit, edit.assign(mask=[mask] * 2)]


SLOW_SAMPLERS = ("kdpm2", "kdpm2_ancestral")  # they look for steps between steps, for seconds


@pytest.mark.parametrize(
    "sampler",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW_SAMPLERS)) for name in DIFFUSION_SAMPLERS],
)
def test_every_sampler_draws_a_row_alone_as_in_company_and_twice_the_same(tiny_pipeline, sampler):
    for plan in kinds_of_rows():
        how = dict(steps=4, sampler=sampler)
        together = sample_images(tiny_pipeline, plan, **how)
        assert (together == sample_images(tiny_pipeline, plan, **how)).all()
        assert close(together[1:], sample_images(tiny_pipeline, plan[1:], **how))
        assert not close(together[0], together[1])


@pytest.mark.parametrize("steps", [pytest.param(1, marks=pytest.mark.slow), 3])
@pytest.mark.parametrize(
    "sampler",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW_SAMPLERS)) for name in DIFFUSION_SAMPLERS],
)
def test_every_sampler_is_that_of_plain_diffusers(tiny_pipeline, sampler, steps):
    "From our noise, and with the generator that a row has for its steps."
    ours = sample_images(tiny_pipeline, PLAN[:1], steps=steps, sampler=sampler)[0]
    tiny_pipeline.scheduler = DIFFUSION_SAMPLERS[sampler](tiny_pipeline.scheduler.config)
    tiny_pipeline.set_progress_bar_config(disable=True)
    seed, noise = int(PLAN.seed[0]), torch.randn(1, 4, 8, 8, generator=generator(int(PLAN.seed[0])))
    settings = dict(num_inference_steps=steps, guidance_scale=3.0, latents=noise)
    of_steps = generator(seed_of("steps", seed))
    assert close(ours, tiny_pipeline(PLAN.prompt[0], generator=of_steps, **settings).images[0])


@pytest.mark.slow
def test_no_two_samplers_draw_the_same_but_those_that_are_one(tiny_pipeline):
    "DDIM is Euler's step in the clean latent, and DDPM the same with noise drawn anew."
    drawn = {
        name: sample_images(tiny_pipeline, PLAN[:1], steps=5, sampler=name) for name in DIFFUSION_SAMPLERS
    }
    pairs = itertools.combinations(drawn, 2)
    same = [pair for pair in pairs if close(drawn[pair[0]], drawn[pair[1]])]
    assert same == [("ddim", "euler"), ("ddpm", "euler_ancestral")]
