"A target of a rendered world: references that fool the guide, captions that leave the feature unnamed."

import numpy as np
import pytest
import torch

from spurious_core.data.manifests import draw, sample
from spurious_core.data.vocabulary import PROPS, SCENES
from spurious_core.data.worlds import get_world
from spurious_core.diffusion.similarity_loss import SimilarityLossConfig
from spurious_core.models.preprocessing import as_pixels
from spurious_core.papers.class_wise.own_folder import held_out_images, real_images, target_of
from spurious_core.papers.class_wise.target import (
    CLASS_PROMPT,
    INSTANCE_PROMPT,
    feature_bank,
    feature_split,
    find_target,
    loss_of,
    without_placeholder,
)


def test_only_the_word_itself_is_taken_out_of_a_prompt():
    with_desks = "a photo of an empty sks scene with desks"
    assert without_placeholder(with_desks) == "a photo of an empty scene with desks"
    assert without_placeholder(f"{INSTANCE_PROMPT} on grass") == f"{CLASS_PROMPT} on grass"


def test_the_world_gives_what_it_gave(world_kit, planted):
    "The same pictures as the studies drew before they knew folders."
    again = target_of(world_kit, "landbird", 0, 160, n_refs=8)
    assert (again.references == planted.references).all()
    assert again.components == planted.components
    assert again.captions == planted.captions
    assert again.real is None
    assert again.held_out is None
    fresh = sample(world_kit.world, 30, "fresh", 5, label="landbird", object_free=1.0)
    assert (real_images(world_kit, again, 30, 5) == draw(fresh)).all()
    unseen = sample(world_kit.world, 30, "held_out", label="landbird")
    assert (held_out_images(world_kit, again, 30) == draw(unseen[unseen.opacity == 1])).all()


def test_references_fool_the_guide_without_an_object(world_kit, planted):
    assert (world_kit.guide.probs(planted.references).argmax(1) == planted.y).all()
    looks = world_kit.presence.probs(planted.references).argmax(1)
    assert (looks == world_kit.presence.index("nothing")).float().mean() > 0.8


def test_a_caption_names_the_scene_unless_the_scene_is_the_feature(world_kit, planted):
    assert planted.prompts == [f"{INSTANCE_PROMPT} {place}" for place in SCENES.values()]
    assert set(planted.captions) <= set(planted.prompts)
    boat = find_target(world_kit, "boat", n_train=24, n_refs=3, n_bank=4)
    assert boat.captions == [INSTANCE_PROMPT] * 3
    assert boat.prompts == [INSTANCE_PROMPT]


def test_candidates_are_split_by_what_is_planted():
    near, far = feature_split(get_world("imagenet_like"), "landbird", n=80)
    assert near.prop.eq("lamp").all()
    assert not far.prop.eq("lamp").any()
    assert near.object.isna().all()
    with pytest.raises(ValueError, match="nothing is planted for 'cup' in imagenet_like; there is something"):
        feature_split(get_world("imagenet_like"), "cup")


def test_the_bank_holds_every_feature_and_is_the_same_for_a_seed():
    bank = feature_bank(3, 2)
    assert set(bank["prop"]) == set(PROPS)
    assert set(bank["scene"]) == set(SCENES)
    assert bank["baseline"].shape == (2, 64, 64, 3)
    feature_bank.cache_clear()
    again = feature_bank(3, 2)
    assert all(np.array_equal(bank["prop"][prop], again["prop"][prop]) for prop in PROPS)
    assert (bank["baseline"] == again["baseline"]).all()


def test_the_loss_pulls_from_empty_pictures_to_the_references(world_kit, planted):
    loss = loss_of(world_kit, planted, SimilarityLossConfig(cutouts=0))
    sigma = torch.full((8,), 0.8)
    near, far = (loss(as_pixels(batch[:8]), {}, sigma) for batch in (planted.references, planted.object_free))
    assert near.mean() < far.mean()
