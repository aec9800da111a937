"Budgets of the DDB study."

import pytest

from spurious_core.papers.ddb.study.plan import DDB_PLANS, ddb_plan


def test_a_person_overrides_the_number_of_pictures_and_the_rate():
    plan = ddb_plan("smoke", per_class=6, lr=0.5)
    assert (plan.pick, plan.config.lr) == (6, 0.5)
    assert (ddb_plan("full").seeds, ddb_plan("full", seeds=1).seeds) == (3, 1)
    assert ddb_plan("smoke") == DDB_PLANS["smoke"]


def test_own_images_need_no_truth_and_a_small_rate():
    plan = ddb_plan("full", own_images=True)
    assert (plan.worlds, plan.word_sizes, plan.doses, plan.lr) == (("own",), (), (), 1e-4)
    assert (plan.seeds, plan.pick) == (3, 200)


@pytest.mark.parametrize("budget, quarter", [("smoke", 1), ("quick", 4)])
def test_a_quarter_of_the_epochs_is_at_least_one(budget, quarter):
    assert ddb_plan(budget).quarter == quarter


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="budget='dry' is unknown; allowed: smoke, quick, full"):
        ddb_plan("dry")
    with pytest.raises(ValueError, match="seeds=1.5 must be a whole number"):
        ddb_plan("smoke", seeds=1.5)
    with pytest.raises(ValueError, match="per_class=-1 must be at least 0"):
        ddb_plan("smoke", per_class=-1)
    with pytest.raises(ValueError, match="lr=-1 must not be negative"):
        ddb_plan("smoke", lr=-1)
