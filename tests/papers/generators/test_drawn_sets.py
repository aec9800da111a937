"Pictures that were learned from, in a test set or in a measure, would flatter a generator."

import numpy as np
import pytest

from spurious_core.core.settings import load_profile
from spurious_core.papers.ffr.budgets import group_counts
from spurious_core.papers.ffr.comparing import ffr_sets
from spurious_core.papers.generators import drawn_sets
from spurious_core.papers.generators.drawn_sets import (
    DrawnSet,
    accuracy_on,
    balanced_real,
    draw_set,
    measure_set,
    train_plainly,
)

PROFILE = load_profile("mini")


def seeds_of(data):
    return {*data.manifest.seed}


@pytest.mark.slow
def test_real_pictures_are_balanced_and_none_is_in_two_places(plan):
    sets = [balanced_real(plan, seed, split, 20) for seed in (0, 1) for split in ("train", "val", "test")]
    assert all(group_counts(each).tolist() == [20] * 4 for each in sets)
    sets += ffr_sets(plan.ffr, 0, 0.9)
    whole = [seed for each in sets for seed in seeds_of(each)]
    assert len(whole) == len({*whole})


@pytest.fixture
def drawn(monkeypatch, plan, tmp_path):
    "A set of a generator that draws nothing but real pictures, and how it was asked."
    asked = []

    def real_pictures(pipe, part, profile, like, folder, seed):
        asked.append((part, profile.name, folder, seed))
        return balanced_real(plan, seed + 5, "train", int(part.pool_counts()[0]))

    monkeypatch.setattr(drawn_sets, "draw_pool", real_pictures)
    monkeypatch.setattr(drawn_sets, "ffr_pipeline", lambda profile: None)
    return draw_set(plan, PROFILE, tmp_path, 3), asked


def test_a_pool_is_drawn_as_the_plan_says_and_held_out_pictures_are_not_learned_from(plan, drawn):
    pictures, asked = drawn
    assert [(part.steps, name, seed) for part, name, _, seed in asked] == [(plan.steps, "mini", 3)]
    assert group_counts(pictures.held).tolist() == [plan.ffr.probe] * 4
    assert group_counts(pictures.learned_from).tolist() == [pictures.per_group] * 4
    assert not seeds_of(pictures.held) & seeds_of(pictures.learned_from)
    assert len(pictures.held) + len(pictures.learned_from) == len(pictures.pool)


def test_noise_is_measured_as_unreal(plan, drawn):
    pictures, _ = drawn
    real = balanced_real(plan, 0, "train", pictures.per_group)
    good = measure_set(pictures.learned_from, real, PROFILE)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, pictures.learned_from.pixels.shape).astype(np.uint8)
    noise = measure_set(
        drawn_sets.GroupedImages(real.manifest, real.labels, real.attributes, "noise", pixels), real, PROFILE
    )
    assert good.coverage > 0.8 > 0.2 > noise.coverage


def test_accuracy_is_the_share_that_is_right(plan):
    test = balanced_real(plan, 0, "test", 3)

    class Knows:
        def probs(self, data):
            right = np.eye(2)[data.y]
            right[:3] = 1 - right[:3]
            return right

    assert accuracy_on(Knows(), test) == pytest.approx(1 - 3 / 12)


def test_networks_differ_in_nothing_but_what_they_learned_from(monkeypatch, plan, drawn):
    calls = []
    monkeypatch.setattr(drawn_sets, "fit", lambda *args, **options: calls.append((args, options)))
    pictures, _ = drawn
    for train in (pictures.learned_from, balanced_real(plan, 0, "train", 12)):
        train_plainly(plan, train, PROFILE, 0)
    (first, options), (second, other_options) = calls
    assert options == other_options
    assert (first[0], second[0]) == ("ERM", "ERM")
    assert seeds_of(first[2]) == seeds_of(second[2])  # validation
    assert first[4] == second[4]  # settings
    assert isinstance(pictures, DrawnSet)
