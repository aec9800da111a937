"What the tests of D3S share: pictures coloured by what they are, and features and networks that train fast."

import numpy as np
import pandas as pd
import torch
from PIL import Image

from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate.networks import small_resnet
from spurious_core.papers.d3s.disentangling import Disentangling
from spurious_core.papers.d3s.drawing import write_inits
from spurious_core.papers.d3s.features import CachedFeatures, on_features
from spurious_core.papers.d3s.plans import Recipe, plan_shift

N_CLASSES, N_SCENES = 4, 5
LABELS = [f"class {i}" for i in range(N_CLASSES)]
SCENES = [f"scene {i}" for i in range(N_SCENES)]
QUICK = Disentangling(
    pretrain=2, steps=5, critic_steps=2, batch=24, background=0.25, widths=(16,), augment="crop"
)


def flat(colour, h=8, w=8):
    "A picture of one colour."
    return np.broadcast_to(np.array(colour, np.uint8), (h, w, 3)).copy()


def colour_of(row):
    "A row's class, background and number, as a colour."
    return 10 + 20 * row["y"], 10 + 20 * row["a"], 10 + 20 * row["item"]


def coloured(row):
    "A foreground source."
    return flat(colour_of(row)), None


def black(row):
    "A background source."
    return flat((0, 0, 0))


def white(row):
    "A background source."
    return flat((255, 255, 255))


def drawn(folder, k=2, labels=("boat", "cow", "car")):
    "A drawn table without a diffusion model: results are coloured by class, background and number."
    plan = plan_shift(labels, k, Recipe("background"), splits=dict(train=0.5, test=0.5))
    plan = write_inits(plan, (coloured, white), folder / "init", 64)
    (folder / "images").mkdir()
    paths = [str(folder / "images" / f"{i}.png") for i in range(len(plan))]
    for path, row in zip(paths, plan.to_dict("records"), strict=True):
        Image.fromarray(flat(colour_of(row), 64, 64)).save(path)
    return plan.assign(path=paths, steps=2, sampler="x", checkpoint="y")


def mixed(n, seed, noise=0.2):
    "Six numbers of the class and six of the background, mixed into directions of unlike size."
    rng, fixed = np.random.default_rng([seed, 1]), np.random.default_rng(0)
    y, a = rng.integers(0, N_CLASSES, n), rng.integers(0, N_SCENES, n)
    codes = fixed.normal(size=(2, 8, 6))
    mix = np.linalg.qr(fixed.normal(size=(12, 12)))[0] * np.geomspace(0.4, 2.5, 12)
    parts = np.concatenate([codes[0][y], codes[1][a]], 1) + noise * rng.normal(size=(n, 12))
    return CachedFeatures(parts @ mix, y, a, LABELS, SCENES)


def start():
    "A classifier of `mixed` features, before training."
    return on_features(LABELS, 12, None, "test")


def pictures(n=120, seed=0, labels=LABELS, pairs=None, size=16):
    "A dark block whose height is the class on paper whose tint is the background."
    rng = np.random.default_rng(seed)
    y, a = np.arange(n) % N_CLASSES, np.arange(n) // N_CLASSES % N_SCENES
    if pairs is not None:
        y, a = np.array(pairs).T
    tint = np.eye(3)[a % 3][:, None, None] * 60 * (1 + a // 3)[:, None, None, None]
    pixels = rng.normal(120, 20, (len(y), size, size, 3)) + tint
    for i, k in enumerate(y):
        pixels[i, 3 * k : 3 * k + 4, 4:12] = 20
    manifest = pd.DataFrame(dict(y=y, a=a, split="train"))
    return GroupedImages(manifest, labels, SCENES, "blocks", pixels.clip(0, 255).astype(np.uint8), size=size)


def small_network(seed=0):
    "An untrained classifier of `pictures`."
    torch.manual_seed(seed)
    return small_resnet(LABELS, (8, 16))
