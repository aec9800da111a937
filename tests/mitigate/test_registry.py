"Methods are found by name, in an order, whatever was imported first."

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from spurious_core.mitigate.registry import METHODS, find_method, methods_table

NAMES = "ERM Resample SUBG GroupDRO CVaR-DRO JTT LfF EIIL LISA MaskTune DFR DPE AFR SpuFix DDB"


def test_the_methods_are_those_of_the_notebooks_in_order():
    assert list(METHODS) == NAMES.split()
    assert all(method.name == name for name, method in METHODS.items())
    assert len({method.order for method in METHODS.values()}) == len(METHODS)


@pytest.mark.parametrize(
    "name, expected",
    [("group dro", "GroupDRO"), ("cvar", "CVaR-DRO"), ("jtt", "JTT"), ("spu-fix", "SpuFix"), ("ERM", "ERM")],
)
def test_spelling_is_forgiven(name, expected):
    assert find_method(name).name == expected


def test_an_unknown_method_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="method='magic' is unknown; allowed: ERM, Resample"):
        find_method("magic")


FRESH = """
import {first}
import spurious_core as sc
from spurious_core.mitigate.registry import METHODS, methods_table
from support.mitigation import FAST, images, small, validation

assert "DDB" in METHODS and "DDB" in methods_table().index
train = images()
train.manifest.loc[train.group == 2, "g"] = "generated"
config = FAST.with_(epochs=1, ddb_layers="last", ddb_gamma=1.0)
fitted = sc.fit("ddb", train, validation(), small(), config, progress=False)
print(fitted.method.name, fitted.details["generated"])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", ["spurious_core", "spurious_core.mitigate.registry", "spurious_core.papers.ddb.retraining"]
)
def test_a_method_of_a_paper_is_known_in_a_fresh_process(first):
    tests = str(Path(__file__).parents[1])
    environment = os.environ | dict(PYTHONPATH=os.pathsep.join([*sys.path, tests]))
    command = [sys.executable, "-c", FRESH.format(first=first)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.startswith("DDB {'dark': 0, 'light': "), done.stderr


def test_there_is_one_registry(monkeypatch):
    toy = replace(METHODS["ERM"], name="Toy")
    monkeypatch.setitem(METHODS, "Toy", toy)
    assert find_method("toy") is toy
    assert "Toy" in methods_table().index


def test_tables_say_who_knows_groups():
    table = methods_table(selection="average")
    assert table.index[table.train_groups].tolist() == ["Resample", "SUBG", "GroupDRO", "LISA"]
    assert table.index[table.val_groups].tolist() == ["DFR", "DPE", "SpuFix"]
    assert methods_table().val_groups.all()
    assert [name for name, method in METHODS.items() if method.refits_on_validation] == ["DFR", "DPE"]
    assert [name for name, method in METHODS.items() if method.generated] == ["DDB"]
