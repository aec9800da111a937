"Small studies written on the spot, for the tests of runs and of the command."

from pathlib import Path

import nbformat
import pytest

PARAMETERS = """profile: str = "mini"  # section of settings.ini
budget: str = "quick"  # smoke, quick or full
seed: int = 0          # of everything
scale: float = 1.0     # of nothing
tags: list[str] = []   # some words
out: str = ""          # folder to write to"""
# written by hand: importing the library takes a kernel some seconds
SAVE = """import json, pathlib
numbers = {"scale": {"value": scale, "ci": None, "n": len(tags) or None}}
pathlib.Path(out, "metrics.json").write_text(json.dumps(numbers))"""


@pytest.fixture
def make_study(tmp_path):
    "make_study(*cells, parameters=..., name='toy', tags=[...]) writes a notebook and returns its path."

    def make(*cells, parameters=PARAMETERS, name="toy", tags=("parameters",)) -> Path:
        v4 = nbformat.v4
        code = [v4.new_code_cell(c) for c in (parameters, *(cells or [SAVE]))]
        code[0].metadata["tags"] = list(tags)
        nbformat.write(
            v4.new_notebook(cells=[v4.new_markdown_cell("# toy\n\n> A toy study.")] + code),
            tmp_path / f"{name}.ipynb",
        )
        return tmp_path / f"{name}.ipynb"

    return make
