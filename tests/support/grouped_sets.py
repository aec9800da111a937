"A small grouped data set in memory or on disk, whose pictures carry their own labels."

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from spurious_core.data.grouped import GroupedImages

Y = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0]  # interleaved, unequal groups
A = [0, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1]
SPLIT = ["train", "test", "train", "val", "train", "train", "test", "test", "val", "train", "train"]
LABELS, ATTRIBUTES = ["cat", "dog"], ["indoors", "outdoors"]


def coded(labels, attributes, size=8):
    "Pictures of one colour that carry their label, attribute and row."
    rows = enumerate(zip(labels, attributes, strict=True))
    return np.stack([np.full((size, size, 3), (y * 100, a * 100, i * 10), np.uint8) for i, (y, a) in rows])


def table(**columns):
    "The manifest, with some columns replaced or added."
    return pd.DataFrame(dict(y=Y, a=A, split=SPLIT) | columns)


def toy(**options):
    return GroupedImages(table(), LABELS, ATTRIBUTES, "toy", coded(Y, A), **options)


def on_disk(folder: Path, name="toy", size=8, g="real"):
    folder.mkdir(exist_ok=True, parents=True)
    files = [f"{i}.png" for i in range(len(Y))]
    for file, image in zip(files, coded(Y, A), strict=True):
        Image.fromarray(image).save(folder / file)
    return GroupedImages(table(file=files, g=g), LABELS, ATTRIBUTES, name, root=folder, size=size)


def row_numbers(images):
    "The rows of the manifest that the pictures were made for."
    return (images.images()[:, 0, 0, 2] // 10).tolist()


def assert_rows_fit(images):
    "Every picture is beside its own row."
    pixels = images.images()
    assert len(pixels) == len(images)
    assert (pixels[:, 0, 0, 0] == images.y * 100).all()
    assert (pixels[:, 0, 0, 1] == images.a * 100).all()
    assert (images.group == images.y * 2 + images.a).all()
