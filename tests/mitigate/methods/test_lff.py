"LfF: greed, running losses and weights."

import numpy as np
import pytest
import torch
from torch import nn

from spurious_core.mitigate.methods.lff import LearningFromFailure, gce
from support.mitigation import Fixed, batch_of


def test_gce_is_between_cross_entropy_and_absolute_error():
    z, y = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 3
    p = z.softmax(1)[torch.arange(20), y]
    assert torch.allclose(gce(z, y, 1.0), 1 - p, atol=1e-6)
    assert torch.allclose(gce(z, y, 1e-3), -p.log(), atol=1e-2)


def test_it_weights_what_the_biased_net_finds_hard_by_running_losses():
    y = torch.tensor([0, 0, 1, 1])
    hard, easy = [[0.0, 3.0], [0.0, 0.0]], [[3.0, 0.0], [0.0, 3.0]]
    biased = Fixed([easy[0], hard[0], easy[1], easy[1]])
    debiased = Fixed([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    lff = LearningFromFailure(debiased, biased, y, 0.7, 0.7)
    lff(batch_of([0, 1, 2, 3], y.tolist())).backward()
    first = lff.ema.clone()
    gradient = debiased.logits.grad.abs().sum(1)
    assert gradient[1] > 2 * gradient[0] and gradient[0] > 0
    losses = nn.functional.cross_entropy(biased.logits.detach(), y, reduction="none")
    assert torch.allclose(first[0], losses, atol=1e-6)  # the first visit counts in full
    with torch.no_grad():
        biased.logits.zero_()
    lff(batch_of([1], [0]))
    assert lff.ema[0, 1].item() == pytest.approx(0.7 * losses[1].item() + 0.3 * np.log(2), abs=1e-5)
    assert torch.equal(lff.ema[:, 2:], first[:, 2:])
