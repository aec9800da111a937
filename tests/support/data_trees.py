"Pictures that carry their label and attribute, so that a set in another order than its labels is caught."

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
from PIL import Image

from spurious_core.data.grouped import GroupedImages

Y = [1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1]  # labels, attributes and splits of twelve pictures, interleaved
A = [0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0]
S = [2, 0, 1, 0, 2, 0, 1, 2, 0, 0, 1, 2]
SPLITS = [("train", "val", "test")[s] for s in S]


def picture(y: int, a: int, k: int = 0, size: tuple = (4, 4)) -> bytes:
    "A PNG whose red is its label, green its attribute and blue its number."
    content = io.BytesIO()
    Image.new("RGB", size, (y * 10, a * 10, k % 256)).save(content, "PNG")
    return content.getvalue()


def put(path: Path, y: int, a: int, k: int = 0, size: tuple = (4, 4)) -> None:
    "Such a picture in a file, whatever its suffix."
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(y, a, k, size))


def as_cells(y: Sequence[int], a: Sequence[int], k: Sequence[int] = (), broken: Sequence[int] = ()) -> list:
    "Such pictures as Hugging Face writes them into a column; half of each that is broken."
    cells = []
    for row, number in enumerate(k or range(len(y))):
        content = picture(y[row], a[row], number)
        content = content[: len(content) // 2] if row in broken else content
        cells.append(dict(bytes=content, path=f"{number}.jpg"))
    return cells


def put_parquet(
    path: Path,
    y: Sequence[int],
    a: Sequence[int],
    k: Sequence[int] = (),
    lacking: Sequence[str] = (),  # columns
    broken: Sequence[int] = (),  # rows
    names: dict | None = None,  # of coded columns, as Hugging Face's `datasets` writes them
    row_group_size: int | None = None,
    **columns,
) -> None:
    "Pictures, labels and places in a parquet file; other columns are added, or take the place of these."
    import pyarrow
    from pyarrow import parquet

    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pd.DataFrame(dict(image=as_cells(y, a, k, broken), label=y, place=a) | columns)
    table = pyarrow.Table.from_pandas(frame.drop(columns=list(lacking)), preserve_index=False)
    if names:
        features = {name: {"names": each, "_type": "ClassLabel"} for name, each in names.items()}
        written = json.dumps({"info": {"features": features | {"image": {"_type": "Image"}}}})
        table = table.replace_schema_metadata({b"huggingface": written.encode()})
    parquet.write_table(table, path, row_group_size=row_group_size)


def agrees(data: GroupedImages, size: int = 4) -> bool:
    "Whether every picture shows the label and the attribute of its row."
    corner = replace(data, size=size).images()[:, 0, 0].astype(int)
    return bool((corner[:, 0] == data.y * 10).all() and (corner[:, 1] == data.a * 10).all())


def numbers(data: GroupedImages, size: int = 4) -> list[int]:
    "The numbers of the pictures, in the order of the rows."
    return replace(data, size=size).images()[:, 0, 0, 2].tolist()
