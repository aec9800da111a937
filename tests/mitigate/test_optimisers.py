"Weight decay leaves biases and norms alone, and frozen weights are not trained."

import pytest
import torch
from torch import nn

from spurious_core.mitigate.config import OPTIMISERS, MitigationConfig
from spurious_core.mitigate.optimisers import make_optimiser


@pytest.mark.parametrize("name", OPTIMISERS)
def test_only_matrices_decay(name):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))
    decayed, plain = make_optimiser(net, MitigationConfig(optimiser=name, weight_decay=0.3)).param_groups
    assert [p.ndim for p in decayed["params"]] == [4, 2] and decayed["weight_decay"] == 0.3
    assert {p.ndim for p in plain["params"]} == {1} and plain["weight_decay"] == 0


def test_frozen_weights_are_left_out():
    net = nn.Sequential(nn.Linear(4, 3, bias=False), nn.Linear(3, 2, bias=False))
    net[0].requires_grad_(False)
    optimiser = make_optimiser(net, MitigationConfig(optimiser="sgd"))
    assert isinstance(optimiser, torch.optim.SGD) and optimiser.defaults["momentum"] == 0.9
    assert [p for group in optimiser.param_groups for p in group["params"]] == [net[1].weight]
