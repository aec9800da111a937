"Judging with observers, with a segmenter, with neither; and whether the loss costs too much diversity."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.miniworld import Item, render
from spurious_core.data.vocabulary import SCENES
from spurious_core.models.segmenters import Segmenter
from spurious_core.papers.class_wise.verdicts import (
    how_judged,
    independent_features,
    judge_run,
    jury_verdicts,
    measures,
    relative_diversity,
)

# ---- who looks for the object


class WhiteCorner(Segmenter):
    "Finds what it is asked for in the pictures whose top left pixel is white."

    def masks_of(self, images, phrases):
        self.asked = set(phrases)
        marked = [float((image[0, 0] == 255).all()) for image in images]
        return np.stack([np.full(images[0].shape[:2], mark, np.float32) for mark in marked])


@pytest.fixture
def half_marked(target):
    "Eight pictures; every second one has a white corner."
    images = target.held_out[:8].copy()
    images[:, 0, 0] = 0
    images[::2, 0, 0] = 255
    return images


def test_the_segmenter_is_the_gate(kit, half_marked):
    segmenter = WhiteCorner()
    seeing = replace(kit, segmenter=segmenter)
    verdicts = jury_verdicts(seeing, "landbird", half_marked)
    assert segmenter.asked == {"landbird"}
    assert (verdicts.object_absent == (np.arange(8) % 2 == 1)).all()
    assert verdicts.class_object_absent.equals(verdicts.object_absent)
    assert (verdicts.consistency == verdicts.all_of_jury & verdicts.object_absent).all()
    assert (verdicts.hit == verdicts.juror_rate * verdicts.object_absent).all()
    assert measures(verdicts)[:3] == ["consistency", "hit", "object_absent"]
    assert "looked for by the segmenter" in how_judged(seeing)


def test_the_gate_does_not_change_the_votes(kit, half_marked):
    gated = jury_verdicts(replace(kit, segmenter=WhiteCorner()), "landbird", half_marked)
    bare = jury_verdicts(kit, "landbird", half_marked)
    assert gated.all_of_jury.any()
    assert gated.all_of_jury.equals(bare.all_of_jury)


def test_presence_is_the_gate_where_it_knows_the_classes(world_kit, own_folder, target):
    "Also with a folder; one that lacks a class leaves the looking to the segmenter."
    segmenter = WhiteCorner()
    with_folder = replace(world_kit, folder=own_folder, segmenter=segmenter)
    by_presence = jury_verdicts(with_folder, "landbird", target.references)
    assert by_presence.equals(jury_verdicts(world_kit, "landbird", target.references))
    assert not hasattr(segmenter, "asked")
    ignorant = replace(with_folder, presence=world_kit.scene, scene=None)
    assert jury_verdicts(ignorant, "landbird", target.references).object_absent.notna().all()
    assert segmenter.asked == {"landbird"}


def test_nothing_is_called_consistency_without_a_gate(kit, target):
    verdicts = judge_run(kit, target, target.references, target.real)
    assert not {"consistency", "hit", "object_absent", "class_object_absent"} & {*verdicts.columns}
    assert measures(verdicts) == ["all_of_jury", "juror_rate", "in_distribution", "memorised"]
    assert verdicts.memorised.all()
    assert how_judged(kit).startswith("nobody looks for the object")


def test_a_column_that_some_class_lacks_is_not_reported(kit, target):
    whole = judge_run(kit, target, target.references, target.real)
    few = judge_run(kit, target, target.references, target.real[:19])
    assert measures(few) == ["all_of_jury", "juror_rate"]
    assert measures(pd.concat([whole, few])) == measures(few)


def test_features_of_the_jurors_in_equal_parts(kit, target):
    features = independent_features(kit, target.references)
    sizes = [juror.head.in_features for juror in kit.jury]
    assert features.shape == (8, sum(sizes))
    for part in np.split(features, np.cumsum(sizes)[:-1], 1):
        assert np.allclose(np.linalg.norm(part, axis=1), 1, atol=1e-4)


def test_features_of_the_observers_where_there_are_both(world_kit, target):
    size = independent_features(world_kit, target.references).shape[1]
    assert size == world_kit.presence.head.in_features + world_kit.scene.head.in_features


def test_a_set_of_one_place_is_less_varied(world_kit):
    def scenes(names, seed):
        return np.stack([render(Item(name, seed=seed + i)).image for i, name in enumerate(names)])

    real = scenes(list(SCENES) * 2, 0)
    assert relative_diversity(world_kit, scenes(list(SCENES), 50), real) > 0.8
    assert relative_diversity(world_kit, scenes(["water"] * 10, 50), real) < 0.3
