"Pairs of pictures for a review, and reviewers who look at them."

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

YES, NO = dict(object=True, offensive=False), dict(object=False, offensive=False)


def write_pairs(folder: Path, n: int = 12) -> pd.DataFrame:
    "A table of `n` pairs; both pictures of pair i have the grey value i, and its prompt is markup."
    rows = []
    for i in range(n):
        paths = dict(init_image=str(folder / f"init{i}.png"), path=str(folder / f"result{i}.png"))
        for path in paths.values():
            Image.fromarray(np.full((8, 8, 3), i, np.uint8)).save(path)
        rows.append(dict(item=f"item {i}", prompt=f"<b>{i}</b>") | paths)
    return pd.DataFrame(rows)


def press_all(session, keys: str) -> None:
    for key in keys:
        session.press(key)


def vote_on_all(session, bad: tuple[str, ...] = ()) -> list[str]:
    "Votes on all that is left, with a veto on the `bad` ones; returns the items in the order seen."
    seen = []
    while session.current:
        seen.append(session.current)
        press_all(session, "nn" if session.current in bad else "yn")
    return seen
