"What a first network gets wrong: drawn more often (JTT), or an environment (EIIL)."

import numpy as np
import pytest
import torch

from spurious_core.mitigate.batches import weighted
from spurious_core.mitigate.methods.two_stage import (
    eiil_environments,
    error_summary,
    irm_penalty,
    irm_slopes,
    jtt_weights,
)
from support.mitigation import FAST, images, quick


def test_jtt_draws_errors_as_often_as_promised():
    errors = np.arange(200) < 10
    batches = weighted(jtt_weights(errors, 20), 32, "s")
    drawn = np.concatenate([np.concatenate(batches(epoch)) for epoch in range(60)])
    rate = np.bincount(drawn, minlength=200) / 60
    assert rate[:10].mean() / rate[10:].mean() == pytest.approx(20, rel=0.05)
    assert len(drawn) == 60 * 200


def test_errors_are_counted_by_group():
    summary = error_summary(np.array([True, False, True, True]), np.array([0, 0, 2, 2]), ["a", "b", "c"])
    assert summary == {"errors": 3, "share of group": {"a": 0.5, "c": 1.0}}


def test_environments_are_a_maximum_of_the_penalty():
    g = torch.Generator().manual_seed(0)
    z, y = torch.randn(12, 3, generator=g), torch.randint(0, 3, (12,), generator=g)
    slopes = irm_slopes(z, y)
    found = irm_penalty(torch.from_numpy(eiil_environments(z, y)), slopes)
    corners = torch.tensor([[(n >> i) & 1 for i in range(12)] for n in range(2**12)])
    assert found == pytest.approx(max(irm_penalty(q, slopes).item() for q in corners))


@pytest.mark.parametrize("method, config", [("JTT", dict(jtt_T=6)), ("EIIL", dict(eiil_T=6))])
def test_an_empty_error_set_comes_with_advice_and_nothing_is_lost(method, config, tmp_path):
    easy = images(60, 1.0, 3)
    easy.pixels[:] = np.where(easy.y == 1, 220, 30)[:, None, None, None]
    with pytest.raises(ValueError, match="Train it less long"):
        quick(method, easy, config=FAST.with_(**config), out_dir=tmp_path)
    assert (tmp_path / "kept.first.safetensors").exists()


def test_only_errors_come_with_advice_too():
    with pytest.raises(ValueError, match="train it longer"):
        jtt_weights([True, True], 5)
