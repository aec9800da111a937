"Rows drawn by U-Net pipelines; what they draw is compared with plain diffusers in `test_sampling`."

import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline

from spurious_core.diffusion.families.unet_drawing import (
    DIFFUSION_SAMPLERS,
    FromLatents,
    check_channels,
    make_task,
)
from support.pipelines import build_pipeline


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
