"""The memory that a training takes of the machine, run as a program of its own:
`python resident_memory.py FOLDER OUT SIDE CHANGES` prints bytes."""

import json
import sys
from pathlib import Path

import numpy as np
import psutil
import torch

from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize


class Mean:
    "An image loss that acts on the less noisy half of the levels."

    def gate(self, sigma):
        return sigma < sigma.median()

    def __call__(self, pictures, batch, sigma):
        return pictures.mean((1, 2, 3))


def highest_since_reset():
    "The highest resident size of this process, in bytes."
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def train(folder, out, side, steps, changes):
    pictures = np.full((4, side, side, 3), 128, np.uint8)
    config = PersonalizeConfig("a photo of sks", steps=steps, image_loss_weight=0.1, **changes)
    personalize(folder, pictures, config, out, image_loss=Mean(), progress=False)


def main(folder, out, side, changes):
    torch.set_num_threads(1)
    small = json.loads(changes) | dict(batch_size=1)
    train(folder, f"{out}/first", int(side), 1, small)  # libraries are loaded, and what they keep is there
    before = psutil.Process().memory_info().rss
    Path("/proc/self/clear_refs").write_text("5")  # forgets the highest size so far
    train(folder, f"{out}/second", int(side), 2, json.loads(changes))
    print(highest_since_reset() - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
