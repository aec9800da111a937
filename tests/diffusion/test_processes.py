"Several processes (gloo on the CPU) make what one makes: nothing lost, nothing twice, and one may be killed."

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

from spurious_core.diffusion import generating
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.processes import Processes
from spurious_core.diffusion.similarity_loss import cutouts
from spurious_core.diffusion.training import trainer
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize

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

    def gate(self, sigma):
        return sigma < 0.64

    def __call__(self, x, batch, sigma):
        generator = torch.Generator().manual_seed(batch["seed"])
        y = cutouts(x, 1, 0.5, 0.1, generator, batch["place"], batch["batch_size"])
        return (y * torch.linspace(-1, 1, 16)).mean((1, 2, 3)) * (1 + batch["index"])


def train(pipe, config, out, loss=None):
    loss = loss or Crops()
    prior = PRIOR if config.class_prompt else None
    return personalize(pipe, REFS, config, out, image_loss=loss, prior_images=prior, progress=False)


def draw(pipe, out, **settings):
    return generate(pipe, PLAN, out, batch_size=3, steps=2, progress=False, **settings)


def weights(folder):
    found = {}
    for path in sorted(Path(folder).rglob("*.safetensors")):
        found |= load_file(path)
    return found


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def _child(rank, n, port, function, args):
    "What `torchrun` does for one process, and then the function."
    numbers = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=n, LOCAL_WORLD_SIZE=n, MASTER_PORT=port)
    os.environ.update({name: str(value) for name, value in numbers.items()}, MASTER_ADDR="127.0.0.1")
    AcceleratorState._reset_state(reset_partial_state=True)
    torch.set_num_threads(1)  # what the parent knew of itself
    try:
        function(*args)
    finally:
        if torch.distributed.is_initialized() and sys.exc_info()[0] is None:
            torch.distributed.destroy_process_group()


def _free_port():
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return opened.getsockname()[1]


def together(function, *args, n=2, fails=False):
    "Exit codes of `n` processes that run `function(*args)`; when one fails, the others are ended."
    port, context = _free_port(), multiprocessing.get_context("fork")
    processes = []
    for rank in range(n):
        processes.append(context.Process(target=_child, args=(rank, n, port, function, args)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forking beside threads; the children only compute
        for process in processes:
            process.start()
    while any(p.is_alive() for p in processes) and not any(p.exitcode for p in processes):
        time.sleep(0.02)
    if fails:
        for process in processes:
            process.join(5)  # they may well notice by themselves
    for process in processes:
        if any(p.exitcode for p in processes):
            process.terminate()
        process.join()
    codes = [process.exitcode for process in processes]
    assert fails or codes == [0] * n, codes
    return codes


def test_a_process_alone():
    alone = Processes(torch.device("cpu"))
    alone.wait()
    assert (alone.rank, alone.count, alone.from_first("mine")) == (0, 1, "mine")


def _ask(notes):
    processes = Processes(torch.device("cpu"))
    first = processes.from_first(processes.rank)
    (notes / str(processes.rank)).write_text("here")
    processes.wait()
    assert len(list(notes.iterdir())) == processes.count == 3
    assert first == 0


def test_all_hear_from_the_first_and_wait_for_each_other(tmp_path):
    together(_ask, tmp_path, n=3)


# ---- training


def apart(some, others):
    "The largest difference between weights of the same names."
    return max((some[name].float() - others[name].float()).abs().max().item() for name in some)


def read_log(folder):
    return pd.read_json(folder / "log.jsonl", lines=True)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "method", ["lora", pytest.param("textual_inversion", marks=SLOW), pytest.param("dreambooth", marks=SLOW)]
)
def test_training_equals_one_process(tiny_pipeline, tmp_path, method):
    config = replace(HALF, method=method)
    one, two = tmp_path / "one", tmp_path / "two"
    together(train, tiny_pipeline, config, two)
    train(tiny_pipeline, replace(config, batch_size=6), one)
    half = train(tiny_pipeline, config, tmp_path / "half")
    assert weights(one)
    assert weights(one).keys() == weights(two).keys()
    assert apart(weights(one), weights(two)) < 2e-4
    assert apart(weights(one), weights(half)) > 2e-3
    logs = [read_log(folder).drop(columns="steps_per_s") for folder in (one, two)]
    pd.testing.assert_frame_equal(*logs, rtol=1e-3, atol=1e-5)
    assert json.loads((two / "config.json").read_text())["processes"] == 2
    if method == "lora":
        with pytest.raises(ValueError, match="processes=2 there and 1 here"):
            train(tiny_pipeline, config, two)


def _die(rank, module, name, when, function, *args):
    "`function(*args)`, but process `rank` is killed when it calls `module.name` for the `when`-th time."
    real, count = getattr(module, name), iter(range(10**6))

    def deadly(*given, **named):
        if next(count) == when - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **named)

    if int(os.environ["RANK"]) == rank:
        setattr(module, name, deadly)
    function(*args)


@SLOW
@pytest.mark.parametrize("rank", [0, 1])
def test_killed_while_training(tiny_pipeline, tmp_path, rank):
    config = replace(HALF, accumulation=1, batch_size=1, image_loss_weight=0.0, class_prompt=None)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    together(train, tiny_pipeline, config, whole)
    codes = together(_die, rank, trainer, "mean_row", 3, train, tiny_pipeline, config, cut, fails=True)
    assert codes[rank] == -signal.SIGKILL
    assert (cut / "checkpoint.safetensors").is_file()
    assert not (cut / "result.json").exists()
    together(train, tiny_pipeline, config, cut)
    resumed = weights(cut)
    assert all(torch.equal(value, resumed[name]) for name, value in weights(whole).items())
    assert read_log(cut).step.tolist() == [1, 2, 3]


class Diverging(Crops):
    "NaN in the second process."

    def __call__(self, x, batch, sigma):
        loss = super().__call__(x, batch, sigma)
        return loss * float("nan") if os.environ["RANK"] == "1" else loss


def _diverge(pipe, out):
    with pytest.raises(FloatingPointError, match="loss is not finite at step 1"):
        train(pipe, replace(HALF, batch_size=2), out, Diverging())


def test_all_stop_where_one_diverges(tiny_pipeline, tmp_path):
    together(_diverge, tiny_pipeline, tmp_path / "a")


@SLOW
def test_prior_is_drawn_together(tiny_pipeline, tmp_path):
    config = replace(HALF, steps=1, image_loss_weight=0.0, prior_images=5)
    one, two = tmp_path / "one", tmp_path / "two"
    together(personalize, tiny_pipeline, REFS, config, two)
    personalize(tiny_pipeline, REFS, replace(config, batch_size=6), one, progress=False)
    assert bytes_of(one / "prior") == bytes_of(two / "prior")


# ---- drawing


def _generate(pipe, out, notes):
    "Draws, and writes down which seeds this process drew and which files its table has."
    seeds, real = [], generating.draw_batch

    def draw_and_note(pipe, rows, *args):
        seeds.extend(row["seed"] for row in rows)
        return real(pipe, rows, *args)

    generating.draw_batch = draw_and_note
    table = draw(pipe, out)
    (notes / os.environ["RANK"]).write_text(json.dumps([seeds, table.file_name.tolist()]))


@pytest.mark.parametrize("n", [2, pytest.param(3, marks=SLOW)])
def test_generation_equals_one_process(tiny_pipeline, tmp_path, n):
    one = draw(tiny_pipeline, tmp_path / "one")
    together(_generate, tiny_pipeline, tmp_path / "many", tmp_path, n=n)
    # pictures and metadata.jsonl, and nothing else
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "many")
    notes = [json.loads((tmp_path / str(rank)).read_text()) for rank in range(n)]
    assert all(files == one.file_name.tolist() for _, files in notes)
    assert all(seeds for seeds, _ in notes)
    assert sorted(seed for seeds, _ in notes for seed in seeds) == sorted(PLAN.seed)


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("where, when", [("draw_batch", 2), pytest.param("collect_parts", 1, marks=SLOW)])
def test_killed_while_drawing(tiny_pipeline, tmp_path, rank, where, when):
    draw(tiny_pipeline, tmp_path / "one")
    out = tmp_path / "many"
    if (rank, where) == (1, "collect_parts"):
        where = "load_image_set"  # the first process alone collects
    codes = together(_die, rank, generating, where, when, draw, tiny_pipeline, out, fails=True)
    assert codes[rank] == -signal.SIGKILL
    written = {path.name: path.stat().st_mtime_ns for path in out.glob("*.png")}
    assert written
    together(draw, tiny_pipeline, out)
    assert bytes_of(out) == bytes_of(tmp_path / "one")
    files = load_image_set(out).file_name
    kept = [name for name in files if written.get(name) == (out / name).stat().st_mtime_ns]
    assert len(kept) >= 3  # a batch and more need not be drawn again


def test_one_process_goes_on_where_two_stopped(tiny_pipeline, tmp_path):
    one, many = tmp_path / "one", tmp_path / "many"
    together(_die, 1, generating, "draw_batch", 2, draw, tiny_pipeline, many, fails=True)
    draw(tiny_pipeline, one)
    draw(tiny_pipeline, many)
    assert bytes_of(one) == bytes_of(many)


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

# --multi_gpu is what makes accelerate start several processes; without a GPU they are on the CPU
LAUNCH = """-m accelerate.commands.launch --multi_gpu --num_processes 2 --num_machines 1
--mixed_precision no --dynamo_backend no --main_process_port 0""".split()


@pytest.mark.slow
def test_accelerate_launch(tiny_folder, tiny_pipeline, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(LAUNCHED)
    command = [sys.executable, *LAUNCH, script, str(Path(__file__).parent), tiny_folder, tmp_path]
    environment = os.environ | dict(OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")
    subprocess.run(command, check=True, env=environment, timeout=300)
    one = train(tiny_pipeline, replace(HALF, batch_size=6), tmp_path / "one")
    assert apart(weights(one), weights(tmp_path / "adapter")) < 2e-4
    draw(tiny_pipeline, tmp_path / "same", adapter=tmp_path / "adapter")
    assert bytes_of(tmp_path / "same") == bytes_of(tmp_path / "set")
