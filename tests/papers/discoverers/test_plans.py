"Each world has a seed of its own, and parts of the worlds are the whole."

import pandas as pd
import pytest

from spurious_core.papers.discoverers.plans import DISCOVERY_BUDGETS, plan_discovery


def test_each_world_has_a_seed_of_its_own():
    jobs = plan_discovery("full")
    kinds = pd.Series([kind for _, _, kind, *_ in jobs]).value_counts()
    assert kinds.planted == 20 and kinds.clean + kinds.unused == 20
    assert sorted(job[1] for job in jobs) == list(range(200, 240))
    with pytest.raises(ValueError, match="allowed: smoke, quick, full"):
        plan_discovery("dry")
    assert set(DISCOVERY_BUDGETS) == {"smoke", "quick", "full"}


def test_parts_of_the_worlds_are_the_whole():
    jobs = plan_discovery("full")
    assert plan_discovery("full", parts=1, part=0) == jobs
    parts = [plan_discovery("full", parts=10, part=part) for part in range(10)]
    assert sorted(sum(parts, [])) == sorted(jobs)
    for of_part in parts:
        assert pd.Series([job[2] for job in of_part]).value_counts().to_dict() == dict(
            planted=2, clean=1, unused=1
        )
    for wrong in (dict(parts=11), dict(part=1), dict(parts=2, part=2), dict(parts=0)):
        with pytest.raises(ValueError, match="parts="):
            plan_discovery("full", **wrong)
