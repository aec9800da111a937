"""Ten steps of a LoRA with an image loss through a generator of public size: figures/dry_run/sdxl, sd35.

`PYTHONPATH=.:tests python tests/support/full_size_drill.py sdxl` (7 GB of disk, or 16 GB for sd35). Weights
are random, so that gradients, memory and time are those of the real thing and the pictures are not."""

import json
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from diffusers import AutoencoderTiny
from transformers import ResNetConfig, ResNetForImageClassification

from spurious_core.app.dry_run.full_size import write_random_weights
from spurious_core.app.dry_run.public_models import write_configs
from spurious_core.diffusion.memory.rehearsal import rehearse
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize
from spurious_core.diffusion.training.trainer import LOG_FILE
from support.kill_drill import write_evidence
from support.resident_memory import highest_since_reset

STEPS = 10
MODELS = dict(
    sdxl=("stabilityai/stable-diffusion-xl-base-1.0", 4),
    sd35=("stabilityai/stable-diffusion-3.5-medium", 16),
)


class Seen(torch.nn.Module):
    "A random ResNet-50 as an image loss: the mean of its logits, at the lower half of the levels of noise."

    def __init__(self):
        super().__init__()
        self.network = (
            ResNetForImageClassification(ResNetConfig(num_labels=1000)).eval().requires_grad_(False)
        )

    def gate(self, sigma: torch.Tensor) -> torch.Tensor:
        return sigma < sigma.median()

    def forward(self, pictures: torch.Tensor, *of_batch: Any) -> torch.Tensor:
        small = torch.nn.functional.interpolate(pictures, 224, mode="bilinear", antialias=True)
        return self.network(small).logits.mean(1)


def write_pipeline(folder: str, name: str, side: int) -> None:
    "Configs and weights of a model for pictures of so many pixels."
    write_configs(MODELS[name][0], folder)
    for part in ("unet", "transformer"):
        file = Path(folder) / part / "config.json"
        if file.exists():
            file.write_text(json.dumps(json.loads(file.read_text()) | dict(sample_size=side // 8)))
    write_random_weights(folder)


def train(folder: str, name: str, side: int) -> dict[str, float]:
    "What ten steps left behind: time, memory beside its prediction, gradients."
    config = PersonalizeConfig(
        batch_size=1,
        steps=STEPS,
        precision="bf16",
        gradient_checkpointing=True,
        image_loss_weight=0.1,
        gated_share=1.0,
        min_references=1,
    )
    decoder, seen = AutoencoderTiny(latent_channels=MODELS[name][1]).to(torch.bfloat16), Seen()
    predicted = rehearse(folder, config, decoder, seen).peak
    pictures = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), np.uint8)
    before = psutil.Process().memory_info().rss
    Path("/proc/self/clear_refs").write_text("5")  # forgets the highest size so far
    start = time.perf_counter()
    out = personalize(folder, pictures, config, f"{folder}/adapter", image_loss=seen, decoder=decoder)
    seconds = (time.perf_counter() - start) / STEPS
    rows = [json.loads(line) for line in (out / LOG_FILE).read_text(encoding="utf-8").splitlines()]
    found = dict(
        seconds_a_step=seconds,
        steps_per_s=rows[-1]["steps_per_s"],
        peak_memory_gib=(highest_since_reset() - before) / 2**30,
        predicted_memory_gib=predicted / 2**30,
        finite_gradients=sum(0 < row["grad_norm"] < float("inf") for row in rows),
    )
    return {f"{metric}.random_pictures.{name}": value for metric, value in found.items()}


def main(name: str, side: str = "1024") -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=".") as folder:
        with get_context("spawn").Pool(1) as pool:  # whose memory is given back
            pool.apply(write_pipeline, (folder, name, int(side)))
        found = train(folder, name, int(side))
    what = (
        f"{STEPS} steps of a LoRA with an image loss (tiny decoder, random ResNet-50) on noise, through a "
        f"random {MODELS[name][0]}, at {side} pixels, bf16, activations computed anew, a picture a step"
    )
    write_evidence(f"dry_run/{name}", found, what, "full_size_drill.py", time.perf_counter() - start)


if __name__ == "__main__":
    main(*sys.argv[1:])
