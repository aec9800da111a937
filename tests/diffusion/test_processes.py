"Several processes (gloo on the CPU): the adapter and the pictures of one process, nothing lost, nothing twice, and a killed process does no harm."

import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

from spurious_core.diffusion import generate as gen
from spurious_core.diffusion import personalize as per
from spurious_core.diffusion.generate import generate, load_image_set, plan_prompts
from spurious_core.diffusion.personalize import PersonalizeConfig, personalize
from spurious_core.diffusion.similarity_loss import cutouts

REFS = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
PRIOR = np.random.default_rng(1).integers(0, 256, (4, 16, 16, 3), np.uint8)
PLAN = plan_prompts(["a photo of sks", "a photo of snow"], 7, y=[0, 1])
HALF = PersonalizeConfig(
    "a photo of <concept>",
    rank=2,
    lr=2e-3,
    steps=3,
    batch_size=3,
    accumulation=2,
    class_prompt="a photo of snow",
    train_text_encoder=True,
    num_vectors=2,
    ema=0.8,
    image_loss_weight=0.5,
    checkpoint_every=1,
    seed=3,
)  # six in all: three gated, two of them in one process


class Crops:
    "An image loss that looks at random crops, and whose value is different for every image."

    fingerprint = "crops"

    def gate(self, t):
        return t < 300

    def __call__(self, x, batch, t):
        y = cutouts(x, 1, 0.5, 0.1, torch.Generator().manual_seed(batch["seed"]), batch["place"], batch["of"])
        return (y * torch.linspace(-1, 1, 16)).mean((1, 2, 3)) * (1 + batch["index"])


def train(pipe, config, out, loss=None):
    return personalize(
        pipe, REFS, config, out, image_loss=loss or Crops(), prior_images=PRIOR, progress=False
    )


def draw(pipe, out, **kw):
    return generate(pipe, PLAN, out, batch_size=3, steps=2, progress=False, **kw)


def weights(folder):
    return {k: v for p in sorted(Path(folder).rglob("*.safetensors")) for k, v in load_file(p).items()}


def bytes_of(folder):
    return {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir())}


def _child(rank, n, port, f, args):
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(n),
        LOCAL_WORLD_SIZE=str(n),
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
    )
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.set_num_threads(1)  # what the parent knew of itself
    try:
        f(*args)
    finally:
        if torch.distributed.is_initialized() and sys.exc_info()[0] is None:
            torch.distributed.destroy_process_group()


def together(f, *args, n=2, fails=False):
    "Runs `f(*args)` in `n` processes; when one fails, the others are ended, as launchers do. Returns the exit codes."
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forking beside threads; the children only compute
        ps = [
            multiprocessing.get_context("fork").Process(target=_child, args=(r, n, port, f, args))
            for r in range(n)
        ]
        for p in ps:
            p.start()
    while any(p.is_alive() for p in ps) and not any(p.exitcode for p in ps):
        time.sleep(0.02)
    if fails:
        for p in ps:
            p.join(5)  # they may well notice by themselves
    for p in ps:
        if any(q.exitcode for q in ps):
            p.terminate()
        p.join()
    codes = [p.exitcode for p in ps]
    assert fails or codes == [0] * n, codes
    return codes


@pytest.mark.parametrize("method", ["lora", "textual_inversion", "dreambooth"])
def test_training_equals_one_process(tiny_pipeline, tmp_path, method):
    half = replace(HALF, method=method)
    together(train, tiny_pipeline, half, tmp_path / "two")
    one, two = train(tiny_pipeline, replace(half, batch_size=6), tmp_path / "one"), tmp_path / "two"
    a, b, other = weights(one), weights(two), weights(train(tiny_pipeline, half, tmp_path / "half"))
    assert a.keys() == b.keys() and len(a)
    far = lambda x: max((a[k].float() - x[k].float()).abs().max().item() for k in a)
    assert far(b) < 2e-4 and far(other) > 2e-3
    rows = [pd.read_json(f / "log.jsonl", lines=True).drop(columns="steps_per_s") for f in (one, two)]
    pd.testing.assert_frame_equal(*rows, rtol=1e-3, atol=1e-5)
    assert json.loads((two / "config.json").read_text())["processes"] == 2
    if method == "lora":
        with pytest.raises(ValueError, match="processes=2 there and 1 here"):
            train(tiny_pipeline, half, two)


def _die(rank, module, name, when, f, *args):
    "`f(*args)`, but process `rank` is killed when it calls `module.name` for the `when`-th time."
    real, count = getattr(module, name), iter(range(10**6))

    def deadly(*a, **kw):
        if next(count) == when - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*a, **kw)

    if int(os.environ["RANK"]) == rank:
        setattr(module, name, deadly)
    f(*args)


@pytest.mark.parametrize("rank", [0, 1])
def test_killed_while_training(tiny_pipeline, tmp_path, rank):
    config = replace(HALF, accumulation=1, batch_size=1, image_loss_weight=0.0, class_prompt=None)
    together(train, tiny_pipeline, config, tmp_path / "whole")
    codes = together(_die, rank, per, "_mean", 3, train, tiny_pipeline, config, tmp_path / "cut", fails=True)
    assert (
        codes[rank] == -signal.SIGKILL
        and (tmp_path / "cut" / "checkpoint.safetensors").is_file()
        and not (tmp_path / "cut" / "result.json").exists()
    )
    together(train, tiny_pipeline, config, tmp_path / "cut")
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(a[k], b[k]) for k in a)
    assert pd.read_json(tmp_path / "cut" / "log.jsonl", lines=True).step.tolist() == [1, 2, 3]


def _diverge(pipe, out):
    class Nan(Crops):
        def __call__(self, x, batch, t):
            return super().__call__(x, batch, t) * (float("nan") if os.environ["RANK"] == "1" else 1.0)

    with pytest.raises(FloatingPointError, match="loss is not finite at step 1"):
        train(pipe, replace(HALF, batch_size=2), out, Nan())


def test_all_stop_where_one_diverges(tiny_pipeline, tmp_path):
    together(_diverge, tiny_pipeline, tmp_path / "a")


def test_prior_is_drawn_together(tiny_pipeline, tmp_path):
    config = replace(HALF, steps=1, image_loss_weight=0.0, prior_images=5)
    together(personalize, tiny_pipeline, REFS, config, tmp_path / "two")
    one = personalize(tiny_pipeline, REFS, replace(config, batch_size=6), tmp_path / "one", progress=False)
    assert bytes_of(one / "prior") == bytes_of(tmp_path / "two" / "prior")


def _generate(pipe, out, said):
    drawn, real = [], gen._draw
    gen._draw = lambda p, rows, *a: (drawn.append([r["seed"] for r in rows]), real(p, rows, *a))[1]
    table = draw(pipe, out)
    (said / os.environ["RANK"]).write_text(json.dumps([drawn, table.file_name.tolist()]))


@pytest.mark.parametrize("n", [2, 3])
def test_generation_equals_one_process(tiny_pipeline, tmp_path, n):
    one = draw(tiny_pipeline, tmp_path / "one")
    together(_generate, tiny_pipeline, tmp_path / "many", tmp_path, n=n)
    assert bytes_of(tmp_path / "one") == bytes_of(
        tmp_path / "many"
    )  # pictures and metadata.jsonl, and nothing else
    drawn, tables = zip(*[json.loads((tmp_path / str(r)).read_text()) for r in range(n)])
    assert all(t == one.file_name.tolist() for t in tables) and min(map(len, drawn)) >= 1
    assert sorted(s for d in drawn for batch in d for s in batch) == sorted(PLAN.seed)


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("where, when", [("_draw", 2), ("_collect", 1)])
def test_killed_while_drawing(tiny_pipeline, tmp_path, rank, where, when):
    one = draw(tiny_pipeline, tmp_path / "one")
    out = tmp_path / "many"
    if (rank, where) == (1, "_collect"):
        where = "load_image_set"  # the first process alone collects
    codes = together(_die, rank, gen, where, when, draw, tiny_pipeline, out, fails=True)
    assert codes[rank] == -signal.SIGKILL
    left = {p.name: p.stat().st_mtime_ns for p in out.glob("*.png")}
    assert left
    together(draw, tiny_pipeline, out)
    assert bytes_of(out) == bytes_of(tmp_path / "one")
    kept = [r for r in load_image_set(out).file_name if left.get(r) == (out / r).stat().st_mtime_ns]
    assert len(kept) >= 3  # a batch and more need not be drawn again


def test_one_process_goes_on_where_two_stopped(tiny_pipeline, tmp_path):
    together(_die, 1, gen, "_draw", 2, draw, tiny_pipeline, tmp_path / "many", fails=True)
    draw(tiny_pipeline, tmp_path / "one")
    draw(tiny_pipeline, tmp_path / "many")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "many")


LAUNCHED = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from accelerate import PartialState
from diffusers import StableDiffusionPipeline
from test_processes import HALF, draw, train
pipe, out = StableDiffusionPipeline.from_pretrained(sys.argv[2]), Path(sys.argv[3])
draw(pipe, out/'set', adapter=train(pipe, HALF, out/'adapter'))
assert PartialState().num_processes == 2
"""


def test_accelerate_launch(tiny_folder, tiny_pipeline, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(LAUNCHED)
    # --multi_gpu is what makes accelerate start several processes; without a GPU they are on the CPU
    command = "-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1 --mixed_precision no --dynamo_backend no --main_process_port 0".split()
    subprocess.run(
        [sys.executable, *command, script, str(Path(__file__).parent), tiny_folder, tmp_path],
        check=True,
        env=os.environ | dict(OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES=""),
        timeout=300,
    )
    a, b = (
        weights(train(tiny_pipeline, replace(HALF, batch_size=6), tmp_path / "one")),
        weights(tmp_path / "adapter"),
    )
    assert max((a[k] - b[k]).abs().max() for k in a) < 2e-4
    draw(tiny_pipeline, tmp_path / "same", adapter=tmp_path / "adapter")
    assert bytes_of(tmp_path / "same") == bytes_of(tmp_path / "set")
