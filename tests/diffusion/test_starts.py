"Where rows start: their own noise and latents, and what a U-Net can draw."

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from spurious_core.core.seeds import generator
from spurious_core.diffusion.plans import plan_rows
from spurious_core.diffusion.starts import picture_side, start_rows
from support.drawing import PLAN
from support.pipelines import build_pipeline

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
RIGHT = np.zeros((16, 16), np.uint8)
RIGHT[:, 8:] = 255
KINDS = {
    "text2img": {},
    "img2img": dict(init_image=list(IMAGES)),
    "inpaint": dict(init_image=list(IMAGES), mask=[RIGHT] * 3),
    "instruct": dict(init_image=list(IMAGES), image_guidance=1.5),
}


@pytest.fixture(scope="module")
def pipes(tmp_path_factory):
    "Random pipelines by the input channels of their U-Nets."
    folder = tmp_path_factory.mktemp("pipes")
    folders = {n: build_pipeline(folder / str(n), unet_in=n) for n in (4, 8, 9)}
    return {n: StableDiffusionPipeline.from_pretrained(path) for n, path in folders.items()}


def start(pipe, kind, rows=slice(None)):
    checked = plan_rows(PLAN[:3].assign(**KINDS[kind]), 3.0)[rows]
    with torch.no_grad():
        return start_rows(pipe, checked, picture_side(pipe))


@pytest.mark.parametrize("kind, channels", [("text2img", 4), ("img2img", 4), ("inpaint", 9), ("instruct", 8)])
def test_the_start_of_a_row_is_its_own(pipes, kind, channels):
    together, alone = (start(pipes[channels], kind, rows) for rows in (slice(None), slice(1, 2)))
    for batch, one in zip(together, alone, strict=True):
        assert (batch is None) == (one is None)
        if one is not None:
            torch.testing.assert_close(batch[1:2], one)


def test_noise_comes_from_the_seed_alone_and_latents_before_it(pipes):
    first = generator(int(PLAN.seed[0]))
    sample, noise = (torch.randn(1, 4, 8, 8, generator=first) for _ in range(2))
    assert torch.equal(start(pipes[4], "text2img").noise[:1], sample)
    assert torch.equal(start(pipes[4], "img2img").noise[:1], noise)
    assert torch.equal(start(pipes[4], "inpaint").noise[:1], noise)


def test_noise_stays_in_full_precision(pipes):
    full = start(pipes[4], "text2img").noise
    pipes[4].unet.to(torch.bfloat16)
    half = start(pipes[4], "text2img").noise
    pipes[4].unet.float()
    assert half.dtype == torch.float32 and torch.equal(half, full)


def test_a_mask_has_the_size_of_the_latents(pipes):
    mask = start(pipes[4], "inpaint").mask
    assert mask.shape == (3, 1, 8, 8)
    assert mask[0, 0, 0].tolist() == [0.0] * 4 + [1.0] * 4


@pytest.mark.parametrize(
    "channels, kind, why",
    [
        (8, "text2img", "takes 8 channels, and rows of text2img have 4: it is made for instructions"),
        (4, "instruct", "rows of instruct have 8: it is made without image_guidance"),
        (9, "img2img", "rows of img2img have 4: it is made for inpainting"),
        (8, "inpaint", "rows of inpaint have 4 or 9: it is made for instructions"),
    ],
)
def test_a_unet_says_what_it_is_made_for(pipes, channels, kind, why):
    with pytest.raises(ValueError, match=why):
        start(pipes[channels], kind)
