"The attack: inside its ball, and nothing but the pictures changes."

import pytest
import torch
import torch.nn.functional as F

from spurious_core.models.adversarial import pgd_l2
from support.networks import small_classifier


@pytest.fixture
def x():
    return torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))


def test_attack_stays_in_its_ball_and_leaves_weights_alone(x):
    clf = small_classifier().requires_grad_(True)
    y = clf(x).argmax(1)
    attacked = pgd_l2(clf, x, y, eps=0.7, steps=4)
    assert ((attacked - x).flatten(1).norm(dim=1) <= 0.7 + 1e-4).all()
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    assert not attacked.requires_grad
    assert all(p.grad is None for p in clf.parameters())
    assert F.cross_entropy(clf(attacked), y) > F.cross_entropy(clf(x), y)


def test_a_step_has_the_size_that_was_asked_for(x):
    inside = x * 0.5 + 0.25
    y = torch.zeros(3, dtype=torch.long)
    attacked = pgd_l2(small_classifier(), inside, y, eps=1.0, steps=1, step_size=0.1)
    torch.testing.assert_close((attacked - inside).flatten(1).norm(dim=1), torch.full((3,), 0.1))
