"Pictures that a small pipeline draws, and whether two are the same."

import numpy as np
import torch

from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import make_sampler, sample_images

PLAN = plan_prompts(["a photo of a boat", "snow"], 1, seed=1)
STEPS = 3


def draw(pipe, plan=PLAN):
    "What our sampler draws."
    return sample_images(pipe, plan, steps=STEPS)


def drawn_by_diffusers(pipe, plan=PLAN):
    "What diffusers draws with our scheduler, one row at a time."
    pipe.scheduler = make_sampler(pipe)
    pipe.set_progress_bar_config(disable=True)
    options = dict(num_inference_steps=STEPS, guidance_scale=3.0)
    images = []
    for row in plan.itertuples():
        rng = torch.Generator().manual_seed(int(row.seed))
        images.append(np.asarray(pipe(row.prompt, generator=rng, **options).images[0]))
    return np.stack(images)


def picture(seed=0):
    "16 x 16 random pixels."
    return np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)


def close(a, b, by=1):
    "Whether no pixel differs by more than `by` of 255."
    return abs(a.astype(int) - b.astype(int)).max() <= by


def apart(a, b):
    "Whether pictures differ clearly."
    return abs(a.astype(int) - b.astype(int)).mean() > 1
