"Small sets whose class and attribute can be seen in the pixels."

import numpy as np
import pandas as pd

from spurious_core.data.grouped import GroupedImages


def coloured_groups(counts, labels, attributes, split="train", seed=0, **columns):
    "Interleaved 8x8 pictures of four groups: class in the red channel, attribute in the blue one."
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(4), counts))
    y, a = group // 2, group % 2
    pixels = rng.integers(0, 30, (len(y), 8, 8, 3)).astype(np.uint8)
    pixels[..., 0] += (100 * y).astype(np.uint8)[:, None, None]
    pixels[..., 2] += (100 * a).astype(np.uint8)[:, None, None]
    manifest = pd.DataFrame(dict(y=y, a=a, split=split, **columns))
    return GroupedImages(manifest, labels, attributes, pixels=pixels, size=8)
