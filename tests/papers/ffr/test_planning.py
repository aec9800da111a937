"A plan that quietly changed would make new numbers look like the old ones."

import pytest

from spurious_core.mitigate.presets import preset
from spurious_core.papers.ffr.budgets import SYNTHETIC, synthetic_counts
from spurious_core.papers.ffr.planning import FFR_BUDGETS, plan_ffr


def test_the_committed_evidence_has_its_numbers():
    plan = plan_ffr("full")
    assert plan.ratios == (0.9, 0.95, 0.97, 0.99, 0.999)
    assert plan.methods == ("ERM", "Resample", "GroupDRO", "DFR")
    assert list(plan.seeds) == [0, 1, 2, 3, 4]
    assert (plan.majority, plan.val, plan.test, plan.probe) == (200, 100, 400, 60)
    assert plan.config("DFR") == preset("mini_waterbirds", "DFR")


def test_what_is_given_takes_the_budgets_place():
    plan = plan_ffr("smoke", seed=3, world="celeba", ratios=[0.9, 0.6], methods=["groupdro"])
    assert plan.ratios == (0.6, 0.9)
    assert plan.methods == ("GroupDRO",)
    assert list(plan.seeds) == [3]
    assert list(plan_ffr("full", seed=3, seeds=2).seeds) == [3, 4]
    assert (plan.dataset, plan.usual) == ("mini_celeba", (1, 0))
    assert plan.config("GroupDRO").epochs == FFR_BUDGETS["smoke"].epochs == 1


@pytest.mark.parametrize("world", ["waterbirds", "celeba"])
@pytest.mark.parametrize("budget", FFR_BUDGETS)
def test_the_pool_is_enough_for_every_scheme_and_the_probe(budget, world):
    plan = plan_ffr(budget, world=world)
    for ratio in plan.ratios:
        rare = max(1, round(plan.majority * (1 - ratio) / ratio))
        real = [plan.majority if a == usual else rare for usual in plan.usual for a in range(2)]
        for scheme in SYNTHETIC:
            assert (synthetic_counts(real, scheme) + plan.probe <= plan.pool_counts()).all()


@pytest.mark.parametrize(
    "wrong, why",
    [
        (dict(budget="dry"), "budget='dry' is unknown; allowed: smoke, quick, full"),
        (dict(world="digits"), "world='digits' is unknown; allowed: waterbirds, celeba"),
        (dict(ratios=[0.9, 1.0]), r"ratio=1.0 must lie in \[0.5, 1\)"),
        (dict(methods=["magic"]), "method='magic' is unknown; allowed: ERM"),
    ],
)
def test_what_cannot_be_run_is_refused(wrong, why):
    with pytest.raises(ValueError, match=why):
        plan_ffr(**dict(budget="smoke") | wrong)
