"A generator that draws more pictures, or in more steps, would win for that."

from dataclasses import replace

import pytest

from spurious_core.papers.generators import generator_plans
from spurious_core.papers.generators.generator_plans import (
    CURE_ARMS_COMPARED,
    GENERATOR_BUDGETS,
    generator_profiles,
    plan_generators,
)


@pytest.mark.parametrize("budget", GENERATOR_BUDGETS)
@pytest.mark.parametrize("seeds", [0, 4])
def test_steps_and_seeds_are_the_same_everywhere(budget, seeds):
    plan = plan_generators(budget, seed=7, generators=["mini"], seeds=seeds)
    assert plan.n_seeds == (seeds or GENERATOR_BUDGETS[budget][0])
    assert plan.ffr.steps == plan.aspire.draw_steps == plan.steps
    assert plan.ffr.n_seeds == plan.aspire.seeds == plan.n_seeds == len(plan.seeds)
    assert plan.seeds[0] == plan.ffr.seed == 7
    assert plan.aspire.arms == CURE_ARMS_COMPARED
    assert plan.aspire.worlds == ("mini_waterbirds",)
    assert plan.ffr.methods == plan.aspire.methods == ("ERM",)
    assert len(plan.ffr.ratios) == 1


def test_what_is_reported_has_more_than_one_seed():
    assert plan_generators("full").n_seeds >= 2


@pytest.mark.parametrize(
    "names, message",
    [
        (["mini", "mini"], "mini stands there twice"),
        (["minni"], "unknown profile 'minni'; known: mini"),
        (["mini", "real"], "profile 'real' names no pipeline"),
        (["mini", "sd15"], r"generators draw at \[64, 512\] pixels; a comparison needs one size"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_is_drawn(names, message):
    with pytest.raises(ValueError, match=message):
        plan_generators("smoke", generators=names)


def test_real_pictures_are_as_large_as_drawn_ones(monkeypatch, plan):
    large = replace(generator_profiles(["mini"])["mini"], resolution=96)
    monkeypatch.setattr(generator_plans, "load_profile", lambda name: large)
    assert plan.resolution == 96
