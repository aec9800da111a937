"What the tests of the benchmark share: groups that can be seen in the pixels."

import pytest

from support.coloured_groups import coloured_groups


def _pets(counts, split, seed=0):
    return coloured_groups(counts, ["cat", "dog"], ["sofa", "bench"], split, seed)


@pytest.fixture(scope="session")
def sets():
    return _pets([20, 4, 4, 20], "train"), _pets([8] * 4, "val", 1), _pets([10] * 4, "test", 2)
