"One loop for all methods: repeatable, killed and resumed, in mixed precision, and stopped when it diverges."

import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.core.checkpoints import read_tensors
from spurious_core.core.locks import LOCK_FILE
from spurious_core.mitigate import resumable, trainer
from spurious_core.mitigate.resumable import TRAINING_CHECKPOINT
from spurious_core.models.classifier import Classifier
from support.mitigation import FAST, LABELS, Small, quick, same, weights

RESUMED = dict(
    ERM=FAST.with_(augment="flip", optimiser="sgd"),
    GroupDRO=FAST.with_(eta=0.3, augment="crop"),
    JTT=FAST.with_(jtt_T=1, jtt_lambda=5.0),
    LfF=FAST,
    LISA=FAST,
    MaskTune=FAST,
)


def test_global_random_numbers_neither_matter_nor_change():
    torch.manual_seed(1)
    np.random.seed(1)
    state = torch.random.get_rng_state()
    first = quick("LISA")
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(2)
    np.random.seed(2)
    assert same(weights(first), weights(quick("LISA")))
    assert not same(weights(first), weights(quick("LISA", seed=1)))


def test_bf16_trains_and_predicts_in_full_precision():
    fitted = quick("GroupDRO", precision="bf16")
    assert np.isfinite(fitted.history.loss).all() and fitted.clf.dtype == torch.float32
    assert not same(weights(fitted), weights(quick("GroupDRO")))


def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def fit_and_die(folder, method, at):
    "A fit that is killed at its `at[0]`-th file: before it is written, or half-way (not yet in place)."
    number, halfway = at
    calls, write = [], trainer.write_tensors

    def dies(path, tensors, **header):
        calls.append(path)
        if len(calls) == number:
            if not halfway:
                kill()
            os.replace = kill
        write(path, tensors, **header)

    trainer.write_tensors = resumable.write_tensors = dies
    quick(method, config=RESUMED[method], out_dir=folder, checkpoint_seconds=0.0)


@pytest.mark.parametrize(
    "method, kills",
    [
        ("ERM", [(3, False), (6, True)]),
        ("GroupDRO", [(7, True)]),
        ("JTT", [(3, False), (2, True), (8, False)]),
        ("LfF", [(9, False)]),
        ("LISA", [(4, True)]),
        ("MaskTune", [(12, False), (8, True)]),
    ],
)
def test_killed_and_called_again_it_ends_in_the_same_weights(method, kills, killed, tmp_path):
    whole, folder = quick(method, config=RESUMED[method]), tmp_path / "run"
    for at in kills:
        assert killed(fit_and_die, folder, method, at) == -9
    assert (folder / TRAINING_CHECKPOINT).exists()
    resumed = quick(method, config=RESUMED[method], out_dir=folder, checkpoint_seconds=0.0)
    assert same(weights(whole), weights(resumed))
    rows = [fitted.history.drop(columns="seconds") for fitted in (whole, resumed)]
    pd.testing.assert_frame_equal(*rows)
    names = {path.name for path in folder.iterdir()}
    hidden = {name for name in names if name.startswith(".")}
    assert TRAINING_CHECKPOINT not in names and hidden <= {LOCK_FILE}


def test_a_checkpoint_holds_optimiser_position_and_group_weights(killed, tmp_path):
    assert killed(fit_and_die, tmp_path, "GroupDRO", (8, False)) == -9
    tensors, header = read_tensors(tmp_path / TRAINING_CHECKPOINT)
    assert (header["stage"], header["step"], header["images"]) == ("net", 7, 32)
    assert len(header["rows"]) == 1
    assert any(name.endswith("exp_avg_sq") for name in tensors)
    assert any(name.startswith("best.") for name in tensors)
    assert (tensors["net.q"] - 0.25).abs().max() > 1e-3


def test_a_checkpoint_has_the_form_of_earlier_versions(killed, tmp_path):
    assert killed(fit_and_die, tmp_path, "GroupDRO", (3, False)) == -9
    tensors, header = read_tensors(tmp_path / TRAINING_CHECKPOINT)
    assert list(header) == ["stage", "step", "loss", "images", "seconds", "value", "rows", "scaler"]
    assert {name.split(".")[0] for name in tensors} == {"net", "opt"}
    assert {"opt.0.step", "opt.0.exp_avg"} <= set(tensors)


class Sick(Small):
    "A network whose ninth training step is not a number."

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def forward(self, x):
        self.seen.append(1)
        return super().forward(x) * (float("nan") if self.training and len(self.seen) > 8 else 1)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_checkpoint(tmp_path):
    seen = []
    options = dict(out_dir=tmp_path, checkpoint_seconds=0.0)
    message = "ERM, erm: the loss at step .* is not finite; try a lower lr than 0.01"
    with pytest.raises(FloatingPointError, match=message):
        quick("ERM", backbone=lambda: Classifier(Sick(seen), LABELS), **options)
    tensors = read_tensors(tmp_path / TRAINING_CHECKPOINT)[0].values()
    assert all(torch.isfinite(value).all() for value in tensors if value.is_floating_point())


@pytest.mark.parametrize("seed", [1.5, None, -1, 2**70])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(ValueError, match="seed="):
        quick("ERM", seed=seed)
