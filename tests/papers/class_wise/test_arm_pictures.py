"An arm trained and drawn: the same noise in all, and files that keep their order."

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.papers.class_wise.arm_pictures import (
    draw_arm,
    draw_arm_set,
    prior_set,
    steering_loss,
    training_config,
    untrained_guide,
    write_references,
    wrong_components,
)
from spurious_core.papers.class_wise.arms import ARMS, BASE, CHOSEN


@pytest.fixture(scope="module")
def quick_kit(world_kit):
    "The same, with few steps: what is tested is which noise and which prompts, not how a picture looks."
    return replace(world_kit, profile=replace(world_kit.profile, sampler_steps=3))


HOUSES = SimpleNamespace(
    prompts=["a photo of an empty sks scene at the beach", "a photo of an empty sks scene indoors"],
    y=1,
    label="house",
)


@pytest.mark.slow
def test_wrong_components_pull_to_the_references_and_are_not_spurious(world_kit, planted):
    found = wrong_components(planted, world_kit.guide)
    assert len(found) == len(planted.components)
    assert not set(found) & set(planted.components)
    loss = steering_loss(world_kit, planted, ARMS["sfsl_wrong_components"])
    assert loss.components == found
    assert loss.form.scale > 0
    nothing = replace(planted, components=list(range(len(planted.pca))))
    with pytest.raises(ValueError, match="landbird: no component but the spurious ones"):
        wrong_components(nothing, world_kit.guide)


def test_a_random_guide_is_the_same_network_with_other_weights(world_kit):
    before = world_kit.guide.head_weight.clone()
    random, again = untrained_guide(world_kit.guide), untrained_guide(world_kit.guide)
    assert torch.equal(world_kit.guide.head_weight, before)
    assert torch.equal(random.head_weight, again.head_weight)
    assert not torch.equal(random.head_weight, before)
    assert (random.name, random.labels) == ("random", world_kit.guide.labels)


@pytest.mark.slow
def test_another_guide_has_components_of_its_own(world_kit, planted):
    loss = steering_loss(world_kit, planted, ARMS["sfsl_random_guide"])
    assert loss.guide.name == "random"
    assert loss.pca is not planted.pca
    assert steering_loss(world_kit, planted, CHOSEN).pca is planted.pca


def test_both_rates_are_the_one_asked_for():
    assert (training_config(5).lr, training_config(5).text_lr) == (2e-3, 2e-3)
    assert (training_config(5, 1e-4).lr, training_config(5, 1e-4).text_lr) == (1e-4, 1e-4)


def test_references_keep_their_order_on_disk(target, tmp_path):
    many = replace(target, references=np.stack([np.full((8, 8, 3), i, np.uint8) for i in range(120)]))
    files = sorted(write_references(many, tmp_path).iterdir())
    assert [np.asarray(Image.open(file))[0, 0, 0] for file in files] == list(range(120))


def test_pictures_have_the_same_prompt_and_noise_whatever_the_arm_and_however_many(quick_kit, tmp_path):
    sets = dict(first=3, second=3, more=5)
    for name, n in sets.items():
        draw_arm_set(quick_kit, HOUSES, 0, tmp_path / name, n, arm=name)
    first, second, more = (load_image_set(tmp_path / name) for name in sets)
    assert first[["prompt", "seed"]].equals(second[["prompt", "seed"]])
    assert first[["prompt", "seed"]].equals(more[["prompt", "seed"]][:3])
    assert more.seed.nunique() == 5
    assert first.prompt.str.contains("empty scene").all()
    assert first.arm.eq("first").all()


def test_the_base_model_is_not_trained(quick_kit, planted, tmp_path):
    drawn = draw_arm(quick_kit, planted, BASE, 0, tmp_path / "base", training_config(1), None, 2)
    assert drawn.shape == (2, 64, 64, 3)
    assert {p.name for p in (tmp_path / "base").iterdir()} == {"images"}


def test_prior_images_are_drawn_once_and_name_scenes(quick_kit, tmp_path):
    prior = prior_set(quick_kit, tmp_path / "prior", 3)
    assert len(prior) == 3
    assert prior.prompt.str.startswith("a photo of an empty scene ").all()
    assert prior_set(quick_kit, tmp_path / "prior", 3).equals(prior)
