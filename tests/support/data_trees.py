"Pictures that carry their label and attribute, so that a set in another order than its labels is caught."

from dataclasses import replace
from pathlib import Path

from PIL import Image

from spurious_core.data.grouped import GroupedImages

Y = [1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]  # labels, attributes and splits of twelve pictures, interleaved
A = [0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0]
S = [2, 0, 1, 0, 2, 0, 1, 2, 0, 0, 1, 2]
SPLITS = [("train", "val", "test")[s] for s in S]


def put(path: Path, y: int, a: int, k: int = 0, size: tuple = (4, 4)) -> None:
    "A picture whose red is its label, green its attribute and blue its number; PNG whatever its suffix."
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (y * 10, a * 10, k % 256)).save(path, "PNG")


def agrees(data: GroupedImages, size: int = 4) -> bool:
    "Whether every picture shows the label and the attribute of its row."
    corner = replace(data, size=size).images()[:, 0, 0].astype(int)
    return bool((corner[:, 0] == data.y * 10).all() and (corner[:, 1] == data.a * 10).all())


def numbers(data: GroupedImages, size: int = 4) -> list[int]:
    "The numbers of the pictures, in the order of the rows."
    return replace(data, size=size).images()[:, 0, 0, 2].tolist()
