"LISA: who is paired with whom, and how a pair is mixed."

import numpy as np
import pytest
import torch
from torch import nn

from spurious_core.mitigate.methods.lisa import Mixup, lisa_batches, lisa_partners
from spurious_core.mitigate.objectives import Batch


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_pairs_obey_the_rule(chance):
    rng = np.random.default_rng(0)
    y, a = rng.choice(3, 400, p=(0.7, 0.2, 0.1)), rng.choice(2, 400, p=(0.9, 0.1))
    same_label = []
    for batch in lisa_batches(y, a, 20, chance, "k")(3):
        first, second = np.split(batch, 2)
        label, attribute = y[first] == y[second], a[first] == a[second]
        assert (label != attribute).all()
        same_label += label.tolist()
    assert np.mean(same_label) == pytest.approx(chance, abs=0.08) and len(same_label) == 400


def test_the_other_kind_of_pair_is_taken_where_one_kind_is_missing():
    y, a = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0])
    partners = lisa_partners(y, a, 1.0, np.random.default_rng(0))
    assert (y != y[partners]).all()
    with pytest.raises(ValueError, match="no partner for y=0, a=0"):
        lisa_partners([0, 0, 1], [0, 0, 1], 0.5, np.random.default_rng(0))


class Brightness(nn.Module):
    "The mean of the pixels as the first of two logits."

    def forward(self, x):
        self.seen = x
        mean = x.mean((1, 2, 3))
        return torch.stack([mean, mean * 0], 1)


def test_pixels_and_labels_are_mixed_by_the_same_weight():
    net = Brightness()
    x = torch.cat([torch.ones(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)])
    y = torch.tensor([0, 0, 1, 1])
    loss = Mixup(net)(Batch(x, y, torch.arange(4), torch.Generator().manual_seed(3)))
    share = net.seen[0, 0, 0, 0].item()
    # -share log p0 - (1 - share) log p1 with logits (share, 0)
    assert 0 < share < 1
    assert loss.item() == pytest.approx(np.log(1 + np.exp(share)) - share * share, abs=1e-5)
