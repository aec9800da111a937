"Fixtures: small studies written on the spot."
import os
from pathlib import Path
import nbformat, pytest, torch

torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', 1)))

PARAMETERS = '''profile: str = "mini"  # section of settings.ini
budget: str = "quick"  # smoke, quick or full
seed: int = 0          # of everything
scale: float = 1.0     # of nothing
tags: list[str] = []   # some words
out: str = ""          # folder to write to'''
SAVE = 'from spurious_core.runs import Metrics, run_folder\nm = Metrics(); m.add("scale", scale, n=len(tags) or None); m.save(run_folder("toy", out))'

@pytest.fixture
def make_study(tmp_path):
    "make_study(*cells, parameters=..., name='toy', tags=['parameters']) writes a notebook and returns its path."
    def make(*cells, parameters=PARAMETERS, name='toy', tags=('parameters',)) -> Path:
        v4 = nbformat.v4
        code = [v4.new_code_cell(c) for c in (parameters, *(cells or [SAVE]))]
        code[0].metadata['tags'] = list(tags)
        nbformat.write(v4.new_notebook(cells=[v4.new_markdown_cell('# toy\n\n> A toy study.')] + code), tmp_path/f'{name}.ipynb')
        return tmp_path/f'{name}.ipynb'
    return make
