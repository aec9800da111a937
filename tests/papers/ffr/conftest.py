"What the tests of From Fake to Real share: small sets whose class and attribute can be seen in the pixels."

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.grouped import GroupedImages
from spurious_core.papers.ffr.arms import ArmSources


def coloured_groups(counts, origin="real", split="train", seed=0):
    "Interleaved 8x8 pictures: class in the red channel, attribute in the blue one."
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(4), counts))
    y, a = group // 2, group % 2
    pixels = rng.integers(0, 30, (len(y), 8, 8, 3)).astype(np.uint8)
    pixels[..., 0] += (100 * y).astype(np.uint8)[:, None, None]
    pixels[..., 2] += (100 * a).astype(np.uint8)[:, None, None]
    manifest = pd.DataFrame(dict(y=y, a=a, split=split, g=origin))
    return GroupedImages(manifest, ["no", "yes"], ["left", "right"], pixels=pixels)


@pytest.fixture(scope="session")
def grouped():
    return coloured_groups


@pytest.fixture(scope="session")
def real():
    return coloured_groups([40, 2, 3, 40])


@pytest.fixture(scope="session")
def val():
    return coloured_groups([10] * 4, split="val", seed=1)


@pytest.fixture(scope="session")
def pool():
    return coloured_groups([45] * 4, "generated", seed=2)


@pytest.fixture(scope="session")
def sources(real, val, pool):
    return ArmSources(real, val, pool)
