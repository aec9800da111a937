"A kit of public checkpoints, without world, observers or jury: what works, and how the rest is refused."

from dataclasses import replace

import numpy as np
import pytest
import torch

from spurious_core.core.settings import Profile
from spurious_core.models.classifier import Classifier
from spurious_core.models.loading import save_classifier
from spurious_core.models.preprocessing import Preprocess
from spurious_core.papers.class_wise.kit import load_kit
from spurious_core.papers.class_wise.target import find_target
from spurious_core.papers.class_wise.verdicts import independent_features
from support.networks import small_network
from support.pipelines import build_pipeline


@pytest.fixture
def profile(tmp_path):
    "A profile of small checkpoints in public layouts, without world and observers."
    torch.manual_seed(0)
    clf = Classifier(small_network(), ["boat", "cow", "cup"], Preprocess((16, 16)))
    for name in ("guide", "juror"):
        save_classifier(clf, tmp_path / name)
    absent = dict.fromkeys(("tiny_decoder", "null_guide", "presence", "scene", "inpaint", "world"), "")
    return Profile(
        "own",
        pipeline=str(build_pipeline(tmp_path / "pipe")),
        guide=str(tmp_path / "guide"),
        jury=(str(tmp_path / "juror"),),
        resolution=16,
        sampler_steps=3,
        guidance=3.0,
        precision="bf16",
        **absent,
    )


def test_a_kit_without_world_and_observers(profile):
    kit = load_kit(profile)
    assert kit.world is kit.tiny is kit.presence is kit.scene is None
    assert kit.pipe.unet.dtype == torch.bfloat16
    assert kit.guide.dtype == torch.float32
    with pytest.raises(
        ValueError, match="profile 'own' names no world, which this needs; set SPURIOUS_WORLD"
    ):
        find_target(kit, "boat")
    images = np.random.default_rng(2).integers(0, 256, (6, 64, 64, 3), np.uint8)
    assert independent_features(kit, images).shape == (6, 16)  # the juror's
    with pytest.raises(ValueError, match="names no jury"):
        independent_features(replace(kit, profile=replace(profile, jury=())), images)


def test_a_kit_needs_a_guide(profile, tmp_path):
    with pytest.raises(ValueError, match="profile 'own' names no guide"):
        load_kit(replace(profile, guide=""))
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        load_kit(replace(profile, guide=str(tmp_path / "none.safetensors")))
