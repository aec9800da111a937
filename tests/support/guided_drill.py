"""The similarity loss with a real guide through a generator of full size: figures/dry_run/guided_steps.

`PYTHONPATH=.:tests python tests/support/guided_drill.py`, where the photographs are. The generator's weights
are random, so that gradients, memory and time are those of the real thing and the pictures are not."""

import resource
import tempfile
import time
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from spurious_core.app.dry_run.random_pipelines import random_pipeline
from spurious_core.app.dry_run.sizes import SIZES, Size
from spurious_core.core.settings import load_profile
from spurious_core.papers.class_wise.kit import Kit, load_kit
from spurious_core.papers.class_wise.own_folder import own_target
from spurious_core.papers.real.guided_steps import GuidedSteps, guided_steps
from spurious_core.papers.real.tile_folders import write_tile_folder
from support.kill_drill import write_evidence

LABEL, SIDE, STEPS = "tench", 256, 10


def full_size() -> Size:
    "Stable Diffusion 1.5 for pictures of 256 pixels, of which the guide sees the middle 224."
    size = SIZES["sd15"]
    unet = size.unet | dict(sample_size=SIDE // 8)
    return replace(size, resolution=SIDE, precision="fp32", unet=unet)


def guided_kit(folder: Path, size: Size) -> Kit:
    "The real guide, a random generator, and the tiles of a class. Another process makes the generator."
    with get_context("spawn").Pool(1) as pool:
        pipeline = pool.apply(random_pipeline, (folder / "pipeline", size))
    fields = dict(pipeline=str(pipeline), resolution=size.resolution, precision=size.precision)
    return load_kit(replace(load_profile("real"), **fields), write_tile_folder(folder / "tiles", LABEL))


def counts_of(taught: GuidedSteps) -> dict[str, float]:
    "What is kept of it, by keys of numbers."
    before, after = taught.alpha_before.mean(), taught.alpha_after.mean()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = dict(
        alpha_before=float(before),
        alpha_after=float(after),
        alpha_gain=float(after - before),
        finite_gradients=sum(norm > 0 and norm < float("inf") for norm in taught.gradients),
        adapter_change=taught.change,
        seconds_a_step=taught.seconds,
        peak_memory_gib=peak,
    )
    return {f"{name}.{LABEL}_tiles.sfsl": value for name, value in found.items()}


def main() -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        kit = guided_kit(Path(folder), full_size())
        taught = guided_steps(kit, own_target(kit, LABEL), Path(folder) / "adapter", STEPS)
    what = (
        f"{STEPS} steps of the similarity loss of EfficientNet-Lite0 (224 pixels) on four tiles of {LABEL}, "
        f"through a random Stable Diffusion 1.5 of full size with its own decoder, at {SIDE} pixels"
    )
    write_evidence(
        "dry_run/guided_steps", counts_of(taught), what, "guided_drill.py", time.perf_counter() - start
    )


if __name__ == "__main__":
    main()
