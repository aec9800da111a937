"The dependency measures, by hand and where the truth is known."

import math

import pytest
import torch
from torch import nn

from spurious_core.core.seeds import generator
from spurious_core.papers.d3s.dependency import (
    MEASURES,
    Mine,
    Wasserstein,
    halving,
    label_vectors,
    normalised,
    train_critic,
)

VECTORS = label_vectors(2, 3, "test")


def with_net(measure, weight):
    "The measure with a linear critic of these weights."
    measure.net = nn.Linear(weight.shape[1], 1, bias=False)
    measure.net.weight.data = weight.clone()
    return measure


def order_of(n, seed):
    return torch.randperm(n, generator=generator(seed))


def test_a_product_sample_keeps_its_features_and_takes_the_label_of_another_image():
    f, y, order = torch.randn(4, 2), torch.tensor([0, 1, 0, 1]), torch.tensor([1, 0, 3, 2])
    joint, product = Wasserstein(2, VECTORS, None, "raw").pairs(f, y, order)
    assert torch.equal(joint[:, :2], product[:, :2])
    assert torch.equal(joint[:, 2:], VECTORS[y])
    assert torch.equal(product[:, 2:], VECTORS[y[order]])


def test_wasserstein_losses_by_hand_for_a_linear_critic():
    weight = torch.tensor([[1.0, 2.0, 0.5, -1.0, 0.0]])
    measure = with_net(Wasserstein(2, VECTORS, None, "raw"), weight)
    f, y, order = torch.randn(6, 2), torch.tensor([0, 1, 0, 1, 1, 1]), torch.tensor([1, 0, 3, 2, 4, 5])
    gap = ((VECTORS[y[order]] - VECTORS[y]) @ weight[0, 2:]).mean().item()
    assert measure.penalty(f, y, order).item() == pytest.approx(gap, abs=1e-5)
    expected = -gap + 10 * (weight.norm().item() - 1) ** 2
    assert measure.critic_loss(f, y, order, generator(0)).item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", MEASURES)
def test_the_critic_and_the_features_pull_in_opposite_directions(kind):
    "With the first batch the running mean of MINE is that of the batch."
    f = torch.randn(64, 4, generator=generator(0), requires_grad=True)
    y, order = torch.arange(64) % 2, order_of(64, 1)
    measure = MEASURES[kind](4, VECTORS, (8,), "raw", 1)
    measure.gradient_penalty = 0.0
    (critic,) = torch.autograd.grad(measure.critic_loss(f, y, order, generator(2)), f)
    (features,) = torch.autograd.grad(measure.penalty(f, y, order), f)
    assert nn.functional.cosine_similarity(critic.flatten(), features.flatten(), dim=0) < -0.999


def test_mine_divides_by_the_running_mean_of_the_exponentials():
    weight = torch.tensor([[0.3, -0.2, 0.5, -0.4, 0.1]])
    measure = with_net(Mine(2, VECTORS, None, "raw"), weight)
    mean = None
    for seed in range(3):
        f, y, order = torch.randn(32, 2, generator=generator(seed)), torch.arange(32) % 2, order_of(32, seed)
        now = (torch.cat([f, VECTORS[y[order]]], 1) @ weight[0]).exp().mean().item()
        mean = now if mean is None else 0.9 * mean + 0.1 * now
        joint = (torch.cat([f, VECTORS[y]], 1) @ weight[0]).mean().item()
        assert measure.critic_loss(f, y, order).item() == pytest.approx(now / mean - joint, abs=1e-5)
        assert measure.penalty(f, y, order).item() == pytest.approx(joint - math.log(now), abs=1e-5)
    assert "mean_exp" in measure.state_dict()


def test_mine_reports_dependence_that_is_not_there_where_the_critic_knows_the_samples():
    f, y = torch.randn(32, 6, generator=generator(1)), torch.arange(32) % 2
    measure = Mine(6, VECTORS, (64, 64), "standard", 0)
    train_critic(measure, lambda step: (f, y), 400, 5e-3)
    fresh, labels = torch.randn(2000, 6, generator=generator(2)), torch.arange(2000) % 2
    with torch.no_grad():
        assert measure.penalty(f, y, order_of(32, 3)) > 0.2
        assert measure.penalty(fresh, labels, order_of(2000, 4)) < 0.05


@pytest.mark.parametrize("how, dull", [("raw", True), ("standard", False), ("white", False)])
def test_only_normalised_features_can_not_hide_by_being_small(how, dull):
    y = torch.arange(200) % 2
    f = 0.01 * (2 * y - 1)[:, None] + 0.001 * torch.randn(200, 1, generator=generator(0))
    measure = Wasserstein(1, torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), (16,), how, 0)
    train_critic(measure, lambda step: (f, y), 150)
    with torch.no_grad():
        assert (measure.penalty(f, y, order_of(200, 1)) < 0.1) == dull


def test_halving_and_whitening():
    assert halving(10) == (5, 2)
    assert halving(3) == ()
    x = torch.randn(300, 5, generator=generator(0)) @ torch.randn(5, 5, generator=generator(1))
    white = normalised(x, "white", 0.0)
    assert torch.allclose(white.T @ white / 300, torch.eye(5), atol=1e-3)


def test_an_unknown_normalisation_is_refused_when_the_critic_is_made():
    with pytest.raises(ValueError, match="normalise='whiten' is unknown"):
        Mine(2, VECTORS, None, "whiten")
