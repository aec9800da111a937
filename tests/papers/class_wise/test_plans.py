"What a budget takes, and which classes it reports."

from dataclasses import replace

import pytest

from spurious_core.app.studies import BUDGETS
from spurious_core.papers.class_wise.plans import CLASS_WISE_PLANS, FORMS_PLANS, TUNED_ON, plan_for


@pytest.mark.parametrize("plans", [CLASS_WISE_PLANS, FORMS_PLANS])
def test_there_is_a_plan_for_every_budget(plans):
    assert tuple(plans) == BUDGETS


def test_the_evidence_takes_what_it_took():
    full = plan_for(CLASS_WISE_PLANS, "full")
    assert (full.seeds, full.steps, full.n_images) == (1, 100, 24)
    assert (full.n_real, full.n_prior, full.n_held_out) == (400, 60, 200)
    assert full.arms == ("base", "dreambooth", "dreambooth_2x", "sfsl", "sfsl_wrong_components")
    forms = plan_for(FORMS_PLANS, "full")
    assert (forms.classes, forms.seeds, forms.n_images, forms.n_arms) == (TUNED_ON, 3, 32, None)


def test_only_a_dry_run_takes_references_that_fool_nobody():
    lenient = {name for name, plan in CLASS_WISE_PLANS.items() if not plan.find.get("require_fooled", True)}
    assert lenient == {"dry"}


def test_steps_may_be_asked_for_and_budgets_must_be_known():
    assert plan_for(CLASS_WISE_PLANS, "quick", 7) == replace(CLASS_WISE_PLANS["quick"], steps=7)
    assert plan_for(FORMS_PLANS, "full", seeds=1) == replace(FORMS_PLANS["full"], seeds=1)
    with pytest.raises(ValueError, match="budget='long' is unknown; allowed: dry, smoke, quick, full"):
        plan_for(CLASS_WISE_PLANS, "long")


def test_runs_count_on_from_the_seed():
    plan = replace(CLASS_WISE_PLANS["smoke"], seeds=2)
    assert plan.runs(["cow", "car"], 15) == [("cow", 15), ("cow", 16), ("car", 15), ("car", 16)]
