"AFR: weights by hand, and a last layer tied to where it began."

import os
import signal

import numpy as np
import pytest
import torch

from spurious_core.mitigate import resumable
from spurious_core.mitigate.methods.afr import afr_head, afr_weights, true_probability
from support.mitigation import FAST, quick, same, weights


def test_weights_by_hand():
    weights = afr_weights(torch.tensor([0.9, 0.1, 0.5]), torch.tensor([0, 0, 1]), 2.0)
    raw = np.array([np.exp(-1.8) / 2, np.exp(-0.2) / 2, np.exp(-1.0)])
    assert np.allclose(weights, raw / raw.sum(), atol=1e-6)
    balanced = afr_weights(torch.rand(4), torch.tensor([0, 0, 0, 1]), 0.0)
    assert np.allclose(balanced, [1 / 6] * 3 + [1 / 2])


@pytest.fixture
def problem():
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(60, 3, generator=g), torch.arange(60) % 2
    x[:, 0] += 2 * y - 1
    return (torch.zeros(2, 3), torch.zeros(2)), x, y, torch.full((60,), 1 / 60)


def test_it_descends_and_a_pull_keeps_it_near(problem):
    head, x, y, weights = problem
    free = afr_head(head, x, y, weights, lr=0.5, epochs=50)
    tied = afr_head(head, x, y, weights, pull=5.0, lr=0.05, epochs=50)
    assert true_probability(free, x, y).mean() > 0.6
    assert tied[0].norm() < 0.2 * free[0].norm()


def test_the_best_step_by_rank_is_kept(problem):
    head, x, y, weights = problem
    norms = []

    def rank(w, b):
        norms.append(w.norm().item())
        return -abs(norms[-1] - 0.5)

    w, _ = afr_head(head, x, y, weights, lr=0.5, epochs=50, rank=rank)
    assert w.norm().item() == min(norms, key=lambda norm: abs(norm - 0.5))


def test_a_head_that_is_not_finite_is_an_error_with_advice(problem):
    head, x, y, weights = problem
    with pytest.raises(FloatingPointError, match="lower afr_lr than 0.5"):
        afr_head(head, x, y, weights * float("nan"), lr=0.5, epochs=20)


CONFIG = FAST.with_(epochs=1, afr_lr=0.5)


def fit_and_die(folder, part):
    "A fit that is killed before it writes a part."
    write = resumable.write_tensors

    def dies(path, tensors, **header):
        if path.name == f"kept.{part}.safetensors":
            os.kill(os.getpid(), signal.SIGKILL)
        write(path, tensors, **header)

    resumable.write_tensors = dies
    quick("AFR", config=CONFIG, out_dir=folder)


@pytest.mark.slow
def test_killed_between_its_parts_it_ends_in_the_same_weights(killed, tmp_path):
    "The head that was fitted to features read from disk was 4.7e-10 beside the other."
    whole = quick("AFR", config=CONFIG)
    for part in ("features", "head"):
        assert killed(fit_and_die, tmp_path, part) == -signal.SIGKILL
        assert (tmp_path / "kept.features.safetensors").exists() == (part == "head")
    assert same(weights(whole), weights(quick("AFR", config=CONFIG, out_dir=tmp_path)))
