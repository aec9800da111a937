"Judging with observers, with a segmenter, with neither; and whether the loss costs too much diversity."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.miniworld import Item, render
from spurious_core.data.vocabulary import SCENES
from spurious_core.models.segmenters import Segmenter
from spurious_core.papers.class_wise import verdicts as verdicts_module
from spurious_core.papers.class_wise.verdicts import (
    DIVERSITY_LIMIT,
    how_judged,
    independent_features,
    judge_run,
    jury_verdicts,
    loss_affordable,
    measures,
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


# ---- what the loss may cost


def render_scenes(names, seed=0):
    return np.stack([render(Item(name, seed=seed + i)).image for i, name in enumerate(names)])


REAL = render_scenes(list(SCENES) * 2)
DRAWN = dict(
    many=render_scenes(list(SCENES), 50),
    few=render_scenes(["water"] * 7 + list(SCENES)[:3], 50),
    one=render_scenes(["water"] * 10, 50),
)


@pytest.fixture
def calls(monkeypatch):
    "Instead of drawing: what an adapter of this name would draw. The calls are kept."
    calls = []

    def draw_arm_set(kit, target, seed, folder, n, adapter, noise):
        calls.append((seed, str(folder), n, adapter, noise))
        return DRAWN[adapter]

    monkeypatch.setattr(verdicts_module, "draw_arm_set", draw_arm_set)
    return calls


def test_a_loss_that_draws_one_place_is_not_used(world_kit, calls, tmp_path):
    cost = loss_affordable(world_kit, None, 3, tmp_path, dict(plain="many", loss="one"), REAL, 10)
    assert not cost["kept"]
    assert cost["loss"] < 0.3
    assert cost["plain"] > 0.8
    assert calls == [
        (3, str(tmp_path / "plain"), 10, "many", "validation"),
        (3, str(tmp_path / "loss"), 10, "one", "validation"),
    ]


@pytest.mark.parametrize("plain", ["many", "one"])
def test_a_loss_that_keeps_or_adds_diversity_is_used(plain, world_kit, calls, tmp_path):
    assert loss_affordable(world_kit, None, 0, tmp_path, dict(plain=plain, loss="many"), REAL, 10)["kept"]


def test_a_loss_is_used_up_to_the_limit(world_kit, calls, tmp_path):
    arguments = world_kit, None, 0, tmp_path, dict(plain="many", loss="few"), REAL, 10
    cost = loss_affordable(*arguments)
    lost = cost["plain"] - cost["loss"]
    assert lost > DIVERSITY_LIMIT
    assert not cost["kept"]
    assert loss_affordable(*arguments, limit=lost + 1e-6)["kept"]
    with pytest.raises(ValueError, match=r"limit=-0.1 must lie in \[0, inf\]"):
        loss_affordable(*arguments, limit=-0.1)


def test_without_observers_the_loss_is_used_and_nothing_drawn(world_kit, calls, tmp_path):
    cost = loss_affordable(
        replace(world_kit, scene=None), None, 0, tmp_path, dict(plain="many", loss="one"), REAL, 10
    )
    assert cost["kept"]
    assert np.isnan([cost["plain"], cost["loss"]]).all()
    assert not calls
