"What the tests of From Fake to Real share: small sets whose class and attribute can be seen in the pixels."

import pytest

from spurious_core.papers.ffr.arms import ArmSources
from support.coloured_groups import coloured_groups


def _sides(counts, origin="real", split="train", seed=0):
    return coloured_groups(counts, ["no", "yes"], ["left", "right"], split, seed, g=origin)


@pytest.fixture(scope="session")
def grouped():
    return _sides


@pytest.fixture(scope="session")
def real():
    return _sides([40, 2, 3, 40])


@pytest.fixture(scope="session")
def val():
    return _sides([10] * 4, split="val", seed=1)


@pytest.fixture(scope="session")
def pool():
    return _sides([45] * 4, "generated", seed=2)


@pytest.fixture(scope="session")
def sources(real, val, pool):
    return ArmSources(real, val, pool)
