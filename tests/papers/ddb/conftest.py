"A plainly trained network for the tests of retraining."

import pytest

from spurious_core.mitigate.fitting import fit
from support.ddb import CONFIG, DATA, VAL, net


@pytest.fixture(scope="session")
def base():
    return fit("ERM", DATA, VAL, net, CONFIG, seed=1, progress=False).clf
