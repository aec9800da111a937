"The linear dependence against canonical correlations by numpy, and its gradient."

import numpy as np
import pytest
import torch

from spurious_core.core.seeds import generator
from spurious_core.papers.d3s.linear_dependence import Canonical


def test_canonical_is_the_dependence_of_gaussians_with_the_same_canonical_correlations():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    x = rng.normal(size=(400, 4)) @ rng.normal(size=(4, 4))
    x[:, 0] += y
    centred, indicators = x - x.mean(0), np.eye(3)[y] - np.eye(3)[y].mean(0)
    inverse = np.linalg.pinv(centred.T @ centred), np.linalg.pinv(indicators.T @ indicators)
    cross = centred.T @ indicators
    squares = np.linalg.eigvals(inverse[0] @ cross @ inverse[1] @ cross.T).real
    truth = -np.log(1 - squares).sum()
    assert 0.1 < truth < 3
    features, labels = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    assert Canonical(4, 3, 0.0, 1e-7)(features, labels).item() == pytest.approx(truth, rel=1e-3)
    running = Canonical(4, 3, 0.9, 1e-7)
    running(features[:200], labels[:200])
    assert running(features[200:], labels[200:]).item() == pytest.approx(truth, rel=0.2)


def test_canonical_pushes_where_the_label_is_read_perfectly():
    y = torch.arange(60) % 3
    noisy = torch.eye(3)[y] + 0.02 * torch.randn(60, 3, generator=generator(0))
    f = noisy[:, :2].requires_grad_(True)
    Canonical(2, 3, 0.0)(f, y).backward()
    moved = f.detach() - f.grad / f.grad.norm() * 2
    assert Canonical(2, 3, 0.0)(moved, y) < 0.5 * Canonical(2, 3, 0.0)(f.detach(), y)


def test_features_that_are_not_finite_are_refused_and_leave_the_moments():
    measure = Canonical(2, 3)
    f, y = torch.randn(30, 2, generator=generator(0)), torch.arange(30) % 3
    measure(f, y)
    before = {name: value.clone() for name, value in measure.state_dict().items()}
    f[0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match="not finite"):
        measure(f, y)
    assert all(torch.equal(before[name], value) for name, value in measure.state_dict().items())
