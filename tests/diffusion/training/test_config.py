"A recipe that cannot be is refused when it is made."

import json
from dataclasses import asdict, replace
from fractions import Fraction

import numpy as np
import pytest

from spurious_core.diffusion.training.config import PersonalizeConfig


@pytest.mark.parametrize(
    "setting",
    [
        dict(method="sdxl"),
        dict(precision="int4"),
        dict(optimizer="sgd"),
        dict(lr_schedule="step"),
        dict(rank=0),
        dict(steps=1.5),
        dict(validate_every=0),
        dict(lr=-1.0),
        dict(instance_prompt=" "),
        dict(class_prompt=""),
        dict(lr=float("nan")),
        dict(weight_decay=-0.1),
        dict(warmup=-1),
        dict(max_grad_norm=0.0),
        dict(ema=1.0),
        dict(gated_share=0.0),
        dict(gated_share=1.1),
        dict(warmup=float("inf")),
        dict(warmup=1.5),
        dict(seed=-1),
        dict(seed=2**70),
        dict(lora_alpha=0),
        dict(lora_alpha=float("nan")),
        dict(text_lr=-1e-4),
        dict(text_lr=0),
        dict(snr_gamma=-5.0),
        dict(snr_gamma=0),
        dict(lr=float("inf")),
        dict(rank=10**6),
        dict(steps=0),
        dict(seed=1.5),
        dict(seed=None),
        dict(gradient_checkpointing="no"),
        dict(offload="cpu"),
        dict(eight_bit_base=8),
        dict(compile_blocks=None),
        dict(train_text_encoder=0.0),
        dict(image_loss_on_prior=None),
        dict(targets="to_q"),
        dict(targets=()),
        dict(targets=(1,)),
        dict(trackers="tensorboard"),
        dict(token=""),
        dict(token="unet.x"),
        dict(num_vectors=10**30),
        dict(initializer=" "),
    ],
)
def test_config_is_checked(setting):
    (name,) = setting
    with pytest.raises(ValueError, match=f"{name}="):
        PersonalizeConfig(**setting)


def test_a_new_word_must_be_in_the_prompt():
    with pytest.raises(ValueError, match="does not contain token='<concept>'"):
        PersonalizeConfig(method="textual_inversion")


def test_what_may_be_nothing_or_without_end():
    PersonalizeConfig(snr_gamma=None, gated_share=None, text_lr=None, lora_alpha=None)
    PersonalizeConfig(max_grad_norm=float("inf"), warmup=0, prior_weight=0.0)


def test_a_prior_needs_a_prompt_and_a_weight():
    config = PersonalizeConfig(class_prompt="snow")
    assert config.has_prior
    assert not replace(config, prior_weight=0.0).has_prior
    assert not replace(config, class_prompt=None).has_prior


def test_a_new_word_is_no_weight_of_the_text_encoder():
    config = PersonalizeConfig("a photo of <concept>", train_text_encoder=True)
    assert config.trains_text
    assert not replace(config, method="textual_inversion").trains_text


def test_a_whole_number_of_another_type_is_the_same_recipe():
    "A seed of 1.0 would be another one than 1, since seeds are made of text."
    config = PersonalizeConfig(seed=1.0, steps=2.0, warmup=0.0)
    assert config == PersonalizeConfig(seed=1, steps=2, warmup=0)
    assert all(type(value) is int for value in (config.seed, config.steps, config.warmup))


def test_a_recipe_from_a_settings_file_is_the_same_recipe():
    listed = PersonalizeConfig(targets=["to_q", "to_k"], trackers=[], gradient_checkpointing=np.True_)
    assert listed == PersonalizeConfig(targets=("to_q", "to_k"), gradient_checkpointing=True)
    assert hash(listed)


def test_rates_out_of_an_array_are_written_as_plain_numbers():
    config = PersonalizeConfig(lr=np.float32(0.5), prior_weight=Fraction(1, 2))
    assert json.loads(json.dumps(asdict(config)))["lr"] == 0.5
    assert config == PersonalizeConfig(lr=0.5, prior_weight=0.5)


@pytest.mark.parametrize(
    "settings, why",
    [
        (dict(eight_bit_base=True, method="dreambooth"), "weights that learn have no eight bits"),
        (
            dict(offload=True, train_text_encoder=True),
            "offload=True with train_text_encoder=True: an encoder",
        ),
        (
            dict(offload=True, method="textual_inversion", instance_prompt="a <concept>"),
            "offload=True with method='textual_inversion': an encoder that learns can't stay on the CPU",
        ),
    ],
)
def test_what_learns_is_neither_rounded_nor_left_on_the_cpu(settings, why):
    with pytest.raises(ValueError, match=why):
        PersonalizeConfig(**settings)
