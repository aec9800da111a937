"Small personalisations that the tests of the trainer share: pictures, recipes, image losses."

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from spurious_core.diffusion.adapters import LORA
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize

LOW = 0.64  # the level of noise below which the first 300 of the tests' timesteps lie
REFS = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
PRIOR = np.random.default_rng(1).integers(0, 256, (4, 16, 16, 3), np.uint8)
RUN = PersonalizeConfig(
    "a photo of sks", rank=2, lr=5e-3, steps=6, batch_size=2, checkpoint_every=2, validate_every=3, seed=3
)
FULL = replace(
    RUN,
    lora_alpha=5.0,
    train_text_encoder=True,
    text_lr=1e-3,
    accumulation=2,
    class_prompt="a photo of snow",
    ema=0.8,
    warmup=2,
    lr_schedule="cosine",
    image_loss_weight=0.5,
)


class Brighter:
    "An image loss with a narrow gate, which records what it was shown."

    fingerprint = "brighter"

    def __init__(self):
        self.seen = []

    def gate(self, sigma):
        return sigma < LOW

    def __call__(self, x, batch, sigma):
        self.seen.append((x, batch, sigma))
        return (1 - x).mean((1, 2, 3))


def train(pipe, config, out, **options):
    "Personalises on `REFS`."
    return personalize(pipe, REFS, config, out, progress=False, **options)


def train_full(pipe, out, config=FULL, **options):
    "Personalises with everything that there is: prior, image loss, averages, a text encoder that learns."
    return train(pipe, config, out, image_loss=Brighter(), prior_images=PRIOR, **options)


def weights(folder):
    "The tensors of a LoRA."
    return load_file(Path(folder) / LORA)


def assert_same(a, b):
    "Two dictionaries of tensors agree to the last bit."
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)
