"What the tests of the comparison of generators share: a small plan, and profiles that draw coloured squares."

import pytest

from spurious_core.papers.generators.generator_plans import plan_generators


@pytest.fixture(scope="session")
def plan():
    return plan_generators("smoke", generators=["mini"])
