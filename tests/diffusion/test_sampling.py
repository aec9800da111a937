"Drawing in memory: a picture depends on its row alone, and is the one that plain diffusers draws."

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import (
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
)
from PIL import Image

from spurious_core.core.seeds import generator
from spurious_core.core.settings import load_profile
from spurious_core.diffusion.sampling import PromptCache, checked_steps, make_sampler, sample_images
from support.drawing import FAST, PLAN, close, difference
from support.pipelines import build_pipeline

NOISELESS = ("dpmsolver++", "ddim", "deis", "euler", "lms", "pndm", "unipc")  # draw none at their steps
RIGHT = np.zeros((16, 16), np.uint8)
RIGHT[:, 8:] = 255


@pytest.mark.parametrize("batch", [1, 4, 9])
def test_batch_and_order_do_not_matter(tiny_pipeline, batch):
    images = sample_images(tiny_pipeline, PLAN, **FAST)
    assert close(images, sample_images(tiny_pipeline, PLAN[::-1], batch_size=batch, **FAST)[::-1])
    assert close(images[4:5], sample_images(tiny_pipeline, PLAN[4:5], **FAST))


def test_noise_does_not_depend_on_precision(tiny_pipeline):
    images = sample_images(tiny_pipeline, PLAN, **FAST)
    tiny_pipeline.to(torch.bfloat16)
    assert difference(images, sample_images(tiny_pipeline, PLAN, **FAST)).mean() < 4


def plans_for(channels, image):
    "Plans that a U-Net with so many input channels can draw, by kind."
    if channels == 8:
        rows = [dict(image_guidance=1.5), dict(image_guidance=1.5)]
    else:
        rows = [dict(mask=RIGHT, strength=1.0), dict(mask=RIGHT, strength=0.7)]
    rows = [dict(prompt="snow", seed=i, init_image=image) | row for i, row in enumerate(rows)]
    plans = [pd.DataFrame(rows)]
    if channels == 4:
        plans.append(pd.DataFrame([dict(prompt="snow", seed=2)]))
    return plans


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
@pytest.mark.parametrize("channels", [4, 9, 8])
def test_parts_may_differ_in_precision(tmp_path, part, channels):
    "As while one of them is trained: what the others are in half precision is drawn all the same."
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "p", unet_in=channels))
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    plans = plans_for(channels, image)
    full = [sample_images(pipe, plan, **FAST) for plan in plans]
    getattr(pipe, part).to(torch.bfloat16)
    for plan, images in zip(plans, full, strict=True):
        assert difference(images, sample_images(pipe, plan, **FAST)).mean() < 4


def test_each_prompt_is_encoded_once(tiny_pipeline):
    calls = []
    tiny_pipeline.text_encoder.register_forward_hook(lambda *call: calls.append(1))
    sample_images(tiny_pipeline, PLAN, batch_size=2, **FAST)
    assert len(calls) == PLAN.prompt.nunique() + 1  # and the empty one


def test_the_cache_keeps_the_order_of_prompts(tiny_pipeline):
    cache = PromptCache(tiny_pipeline)
    one, other, again = cache(["a", "b", "a"])["prompt_embeds"]
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("sampler", NOISELESS)
def test_equals_plain_diffusers(tiny_pipeline, sampler):
    pipe, seed, prompt = tiny_pipeline, int(PLAN.seed[0]), PLAN.prompt[0]
    pipe.set_progress_bar_config(disable=True)
    ours = sample_images(pipe, PLAN[:1], steps=6, sampler=sampler)[0]
    pipe.scheduler = make_sampler(pipe, sampler)
    settings = dict(num_inference_steps=6, guidance_scale=3.0)
    assert close(ours, pipe(prompt, generator=generator(seed), **settings).images[0])
    start = Image.fromarray(ours)
    img2img = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    img2img.set_progress_bar_config(disable=True)
    theirs = img2img(prompt, image=start, strength=0.5, generator=generator(seed), **settings).images
    plan = PLAN[:1].assign(init_image=[start], strength=0.5)
    assert close(theirs, sample_images(pipe, plan, steps=6, sampler=sampler))


def test_samplers_differ_and_others_are_refused(tiny_pipeline):
    images = sample_images(tiny_pipeline, PLAN[:2], sampler="ddim", **FAST)
    assert not close(images, sample_images(tiny_pipeline, PLAN[:2], **FAST))
    with pytest.raises(ValueError, match="sampler='leaps' is unknown; allowed: dpmsolver\\+\\+, ddim"):
        sample_images(tiny_pipeline, PLAN[:2], sampler="leaps", **FAST)


def test_a_strength_without_a_step_still_takes_one(tiny_pipeline):
    image = sample_images(tiny_pipeline, PLAN[:1], **FAST)[0]
    plan = PLAN[:1].assign(init_image=[image])
    small, one_step = (sample_images(tiny_pipeline, plan.assign(strength=s), **FAST) for s in (0.01, 0.34))
    assert (small == one_step).all()


def test_guidance_of_one_and_below(tiny_pipeline):
    "Between no prompt (0) and the prompt alone (1), guidance mixes the two predictions."
    none, half, full = (sample_images(tiny_pipeline, PLAN[:1], guidance=g, **FAST) for g in (0.0, 0.5, 1.0))
    drop = sample_images(tiny_pipeline, PLAN[:1].assign(prompt="fog"), guidance=0.0, **FAST)
    assert close(none, drop)
    assert not close(half, none)
    assert not close(half, full)


def test_a_negative_prompt_is_guided_away_from(tiny_pipeline):
    plain = sample_images(tiny_pipeline, PLAN[:2], **FAST)
    negative = sample_images(tiny_pipeline, PLAN[:2].assign(negative_prompt=["fog", None]), **FAST)
    assert not close(plain[0], negative[0])
    assert close(plain[1], negative[1])


def test_the_mask_of_an_inpainting_unet_matters(tmp_path):
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "inpaint", unet_in=9))
    plan = PLAN[:1].assign(init_image=[np.full((16, 16, 3), 99, np.uint8)], strength=1.0)
    black, white = (np.full((16, 16), level, np.uint8) for level in (0, 255))
    images = [sample_images(pipe, plan.assign(mask=[mask]), **FAST) for mask in (black, white)]
    assert (images[0] != images[1]).any()


# ---- diffusers' pipelines, and what they can't do


def quiet(task, pipe, sampler="dpmsolver++", **parts):
    "A plain pipeline of diffusers with the parts of `pipe` and our sampler."
    parts = pipe.components | dict(scheduler=make_sampler(pipe, sampler)) | parts
    plain = task(**parts, requires_safety_checker=False)
    plain.set_progress_bar_config(disable=True)
    return plain


IMAGE = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
OTHER = np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)
SETTINGS = dict(num_inference_steps=6, guidance_scale=3.0)


@pytest.mark.parametrize("sampler", NOISELESS)
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_put_back_picture_equals_plain_inpainting(tiny_pipeline, sampler, strength):
    plan = PLAN[:1].assign(init_image=[IMAGE], mask=[RIGHT], strength=strength)
    ours = sample_images(tiny_pipeline, plan, steps=6, sampler=sampler)
    plain = quiet(StableDiffusionInpaintPipeline, tiny_pipeline, sampler)
    given = dict(image=Image.fromarray(IMAGE), mask_image=Image.fromarray(RIGHT), height=16, width=16)
    seeds = generator(int(PLAN.seed[0]))
    assert close(ours, plain(PLAN.prompt[0], strength=strength, generator=seeds, **given, **SETTINGS).images)


def test_nothing_is_left_on_the_unet(tmp_path):
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "inpaint", unet_in=9))
    before, scheduler = pipe.unet.config, pipe.scheduler
    sample_images(pipe, PLAN[:1].assign(init_image=[IMAGE], mask=[RIGHT]), **FAST)
    assert not pipe.unet._forward_pre_hooks
    assert pipe.unet.config is before
    assert pipe.scheduler is scheduler


def test_diffusers_leaves_guidance_below_one_out(tiny_pipeline):
    plain = quiet(StableDiffusionPipeline, tiny_pipeline)
    seed, settings = int(PLAN.seed[0]), dict(num_inference_steps=3)
    half, full = (
        plain(PLAN.prompt[0], guidance_scale=g, generator=generator(seed), **settings).images[0]
        for g in (0.5, 1)
    )
    assert close(half, full)
    assert not close(half, sample_images(tiny_pipeline, PLAN[:1], guidance=0.5, **FAST)[0])


def test_diffusers_encodes_pictures_in_the_precision_of_the_unet(tiny_pipeline):
    "So its image-to-image fails where the autoencoder has another; ours is in the test of precisions above."
    plain = quiet(StableDiffusionImg2ImgPipeline, tiny_pipeline)
    plain.vae.to(torch.bfloat16)
    with pytest.raises(RuntimeError, match="type"):
        plain("x", image=Image.fromarray(IMAGE), num_inference_steps=2)


@pytest.fixture(scope="module")
def mini():
    "A pipeline with eight latent channels."
    return StableDiffusionPipeline.from_pretrained(load_profile("mini").pipeline)


def test_diffusers_takes_latents_of_four_channels_only(mini):
    plain = quiet(StableDiffusionImg2ImgPipeline, mini)
    with pytest.raises(RuntimeError, match="to have 3 channels, but got 8 channels"):
        plain("x", image=torch.rand(1, 8, 16, 16), num_inference_steps=2)


def test_diffusers_inpaints_latents_of_four_channels_only(mini):
    plain = quiet(StableDiffusionInpaintPipeline, mini)
    given = dict(image=torch.rand(1, 3, 64, 64), mask_image=torch.ones(1, 1, 64, 64), height=64, width=64)
    with pytest.raises(ValueError, match="should have either 4 or 9 input channels, not 8"):
        plain("x", **given, num_inference_steps=2)


def test_diffusers_inpainting_forgets_the_picture_where_latents_are_given(tmp_path):
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "inpaint", unet_in=9))
    plain, white = quiet(StableDiffusionInpaintPipeline, pipe), np.full((16, 16), 255, np.uint8)
    latents = torch.randn(1, 4, 8, 8, generator=generator(0))
    given = dict(mask_image=Image.fromarray(white), height=16, width=16, latents=latents, strength=0.5)
    theirs, ours = [], []
    for image in (IMAGE, OTHER):
        given |= dict(image=Image.fromarray(image), generator=generator(0))
        theirs.append(plain("snow", **given, **SETTINGS).images[0])
        plan = PLAN[:1].assign(init_image=[image], mask=[white], strength=0.5)
        ours.append(sample_images(pipe, plan, **FAST))
    assert close(*theirs)
    assert not close(*ours)


@pytest.mark.parametrize(
    "bad",
    [
        dict(steps=0),
        dict(steps=1.5),
        dict(steps=1001),
        dict(guidance=float("nan")),
        dict(batch_size=0),
        dict(sampler="leaps"),
    ],
)
def test_settings_that_cannot_be_are_refused(tiny_pipeline, bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"{name}="):
        sample_images(tiny_pipeline, PLAN, **FAST | bad)


@pytest.mark.parametrize(
    "sampler, times", [(None, 1000), ("ddim", 1000), ("euler", 1000), ("lcm", 50), ("tcd", 50)]
)
def test_no_sampler_takes_more_steps_than_it_has_times(tiny_pipeline, sampler, times):
    assert checked_steps(tiny_pipeline, float(times), sampler) == times
    make_sampler(tiny_pipeline, sampler).set_timesteps(times)
    with pytest.raises(
        ValueError, match=f"^steps={times + 1} must be at most {times}: .*Scheduler has no more"
    ):
        checked_steps(tiny_pipeline, times + 1, sampler)


def test_the_times_of_a_consistency_model_do_not_bind_other_samplers(tiny_pipeline):
    tiny_pipeline.scheduler = make_sampler(tiny_pipeline, "lcm")
    assert checked_steps(tiny_pipeline, 60, "ddim") == 60


@pytest.mark.parametrize("part, whose", [("unet", "denoiser"), ("vae", "autoencoder")])
def test_pictures_that_are_not_finite_are_an_error(tiny_pipeline, part, whose):
    layer = tiny_pipeline.unet.conv_out if part == "unet" else tiny_pipeline.vae.decoder.conv_out
    torch.nn.init.constant_(layer.bias, float("nan"))
    message = f"2 of 2 pictures are not finite after the {whose} .*seed {PLAN.seed[0]}"
    with pytest.raises(FloatingPointError, match=message):
        sample_images(tiny_pipeline, PLAN[:2], **FAST)
