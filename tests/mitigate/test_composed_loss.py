"Parts that must not outweigh each other."

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spurious_core.mitigate.composed_loss import (
    Composed,
    check_gamma,
    composed_batches,
    part_weights,
    parts_of,
)
from spurious_core.mitigate.objectives import Batch
from support.ddb import DATA, MADE, net

PARTS = [0, 0, 0, 0, 1, 1, 1, 2, 2]
GAMMA = check_gamma((6, 10), 2)


def test_the_loss_is_a_weighted_sum_of_means():
    torch.manual_seed(0)
    clf = net().eval()
    x, y = torch.rand(9, 3, 16, 16), torch.tensor([0, 1, 0, 1, 0, 0, 0, 1, 1])
    loss = Composed(clf, PARTS, GAMMA)(Batch(x, y, torch.arange(9), None))
    each = F.cross_entropy(clf(x), y, reduction="none")
    assert torch.allclose(loss, each[:4].mean() + 6 * each[4:7].mean() + 10 * each[7:].mean())


def test_weights_of_images_add_up_to_those_of_parts():
    weights = part_weights(PARTS, GAMMA)
    assert np.allclose(np.bincount(PARTS, weights) / weights[:4].sum(), [1, 6, 10])
    assert weights.mean() == pytest.approx(1)
    with pytest.raises(ValueError, match="no part has any weight"):
        part_weights([1, 1], [1.0, 0.0])


def test_real_images_are_one_part_and_generated_ones_one_for_each_class():
    assert (parts_of(DATA) == 0).all()
    assert (parts_of(MADE) == 1 + MADE.y).all()


@pytest.mark.parametrize("gamma", [(1, 2, 3), (1,), -1, float("nan"), (1, float("inf"))])
def test_a_bad_gamma_is_refused(gamma):
    with pytest.raises(ValueError, match="must be a number from 0 up, or 2 of them"):
        check_gamma(gamma, 2)


def test_real_images_are_seen_once_an_epoch_and_painted_ones_equally_often():
    parts = np.array([0] * 23 + [1] * 7 + [2] * 3)
    batches = composed_batches(parts, 8, 4, "x")
    seen = np.bincount(np.concatenate([rows for epoch in range(7) for rows in batches(epoch)]), minlength=33)
    assert (seen[:23] == 7).all()
    assert np.ptp(seen[23:30]) <= 1
    assert np.ptp(seen[30:]) <= 1
    for epoch in range(2):
        again = composed_batches(parts, 8, 4, "x")(epoch)
        assert all(np.array_equal(*pair) for pair in zip(batches(epoch), again, strict=True))
