"Settings are checked when they are made, and hyperparameters when they meet their method."

import math

import pytest
import torch
from diffusers.optimization import get_scheduler

from spurious_core.mitigate.config import SCHEDULES, MitigationConfig
from spurious_core.mitigate.registry import METHODS


@pytest.mark.parametrize(
    "bad",
    [
        dict(lr=0),
        dict(epochs=1.5),
        dict(batch=0),
        dict(warmup=1.0),
        dict(clip=-1),
        dict(augment="colour"),
        dict(optimiser="lion"),
        dict(lr_schedule="step"),
        dict(weight_decay=-1),
        dict(lr=float("inf")),
        dict(warmup=float("inf")),
        dict(epochs=None),
        dict(clip=float("nan")),
    ],
)
def test_a_bad_setting_is_named(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        MitigationConfig(**bad)


def test_with_changes_fields_and_hyperparameters():
    config = MitigationConfig().with_(epochs=3, jtt_T=4).with_(jtt_lambda=5.0)
    assert config.epochs == 3 and config.hyperparameters == dict(jtt_T=4, jtt_lambda=5.0)
    assert config.with_(hyperparameters=dict(eta=1.0)).hyperparameters == dict(eta=1.0)
    assert MitigationConfig().hyperparameters == {}


def test_a_method_gets_all_its_hyperparameters_and_no_others():
    config = MitigationConfig().with_(jtt_T=4).for_method(METHODS["JTT"])
    assert config.hyperparameters == dict(jtt_T=4, jtt_lambda=20.0)
    with pytest.raises(ValueError, match="JTT has no setting 'eta'; it knows jtt_T, jtt_lambda"):
        MitigationConfig().with_(eta=0.1).for_method(METHODS["JTT"])
    with pytest.raises(ValueError, match="ERM has no setting .*none of its own"):
        MitigationConfig().with_(jtt_T=1).for_method(METHODS["ERM"])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_learning_rate_rises_and_then_follows_its_schedule(schedule):
    config = MitigationConfig(lr_schedule=schedule, warmup=0.25)
    factors = [config.lr_factor(step, 40) for step in range(40)]
    assert factors[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    x = [(step - 10) / 30 for step in range(10, 40)]
    decayed = dict(
        constant=[1.0] * 30, linear=[1 - v for v in x], cosine=[0.5 + 0.5 * math.cos(math.pi * v) for v in x]
    )
    assert factors[10:] == pytest.approx(decayed[schedule])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_without_warmup_the_rate_is_that_of_diffusers(schedule):
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = get_scheduler(schedule, optimiser, num_warmup_steps=0, num_training_steps=37)
    theirs = [scheduler.lr_lambdas[0](step) for step in range(37)]
    ours = [MitigationConfig(lr_schedule=schedule).lr_factor(step, 37) for step in range(37)]
    assert ours == pytest.approx(theirs, abs=1e-15)
