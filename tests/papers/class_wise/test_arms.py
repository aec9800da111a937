"The arms of a comparison: what an arm may be, the same noise in all, and files that keep their order."

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.diffusion.similarity_loss import SimilarityLossConfig
from spurious_core.papers.class_wise.arms import (
    BASE,
    CHOSEN,
    DREAMBOOTH,
    Arm,
    draw_arm,
    draw_arm_set,
    prior_set,
    training_config,
    write_references,
)


@pytest.fixture(scope="module")
def quick_kit(world_kit):
    "The same, with few steps: what is tested is which noise and which prompts, not how a picture looks."
    return replace(world_kit, profile=replace(world_kit.profile, sampler_steps=3))


HOUSES = SimpleNamespace(
    prompts=["a photo of an empty sks scene at the beach", "a photo of an empty sks scene indoors"],
    y=1,
    label="house",
)


def test_an_arm_has_a_weight_and_a_form_or_neither():
    assert (BASE.train, DREAMBOOTH.train, CHOSEN.weight) == (False, True, 0.05)
    for wrong in (dict(weight=0.1), dict(sfsl=SimilarityLossConfig())):
        with pytest.raises(ValueError, match="arm 'x': give weight and sfsl together"):
            Arm("x", **wrong)
    for weight in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"arm 'x': weight={weight} must not be negative, and finite"):
            Arm("x", weight, SimilarityLossConfig())


def test_both_rates_are_the_one_asked_for():
    assert (training_config(5).lr, training_config(5).text_lr) == (2e-3, 2e-3)
    assert (training_config(5, 1e-4).lr, training_config(5, 1e-4).text_lr) == (1e-4, 1e-4)


def test_references_keep_their_order_on_disk(target, tmp_path):
    many = replace(target, references=np.stack([np.full((8, 8, 3), i, np.uint8) for i in range(120)]))
    files = sorted(write_references(many, tmp_path).iterdir())
    assert [np.asarray(Image.open(file))[0, 0, 0] for file in files] == list(range(120))


def test_pictures_have_the_same_noise_whatever_the_arm_and_validation_another(quick_kit, tmp_path):
    first, second, validation = (
        draw_arm_set(quick_kit, HOUSES, 0, tmp_path / name, 2, None, noise, arm=name)
        for name, noise in (("first", "images"), ("second", "images"), ("validation", "validation"))
    )
    assert (first == second).all()
    assert (first != validation).any()
    table = load_image_set(tmp_path / "first")
    assert table.prompt.str.contains("empty scene").all()
    assert table.arm.eq("first").all()


def test_the_base_model_is_not_trained(quick_kit, planted, tmp_path):
    drawn = draw_arm(quick_kit, planted, BASE, 0, tmp_path / "base", training_config(1), None, 2)
    assert drawn.shape == (2, 64, 64, 3)
    assert {p.name for p in (tmp_path / "base").iterdir()} == {"images"}


def test_prior_images_are_drawn_once_and_name_scenes(quick_kit, tmp_path):
    prior = prior_set(quick_kit, tmp_path / "prior", 3)
    assert len(prior) == 3
    assert prior.prompt.str.startswith("a photo of an empty scene ").all()
    assert prior_set(quick_kit, tmp_path / "prior", 3).equals(prior)
