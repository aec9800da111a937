"CVaR looks at the worst share only."

import torch

from spurious_core.mitigate.methods.cvar import CVaR, worst_share_mean
from support.mitigation import Fixed, batch_of


def test_only_the_worst_share_has_a_gradient():
    hard = [[0.0, 4.0], [0.0, 1.0]]
    easy = [[4.0, 0.0], [1.0, 0.0], [0.0, 0.0], [5.0, 0.0], [6.0, 0.0], [7.0, 0.0]]
    net = Fixed([easy[0], hard[0], easy[1], hard[1], *easy[2:]])
    CVaR(net, 0.25)(batch_of(list(range(8)), [0] * 8)).backward()
    assert net.logits.grad.abs().sum(1).nonzero()[:, 0].tolist() == [1, 3]


def test_the_share_is_at_least_one_loss_and_at_most_all():
    assert worst_share_mean(torch.arange(10.0), 1.0).item() == 4.5
    assert worst_share_mean(torch.arange(3.0), 0.01).item() == 2
