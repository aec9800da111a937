"The budgets of the study: what a person may ask for, and what is refused."

import pytest

from spurious_core.papers.d3s.study.study_plans import D3S_PLANS, plan_of_budget


def test_every_budget_has_a_plan_whose_settings_fit():
    assert list(D3S_PLANS) == ["smoke", "quick", "full"]
    for plan in D3S_PLANS.values():
        assert plan.classes >= 3
        assert plan.per_pair >= 3
        assert plan.disentangling(penalty="none", linear=0.0).linear == 0
    assert D3S_PLANS["full"].disentangling().linear == 1.0
    assert D3S_PLANS["full"].disentangling(linear=0.3).linear == 0.3


def test_more_pictures_of_a_pair_may_be_asked_for_and_fewer_than_three_are_refused():
    assert plan_of_budget("smoke", 7).per_pair == 7
    assert (plan_of_budget("full").seeds, plan_of_budget("full", seeds=1).seeds) == (3, 1)
    assert plan_of_budget("smoke", 7).rendered == D3S_PLANS["smoke"].rendered
    assert plan_of_budget("smoke").per_pair == 4
    for too_few in (1, 2):
        with pytest.raises(ValueError, match=f"k={too_few} must be at least 3"):
            plan_of_budget("smoke", too_few)
    with pytest.raises(ValueError, match="per_pair=-1 must be at least 0"):
        plan_of_budget("smoke", -1)
    with pytest.raises(ValueError, match="budget='dry' is unknown; allowed: smoke, quick, full"):
        plan_of_budget("dry")
