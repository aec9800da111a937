"A small run's folder, with an image set of a tiny pipeline where one is given."

import json
from pathlib import Path

import numpy as np
from PIL import Image

from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.plans import plan_prompts

NASTY = "<script>alert(1)</script>"


def write_run(folder: Path, numbers: int = 14, pipe=None, n: int = 3) -> Path:
    (folder / "figures").mkdir(parents=True)
    for i in range(6):
        picture = np.random.default_rng(i).integers(0, 255, (120, 160, 3), dtype=np.uint8)
        Image.fromarray(picture).save(folder / "figures" / f"noise{i}.png")
    entries = {f"wga.mini.arm{i}": dict(value=i / 20, ci=[0, 1], n=5) for i in range(numbers)}
    text = json.dumps({f"wga.mini.{NASTY}": dict(value=1, ci=None, n=None)} | entries)
    (folder / "metrics.json").write_text(text, encoding="utf-8")
    about = dict(study="toy", parameters=dict(seed=0, label=NASTY), commit="ab" * 20, dirty=False)
    (folder / "environment.json").write_text(json.dumps(about), encoding="utf-8")
    if pipe is not None:
        plan = plan_prompts("a <b>", n)
        generate(pipe, plan, folder / "drawn", steps=2, progress=False)
    return folder


def break_figures(folder: Path) -> None:
    "A figure that is a broken link, one that is a folder, and an empty one."
    for number in range(3):
        (folder / f"figures/noise{number}.png").unlink()
    (folder / "figures/noise0.png").symlink_to("nowhere")
    (folder / "figures/noise1.png").mkdir()
    (folder / "figures/noise2.png").touch()
