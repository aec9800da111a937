"What is computed once, and what depends on the step alone."

import numpy as np
import pytest
import torch

from spurious_core.core.seeds import generator
from spurious_core.diffusion.training.caches import draw_timesteps, endless_order, latent_moments
from support.training import REFS


def test_moments(tiny_pipeline):
    vae = tiny_pipeline.vae
    mean, std = latent_moments(tiny_pipeline, REFS, 2)
    scaled = torch.from_numpy(REFS).permute(0, 3, 1, 2).float() / 127.5 - 1
    whole = vae.encode(scaled).latent_dist
    assert torch.allclose(mean, whole.mean * vae.config.scaling_factor, atol=1e-5)
    assert torch.allclose(std, whole.std * vae.config.scaling_factor, atol=1e-5)
    assert not mean.requires_grad


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_strata(share):
    inside = torch.arange(100) < 30
    rng = generator(0)
    drawn = [draw_timesteps(4, 100, rng, inside, share) for _ in range(3000)]
    assert all(inside[t].sum() == 4 * share for t, _ in drawn)
    assert all(inside[t[0]] for t, _ in drawn)  # those inside come first
    mean = torch.stack([(weight * t).mean() for t, weight in drawn]).mean()
    assert abs(mean - (49.5 if share < 1 else 14.5)) < 1


@pytest.mark.parametrize(
    "inside, share", [(None, 0.5), (torch.arange(100) < 30, None), (torch.ones(100) > 0, 0.5)]
)
def test_without_strata_timesteps_are_uniform(inside, share):
    t, weight = draw_timesteps(8, 100, generator(1), inside, share)
    assert torch.equal(t, torch.randint(100, (8,), generator=generator(1)))
    assert torch.equal(weight, torch.ones(8))


def test_a_gate_that_admits_nothing():
    with pytest.raises(ValueError, match="admits no timestep"):
        draw_timesteps(4, 100, generator(0), torch.zeros(100, dtype=torch.bool), 0.5)


def test_everyone_is_met_equally_often_and_anywhere_can_be_begun():
    whole = endless_order(5, 0, 40, "order", 1)
    assert (np.sort(whole.reshape(8, 5)) == np.arange(5)).all()
    assert (endless_order(5, 13, 9, "order", 1) == whole[13:22]).all()
    assert (endless_order(5, 0, 40, "order", 2) != whole).any()


def test_a_density_is_kept_inside_and_outside_of_the_gate():
    "A density on two times, one inside: each stratum draws its own, and the weights give both their share."
    density = torch.zeros(100)
    density[10], density[70] = 0.2, 0.8
    t, weight = draw_timesteps(4, 100, generator(1), torch.arange(100) < 30, 0.5, density)
    assert t.tolist() == [10, 10, 70, 70]
    assert torch.allclose(weight, torch.tensor([0.4, 0.4, 1.6, 1.6]))
    free, weight = draw_timesteps(1000, 100, generator(1), density=density)
    assert abs((free == 70).float().mean() - 0.8) < 0.05 and set(free.tolist()) == {10, 70}
    assert torch.equal(weight, torch.ones(1000))
