"What the tests of the benchmark share: groups that can be seen in the pixels."

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.grouped import GroupedImages


def coloured(counts, split, seed=0):
    "Interleaved 8x8 pictures: class in the red channel, attribute in the blue one."
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(4), counts))
    y, a = group // 2, group % 2
    pixels = rng.integers(0, 30, (len(y), 8, 8, 3)).astype(np.uint8)
    pixels[..., 0] += (100 * y).astype(np.uint8)[:, None, None]
    pixels[..., 2] += (100 * a).astype(np.uint8)[:, None, None]
    manifest = pd.DataFrame(dict(y=y, a=a, split=split))
    return GroupedImages(manifest, ["cat", "dog"], ["sofa", "bench"], pixels=pixels, size=8)


@pytest.fixture(scope="session")
def sets():
    return coloured([20, 4, 4, 20], "train"), coloured([8] * 4, "val", 1), coloured([10] * 4, "test", 2)
