"""Studies and guides ask this package for what is there.

Most smoke runs of studies are slow tests; this is what a change of names or arguments would break in them."""

import ast

import pytest

from support.notebook_calls import read_calls, tree_of
from support.notebooks import ROOT

NOTEBOOKS = sorted((ROOT / "nbs/studies").glob("[!_]*.ipynb")) + [ROOT / "nbs/your_own_class.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_study_calls_is_there_and_takes_what_it_is_given(path):
    read = read_calls(tree_of(path))
    assert read.problems == []
    assert read.calls >= 8, "so few calls were recognised that the rest may be wrong unseen"


def test_a_study_that_asks_for_what_went_is_found():
    code = """
from spurious_core.core import seeds
from spurious_core.core.seeds import seed_of
from spurious_core.core.settings import Profile
from spurious_core.papers import ffr
seeds.nothing(1)
seed_of("a", 1)
ffr.plan_ffr("smoke", 0, workers=2)
ffr.plan_ffr("smoke", *[0], seeds=2)
ffr.plan_ffr(**{})
Profile.nothing
"""
    assert read_calls(ast.parse(code)).problems == [
        "Profile has no nothing",
        "ffr.plan_ffr('smoke', 0, workers=2): got an unexpected keyword argument 'workers'",
        "spurious_core.core.seeds has no nothing",
    ]


def test_a_name_that_is_bound_anew_is_left_alone():
    code = "from spurious_core.papers import real\nreal = make()\nreal.nothing()"
    assert read_calls(ast.parse(code)).problems == []
