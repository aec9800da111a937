"Which modules a source reaches, and what of them is a rule."

import json

import pytest

from spurious_core.core.provenance import source_rules
from spurious_core.core.provenance.source_rules import (
    code_digest,
    modules_named,
    notebook_source,
    rules_digest,
    rules_of_modules,
    rules_of_notebook,
    rules_text,
)
from support.notebooks import ROOT, module_paths

SOURCE = """"A module."
import os  # of the system


class A:
    "Holds."

    size = "#1"

    def f(self): "One line."; return 1
"""


def test_words_are_no_rules_and_texts_are():
    assert rules_text(SOURCE) == (
        'import os\nclass A:\n    size = "#1"\n    def f(self): "One line."; return 1'
    )
    assert rules_digest(SOURCE) == rules_digest(SOURCE.replace("of the system", "operating"))
    assert rules_digest(SOURCE) != rules_digest(SOURCE.replace("#1", "#2"))
    assert rules_text('x = 1\n"""Three\nlines."""\n') == 'x = 1\n"""Three\nlines."""'  # no docstring


@pytest.mark.parametrize(
    "source, modules",
    [
        ("import spurious_core.core.seeds", {"core.seeds"}),
        ("import spurious_core.core.seeds as s; s.seed_of", {"core.seeds"}),
        ("import spurious_core; spurious_core.fit", {"mitigate.fitting"}),
        ("import spurious_core as sc; sc.__version__", set()),
        ("import spurious_core as sc; sc.papers.ffr.plan_ffr(1)", {"papers.ffr.planning"}),
        ("from spurious_core.app import Metrics as M", {"app.metrics"}),
        ("from spurious_core.papers import ffr", set()),  # nothing is asked of it
        ("def f():\n    from spurious_core.core import seeds\n", {"core.seeds"}),
        ("import numpy as np; np.random", set()),
        ("from spurious_core.core import nothing", set()),
    ],
)
def test_modules_that_a_source_names(source, modules):
    assert modules_named(source) == modules


@pytest.mark.parametrize("use", ["vars(m)", "m.__path__", "m.no_such_name"])
def test_a_room_of_which_nobody_can_tell_counts_whole(use):
    named = modules_named(f"import spurious_core.mitigate.methods as m\n{use}")
    assert named == {f"mitigate.methods.{p.stem}" for p in module_paths() if p.parent.name == "methods"}


def test_relative_imports_and_what_they_reach():
    assert modules_named("from .seeds import seed_of", "core.files") == {"core.seeds"}
    assert modules_named("from ...core import seed_of", "data.readers.x") == {"core.seeds"}
    reached = set(rules_of_modules(["mitigate.fitting"]))
    assert {"mitigate/methods/lisa.py", "core/seeds.py", "mitigate/trainer.py"} <= reached
    assert not [name for name in reached if name.startswith(("app/", "papers/", "diffusion/"))]


def test_a_study_reaches_its_paper_and_no_other():
    rules = rules_of_notebook(ROOT / "nbs/studies/ffr.ipynb")
    assert next(iter(rules)) == "ffr.ipynb"
    assert {"papers/ffr/arms.py", "diffusion/sampling.py", "app/metrics.py"} <= set(rules)
    assert not [name for name in rules if name.startswith(("papers/ddb", "explore", "app/site"))]


def write(path, *sources, tags=()):
    cells = [dict(cell_type="code", metadata=dict(tags=list(tags)), source=[s]) for s in sources]
    path.write_text(json.dumps(dict(cells=cells)), encoding="utf-8")
    return path


def test_of_a_notebook_parameters_and_lines_for_jupyter_are_left_out(tmp_path):
    parameters = dict(cell_type="code", metadata=dict(tags=["parameters"]), source=["seed: int = 0"])
    lines = dict(cell_type="code", metadata={}, source=["%matplotlib inline\n", "x = 1"])
    shell = dict(cell_type="code", metadata={}, source=["%%bash\n", "ls"])
    assert notebook_source(dict(cells=[parameters, lines, shell])) == "pass\nx = 1\n"
    first = rules_of_notebook(write(tmp_path / "a.ipynb", "x = 1"))
    assert first == rules_of_notebook(write(tmp_path / "a.ipynb", "x = 1  # one"))
    assert first != rules_of_notebook(write(tmp_path / "a.ipynb", "x = 2"))


def test_a_notebook_that_is_no_python_has_a_hash_too(tmp_path):
    rules = [rules_of_notebook(write(tmp_path / "a.ipynb", text)) for text in ("x = (", "if:")]
    assert [list(found) for found in rules] == [["a.ipynb"]] * 2 and rules[0] != rules[1]


def test_a_changed_module_changes_the_hash_of_what_reaches_it(tmp_path, monkeypatch):
    monkeypatch.setattr(source_rules, "_PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("from .b import f\n", encoding="utf-8")
    hashes = set()
    for text in ("f = 1\n", "f = 1  # one\n", "f = 22\n"):
        (tmp_path / "b.py").unlink(missing_ok=True)
        (tmp_path / "b.py").write_text(text, encoding="utf-8")
        hashes.add(code_digest("a"))
    assert len(hashes) == 2
