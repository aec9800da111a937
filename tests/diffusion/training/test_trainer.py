"Killed at any step, or while writing, and run again: the same adapter to the last bit."

import errno
import io
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from spurious_core.core import checkpoints
from spurious_core.core.files import atomic_write, writing
from spurious_core.diffusion.adapters import LORA
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.training.trainer import Validation, cut_log
from support.training import FULL, RUN, Brighter, assert_same, train, train_full, weights

EACH_STEP = replace(FULL, validate_every=1)


def likes_step_five(pipe, step):
    return 99.0 if step == 5 else step


def log_of(folder):
    return pd.read_json(folder / "log.jsonl", lines=True).drop(columns="steps_per_s")


def _die_at_step(step, pipe, out):
    "Trains, and is killed when that step is scored."

    def validate(pipe, done):
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return likes_step_five(pipe, done)

    train_full(pipe, out, EACH_STEP, validate=validate)


def _die_at_rename(n, pipe, out):
    "Trains, and is killed when a file is put in place for the n-th time, counted from zero."
    real, count = os.replace, iter(range(10**6))

    def rename(*paths):
        if next(count) == n:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*paths)

    os.replace = rename
    train_full(pipe, out)


def test_kill_while_training(tiny_pipeline, tmp_path, killed):
    whole = train_full(tiny_pipeline, tmp_path / "whole", EACH_STEP, validate=likes_step_five)
    for step in (1, 4, 6):
        out = tmp_path / f"{step}"
        assert killed(_die_at_step, step, tiny_pipeline, out) == -signal.SIGKILL
        again = train_full(tiny_pipeline, out, EACH_STEP, validate=likes_step_five)
        assert_same(weights(whole), weights(again))
        pd.testing.assert_frame_equal(log_of(whole), log_of(out))
        assert {path.name for path in out.glob("[!.]*")} == {"config.json", "log.jsonl", "result.json", LORA}
    assert json.loads((whole / "result.json").read_text())["step"] == 5


@pytest.mark.slow
def test_kill_while_writing(tiny_pipeline, tmp_path, killed):
    whole = train_full(tiny_pipeline, tmp_path / "whole")
    for n in (0, 1, 3, 4, 5):
        assert killed(_die_at_rename, n, tiny_pipeline, tmp_path / f"{n}") == -signal.SIGKILL
        assert_same(weights(whole), weights(train_full(tiny_pipeline, tmp_path / f"{n}")))


@pytest.mark.parametrize("bad", ["loss", "gradient"])
def test_nan_stops_and_keeps_the_checkpoint(tiny_pipeline, tmp_path, bad):
    class Bad(Brighter):
        "Not a number, or of an infinite gradient, at the fifth step."

        def __call__(self, x, batch, sigma):
            self.seen.append(1)
            loss = x.mean((1, 2, 3))
            if len(self.seen) != 5:
                return loss
            return loss * float("nan") if bad == "loss" else loss * 1e38 * 1e38

    with pytest.raises(FloatingPointError, match="not finite at step 5; the checkpoint of step 4 is kept"):
        train(tiny_pipeline, replace(RUN, image_loss_weight=1.0), tmp_path / "a", image_loss=Bad())
    assert (tmp_path / "a" / "checkpoint.safetensors").is_file()
    assert not (tmp_path / "a" / "result.json").exists()


def test_full_disk(tiny_pipeline, tmp_path, monkeypatch):
    whole = train(tiny_pipeline, RUN, tmp_path / "whole")
    real, count = checkpoints.save_file, iter(range(99))

    def full(tensors, path, *header):
        if next(count) == 1:
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        real(tensors, path, *header)

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(OSError, match="No space left on device; the last checkpoint is kept") as raised:
        train(tiny_pipeline, RUN, tmp_path / "a")
    assert raised.value.errno == errno.ENOSPC
    assert checkpoints.read_tensors(tmp_path / "a" / "checkpoint.safetensors")[1]["step"] == 2
    assert_same(weights(train(tiny_pipeline, RUN, tmp_path / "a")), weights(whole))


FULL_DISK = OSError(errno.ENOSPC, "No space left on device")


def _refuse(*args, **options):
    raise FULL_DISK


class FullFile(io.StringIO):
    "A file of which nothing can be written."

    write = _refuse


def full_log(patch):
    real = Path.open

    def opened(self, mode="r", *args, **options):
        return FullFile() if self.name == "log.jsonl" and mode == "a" else real(self, mode, *args, **options)

    patch.setattr(Path, "open", opened)


WRITERS = dict(
    config=lambda patch: patch.setattr("os.fsync", _refuse),
    log=full_log,
    sheet=lambda patch: patch.setattr("spurious_core.diffusion.training.trainer.save_figure", _refuse),
    best=lambda patch: patch.setattr(checkpoints, "save_file", _refuse),
    adapter=lambda patch: patch.setattr("spurious_core.diffusion.training.trainer.save_adapter", _refuse),
    result=lambda patch: patch.setattr("spurious_core.diffusion.training.trainer.atomic_write", _full_result),
    prior=lambda patch: patch.setattr("spurious_core.diffusion.image_sets._save_png", _refuse),
)


def _full_result(path, content):
    return atomic_write(path, content) if path.name != "result.json" else _full_write(path)


def _full_write(path):
    with writing(path):
        _refuse()


# One writes lines, one tensors, one JSON; the others are slow.
IN_EVERY_RUN = "log", "best", "result"


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=[pytest.mark.slow] * (what not in IN_EVERY_RUN)) for what in WRITERS]
)
def test_a_full_disk_says_how_to_go_on_whatever_is_written(tiny_pipeline, tmp_path, monkeypatch, what):
    config = replace(RUN, class_prompt="snow", prior_images=2) if what == "prior" else RUN
    options = dict(sheet=plan_prompts("sks", 1), validate=lambda pipe, step: step)
    with monkeypatch.context() as patch:
        WRITERS[what](patch)
        with pytest.raises(OSError, match="make room and run the same command to go on") as raised:
            train(tiny_pipeline, config, tmp_path / "a", **options)
        assert raised.value.errno == errno.ENOSPC
    assert (train(tiny_pipeline, config, tmp_path / "a", **options) / "result.json").is_file()


def test_eight_bit_optimiser_resumes(tiny_pipeline, tmp_path, killed):
    pytest.importorskip("bitsandbytes")
    # rank 512: smaller tensors are left in 32 bits
    config = replace(FULL, rank=512, optimizer="adamw8bit", checkpoint_every=1, validate_every=1)

    def score(pipe, step):
        return step

    def die(pipe, step):
        return step if step < 4 else os.kill(os.getpid(), signal.SIGKILL)

    whole = train_full(tiny_pipeline, tmp_path / "a", config, validate=score)
    plain = train_full(tiny_pipeline, tmp_path / "b", replace(config, optimizer="adamw"), validate=score)
    code = killed(lambda: train_full(tiny_pipeline, tmp_path / "c", config, validate=die))
    assert code == -signal.SIGKILL
    kept = load_file(tmp_path / "c" / "checkpoint.safetensors")
    assert any(name.endswith("state1") and value.dtype == torch.uint8 for name, value in kept.items())
    assert_same(weights(whole), weights(train_full(tiny_pipeline, tmp_path / "c", config, validate=score)))
    assert any(not torch.equal(value, weights(plain)[name]) for name, value in weights(whole).items())


def test_sheet(tiny_pipeline, tmp_path):
    out = train(tiny_pipeline, RUN, tmp_path / "a", sheet=plan_prompts("a photo of sks", 3))
    assert [path.name for path in sorted((out / "sheets").iterdir())] == ["000003.png", "000006.png"]


def test_the_best_is_kept_over_a_restart(tmp_path):
    params, scores = {"a": torch.nn.Parameter(torch.zeros(2))}, {1: 0.5, 2: float("nan"), 3: 0.4, 4: 0.6}

    def score(pipe, step):
        return scores[step]

    Validation(None, tmp_path, score)(params, 1)
    later = Validation(None, tmp_path, score)
    assert later.best == 0.5
    with torch.no_grad():
        params["a"] += 1
        for step in (2, 3):
            later(params, step)
        assert later.restore_best(params) == dict(value=0.5, step=1)
        assert params["a"].tolist() == [0, 0]
        later(params, 4)
    assert Validation(None, tmp_path, score).restore_best(params)["step"] == 4


def test_without_a_score_there_is_no_best(tmp_path):
    validation = Validation(None, tmp_path)
    assert not validation.is_wanted
    assert validation.restore_best({}) is None


def test_a_log_that_is_ahead_or_broken_is_cut(tmp_path):
    log = tmp_path / "log.jsonl"
    cut_log(log, 0)
    assert log.read_text() == ""
    log.write_text('{"step": 1}\n{"step": 2}\n{"st')
    cut_log(log, 1)
    assert log.read_text() == '{"step": 1}\n'


@pytest.mark.parametrize(
    "content, why",
    [
        ('{"step": 1}\nnonsense\n{"step": 2}\n', "line 2 of .*log.jsonl is no JSON object"),
        ('{"stop": 1}\n', "log.jsonl is damaged: .* names no step; remove the file to go on"),
    ],
)
def test_a_damaged_log_is_named(tmp_path, content, why):
    file = tmp_path / "log.jsonl"
    file.write_text(content)
    with pytest.raises(ValueError, match=why):
        cut_log(file, 5)
