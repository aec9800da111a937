"GroupDRO against the published update."

import numpy as np
import pytest
import torch

from spurious_core.mitigate.methods.group_dro import GroupDRO, group_dro_weights, group_means
from support.mitigation import Fixed, batch_of

ETA = 0.5
LOGITS = [[1.0, 0.0], [0.0, 0.0], [0.0, 2.0], [3.0, 0.0]]


def loss_of(i):
    return -torch.tensor(LOGITS[i]).log_softmax(0)[0].item()


def test_it_follows_the_published_update_step_by_step():
    dro = GroupDRO(Fixed(LOGITS), np.array([0, 0, 5, 5]), ETA)
    assert len(dro.q) == 2  # a group that nobody is in takes no part
    total = dro(batch_of([0, 1, 2, 3], [0, 0, 0, 0]))
    means = [(loss_of(0) + loss_of(1)) / 2, (loss_of(2) + loss_of(3)) / 2]
    raw = np.array([0.5 * np.exp(ETA * mean) for mean in means])
    q = raw / raw.sum()
    assert np.allclose(dro.q, q, atol=1e-6)
    assert total.item() == pytest.approx(q @ means, abs=1e-6)
    dro(batch_of([0, 1], [0, 0]))
    again = q * np.array([np.exp(ETA * means[0]), 1.0])  # the absent group keeps its share but for the norm
    assert np.allclose(dro.q, again / again.sum(), atol=1e-6)
    assert "q" in dro.state_dict()


def test_means_and_weights_by_hand():
    means = group_means(torch.tensor([1.0, 3.0, 5.0]), torch.tensor([0, 0, 2]), 3)
    assert means.tolist() == [2, 0, 5]
    q = group_dro_weights(torch.tensor([0.5, 0.5]), torch.tensor([2.0, 1.0]), np.log(2))
    assert q.tolist() == pytest.approx([2 / 3, 1 / 3])
