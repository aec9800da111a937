"The commands of the README: studies and parameters that there are, and data enough for what they ask."

import ast
import builtins
import json
import re
import shlex

import numpy as np
import pytest

from spurious_core.app.parameters import parse_assignments
from spurious_core.app.studies import find_study
from spurious_core.app.sweeps.grids import grid_cells
from spurious_core.data import rendered
from spurious_core.data.reading import READERS
from spurious_core.papers.mitigation import BenchmarkSource, plan_benchmark
from support.notebooks import ROOT

SHELL = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
COMMANDS = [shlex.split(line, comments=True) for line in "".join(SHELL).splitlines()]
RUNS = [words for words in COMMANDS if words[:2] in (["spurious", "run"], ["spurious", "sweep"])]


def given(words):
    "What a command gives with -p."
    return parse_assignments([words[i + 1] for i, word in enumerate(words) if word == "-p"])


def test_the_readme_has_commands():
    assert len(RUNS) >= 8 and any(words[1] == "sweep" for words in RUNS) and BALANCED


@pytest.mark.parametrize("words", RUNS, ids=" ".join)
def test_studies_and_parameters_are_there(words):
    study = find_study(words[2])
    if words[1] == "sweep":
        assert len(grid_cells(study, given(words))) == dict(mitigation_benchmark=10, ffr=3)[study.name]
    else:
        assert set(study.check(given(words))) == set(given(words))


def test_every_reader_is_named():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in READERS if f"`{name}`" not in text] == []


PYTHON = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)


def test_what_the_readme_calls_is_imported_in_it():
    "From places where it is: as a reader copies the pieces one after the other."
    tree = ast.parse("\n".join(PYTHON))
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(compile(ast.Module([node], []), "README", "exec"), {})
    bound = {alias.asname or alias.name for node in tree.body for alias in getattr(node, "names", [])}
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = {function.id for function in functions if isinstance(function, ast.Name)}
    text = re.sub(r"```.*?```", "", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.S)
    called |= set(re.findall(r"`(\w+)\([a-z_]+, [^`]*\)`", text))
    assert {"export_parquet", "export_imagefolder", "export_fiftyone", "world_images"} <= called
    assert sorted(called - bound - {"loss"} - set(dir(builtins))) == []


def balances_groups(params):
    return "root" not in params and "GroupDRO" in params.get("methods", "")


BALANCED = [params for params in map(given, RUNS) if balances_groups(params)]


@pytest.mark.parametrize("params", BALANCED, ids=str)
def test_there_are_pictures_of_every_group_where_a_method_balances_them(params, monkeypatch):
    monkeypatch.setattr(rendered, "draw", lambda manifest, size: np.zeros((len(manifest), 1, 1, 3), np.uint8))
    plan = plan_benchmark(params["budget"], 0, params["world"], json.loads(params["methods"]))
    train, val, _ = BenchmarkSource(params["world"]).load(0, plan.n)
    assert set(val.group) <= set(train.group)
