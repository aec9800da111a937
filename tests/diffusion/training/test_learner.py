"What a step of the optimiser does."

import math
import sys
from dataclasses import replace

import pytest
import torch

from spurious_core.core.accelerators import accelerator
from spurious_core.diffusion.training.config import LR_SCHEDULES, PersonalizeConfig
from spurious_core.diffusion.training.learner import (
    Learner,
    average_gradients,
    mean_row,
    optimizer_maker,
    parameter_groups,
    rate_schedule,
)
from support.training import RUN, train

CPU = accelerator(torch.device("cpu"))


def parameters():
    return {name: torch.nn.Parameter(torch.ones(3)) for name in ("text_encoder.a", "unet.b", "unet.c")}


def learner_of(config, params=None):
    return Learner(params or parameters(), config, CPU, optimizer_maker(config))


@pytest.mark.parametrize("schedule", LR_SCHEDULES)
@pytest.mark.parametrize("steps, warmup", [(1, 0), (7, 0), (7, 3), (7, 7), (3, 5), (120, 10), (1000, 0)])
def test_learning_rate_at_every_step(schedule, steps, warmup):
    "The formula that runs had from the beginning: a ramp, then constant, linear or half a cosine."
    config = PersonalizeConfig(lr_schedule=schedule, steps=steps, warmup=warmup)
    factor = rate_schedule(config)
    for step in range(steps):
        x = (step - warmup) / max(1, steps - warmup)
        decay = dict(constant=1.0, linear=1 - x, cosine=0.5 + 0.5 * math.cos(math.pi * x))[schedule]
        wanted = (step + 1) / warmup if step < warmup else decay
        assert factor(step) == pytest.approx(wanted, rel=1e-12, abs=1e-15)


def test_text_encoder_has_a_rate_of_its_own():
    params = parameters()
    groups = parameter_groups(params, PersonalizeConfig(lr=1e-3, text_lr=1e-5))
    assert [(group["base"], len(group["params"])) for group in groups] == [(1e-3, 2), (1e-5, 1)]
    assert groups[1]["params"][0] is params["text_encoder.a"]
    word = PersonalizeConfig("<concept>", method="textual_inversion", lr=1e-3, text_lr=1e-2)
    (group,) = parameter_groups({"<concept>": torch.nn.Parameter(torch.ones(2))}, word)
    assert group["base"] == 1e-2


def test_parameters_are_in_the_order_of_the_groups():
    learner = learner_of(PersonalizeConfig(warmup=2))
    assert list(learner.params) == ["unet.b", "unet.c", "text_encoder.a"]
    assert learner.trains_text
    learner.set_rates(0)
    assert learner.rate == 0.5e-4


def test_a_word_is_not_pulled_towards_zero():
    for method, decay in (("textual_inversion", 0.0), ("lora", 0.1)):
        config = PersonalizeConfig("<concept>", method=method, weight_decay=0.1)
        learner = learner_of(config, {"<concept>": torch.nn.Parameter(torch.ones(2))})
        assert learner.optimizer.param_groups[0]["weight_decay"] == decay


def test_gradients_are_clipped_and_their_norm_is_returned():
    learner = learner_of(PersonalizeConfig())
    for parameter in learner.params.values():
        parameter.grad = torch.full((3,), 2.0)
    assert learner.clip(1.0) == pytest.approx(6)
    clipped = torch.cat([parameter.grad for parameter in learner.params.values()])
    assert clipped.norm().item() == pytest.approx(1, abs=1e-4)


def test_averages_take_the_parameters_place_within_a_block():
    learner = learner_of(PersonalizeConfig(lr=0.1, ema=0.9))
    value = learner.params["unet.b"]
    for _ in range(5):
        sum(p.square().sum() for p in learner.params.values()).backward()
        learner.descend()
    now = value.detach().clone()
    with pytest.raises(KeyError), learner.averaged():
        assert (value > now).all()
        raise KeyError
    assert torch.equal(value, now)
    with learner_of(PersonalizeConfig()).averaged():
        pass


def test_a_parameter_without_a_gradient_has_one_of_zero():
    params = list(parameters().values())
    params[0].grad = torch.ones(3)
    average_gradients(params, CPU, at_once=4)
    assert [p.grad.tolist() for p in params] == [[1] * 3, [0] * 3, [0] * 3]


def test_rows_are_averaged():
    rows = [dict(loss=1.0, gated=0.0), dict(loss=4.0, gated=1.0)]
    assert mean_row(rows, CPU) == dict(loss=2.5, gated=0.5)


def test_eight_bit_optimiser_is_optional(tiny_pipeline, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(ImportError, match="pip install bitsandbytes, or choose optimizer='adamw'"):
        train(tiny_pipeline, replace(RUN, optimizer="adamw8bit"), tmp_path / "a")
    assert not (tmp_path / "a").exists()
