"Every dataclass of settings that anybody can make: a field of numbers takes numbers, and is named if not."

import ast
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import spurious_core
from spurious_core.core.settings import load_profile
from spurious_core.papers.aspire.study_plans import ASPIRE_PLANS
from spurious_core.papers.generators.generator_plans import plan_generators

ROOT = Path(spurious_core.__file__).parent

# what functions return or pass on: measured numbers, some of which may be NaN
RESULTS = set(
    "AdapterSummary Audit ArmResults Brush CardSettings CellCost Comparison Comparisons D3SStudy"
    " DDBResult DDBRun Describer DrawingTask FeatureImages Fitted Footprint ForegroundSensitivity GroupReport"
    " GuidedSteps Ideal ImageTerm Material NeuralPCA OwnSource Reply ResumableRun Retrainer Run Searched"
    " SeedResults Session Signal Target TileTest Trainer Trial Unfold Usage Validation".split()
)
ONE_ROW = pd.DataFrame(dict(y=[0], a=0, split="train", file="x.png"))
NEEDED = dict(  # what one cannot be made without
    AttributionClusters=lambda: dict(describe=None),
    AspireRun=lambda: dict(plan=ASPIRE_PLANS["smoke"], profile=None, out="x"),
    ComponentViews=lambda: dict(clf=None, pca=None, images=np.zeros((1, 8, 8, 3), np.uint8)),
    ComparisonPlan=lambda: dict(classes=(), seeds=1, steps=1, n_images=1, n_real=1),
    Bench=lambda: dict(pipe=None, label="boat", jury=[]),
    BenchmarkSource=lambda: dict(world="waterbirds"),
    DrawRequest=lambda: dict(prompt="a boat"),
    Edits=lambda: dict(describe=None, tools=None),
    ErrorMixtures=lambda: dict(describe=None),
    FFRPlan=lambda: dict(ratios=(0.9,), methods=(), n_seeds=1, majority=1, val=1, test=1, probe=1),
    Form=lambda: dict(components=[0]),
    GeneratorPlan=lambda: vars(plan_generators("smoke", generators=["mini"])),
    GroupedImages=lambda: dict(manifest=ONE_ROW, labels=["x"], attributes=["x"]),
    Hyperparameter=lambda: dict(default=1, does="x"),
    Item=lambda: dict(scene="water"),
    Method=lambda: dict(name="x", source="x", does="x", run=print),
    NeuralComponents=lambda: dict(describe=None),
    Plant=lambda: dict(label="boat", field="prop", values=("kite",), strength=0.5),
    Profile=lambda: vars(load_profile("mini")),
    WeightedPenalty=lambda: dict(name="x", weight=1.0, config=None),
)
INFINITE = {  # where it means something: never clipped, never pruned, no bound
    ("PersonalizeConfig", "max_grad_norm"),
    ("Rule", "factor"),
    ("Hyperparameter", "low"),
    ("Hyperparameter", "high"),
}


def _numbers(annotation: ast.expr) -> bool:
    return bool({node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)} & {"int", "float"})


def _settings():
    "Names and modules of public dataclasses with numbers, from the source: few modules have to be imported."
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith("_") or node.name in RESULTS:
                continue
            is_dataclass = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
            if is_dataclass and any(
                _numbers(x.annotation) for x in node.body if isinstance(x, ast.AnnAssign)
            ):
                yield node.name, ".".join(file.relative_to(ROOT.parent).with_suffix("").parts)


def _example(cls: type, module) -> object:
    "One that the module has, or one with what it cannot be made without."
    shelves = [value if isinstance(value, dict) else {"": value} for value in vars(module).values()]
    found = [value for shelf in shelves for value in shelf.values() if type(value) is cls]
    return found[0] if found else cls(**NEEDED.get(cls.__name__, dict)())


def _is_one_number(annotation) -> bool:
    return str(annotation).replace("<class '", "").replace("'>", "").replace(" | None", "") in (
        "int",
        "float",
    )


@pytest.mark.parametrize("name, module", list(_settings()))
def test_what_is_no_number_is_refused_by_its_field(name, module):
    module = import_module(module)
    example = _example(getattr(module, name), module)
    for field in fields(example):
        if not _is_one_number(field.type):
            continue
        for bad in (float("nan"), float("inf"), "3", True, [1]):
            if bad == float("inf") and (name, field.name) in INFINITE:
                continue
            with pytest.raises((ValueError, TypeError), match=field.name):
                replace(example, **{field.name: bad})
