"Pictures to show, and no figure left open."

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture
def closed_figures():
    "Closes what a test has drawn."
    yield
    plt.close("all")


@pytest.fixture
def pictures():
    "Ten random pictures of 16 x 16 pixels."
    return np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), dtype=np.uint8)
