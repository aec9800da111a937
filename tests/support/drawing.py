"A small plan, and how far the pictures of two drawings are apart."

import numpy as np

from spurious_core.diffusion.plans import plan_prompts

PLAN = plan_prompts(["a photo of a boat", "a photo of a cow", "snow"], 3, seed=1, y=[0, 1, -1])
FAST = dict(steps=3, progress=False)


def difference(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    "The distance of each value in grey levels."
    return abs(np.asarray(images).astype(int) - np.asarray(others))


def close(images: np.ndarray, others: np.ndarray) -> bool:
    "Whether no value differs by more than one grey level."
    return difference(images, others).max() <= 1
