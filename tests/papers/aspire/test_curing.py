"Which network is examined, and what each arm and method is trained with; whole cures are in tests/studies."

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.core.settings import load_profile
from spurious_core.data.grouped import GroupedImages
from spurious_core.papers.aspire import curing
from spurious_core.papers.aspire.cure_arms import Material
from spurious_core.papers.aspire.study_plans import AspireRun, aspire_plan

PLAN = replace(aspire_plan("smoke"), methods=("ERM", "DFR"), arms=("random", "aspire"), drawn=3, per_class=2)
RIGHT = np.eye(2)[[0, 0, 1, 1]]


def part(split):
    manifest = pd.DataFrame(dict(y=[0, 0, 1, 1], a=[0, 1, 0, 1], split=split))
    return GroupedImages(manifest, ["cat", "dog"], ["left", "right"], pixels=np.zeros((4, 4, 4, 3), np.uint8))


@pytest.fixture
def calls(monkeypatch):
    "The parts of a cure without their work: what is trained with what, what is examined, what is drawn."
    recorded = SimpleNamespace(trained={}, examined=[], drawn=[])

    def retrain(method, real, val, backbone, config, generated, n, base, **options):
        arm = options["out_dir"].name.partition(".")[0]
        recorded.trained[arm, method] = dict(generated=generated, n=n, base=base, backbone=backbone) | options
        return SimpleNamespace(clf=f"{arm}.{method}", probs=lambda test: RIGHT)

    def find_material(real, clf, tools, out, run, seed):
        recorded.examined.append(clf)
        findings = SimpleNamespace(after=np.arange(5), ranking="ranking")
        return Material(real, findings, None, dict(cat=[1, 3]))

    def draw_cure_arm(name, material, pipe, n, out, **options):
        recorded.drawn.append((name, n, out, options["seed"]))
        return f"drawn by {name}"

    monkeypatch.setattr(curing, "images_to_cure", lambda *_: [part(s) for s in ("train", "val", "test")])
    monkeypatch.setattr(curing, "load_tools", lambda profile: SimpleNamespace(pipe=None))
    monkeypatch.setattr(curing, "load_classifier", lambda name, device: name)
    monkeypatch.setattr(curing, "restrict_labels", lambda clf, labels: (clf, labels))
    for function in (retrain, find_material, draw_cure_arm):
        monkeypatch.setattr(curing, function.__name__, function)
    return recorded


def test_every_arm_trains_its_methods_with_what_it_drew(calls, tmp_path):
    run = AspireRun(PLAN, load_profile("mini"), tmp_path, seed=5)
    cured = curing.cure_world("mini_beside", 5, run)
    expected = [("none", "ERM"), ("none", "DFR"), ("random", "ERM"), ("aspire", "ERM"), ("aspire", "DFR")]
    assert list(cured.reports) == list(calls.trained) == expected
    generated = {arm: call["generated"] for (arm, _), call in calls.trained.items()}
    assert generated == dict(none=None, random="drawn by random", aspire="drawn by aspire")
    assert {call["n"] for call in calls.trained.values()} == {6}
    assert calls.trained["aspire", "DFR"]["base"].clf == "none.ERM"
    assert calls.examined == ["none.ERM"]
    folder = tmp_path / "cure" / "beside5"
    assert calls.drawn == [(arm, 3, folder / arm, 5) for arm in ("random", "aspire")]
    assert calls.trained["random", "ERM"]["out_dir"] == folder / "fits" / "random.ERM"
    assert cured.chosen["cat"].tolist() == [1, 3]
    assert cured.reports["none", "ERM"].wga == 1


def test_pictures_are_kept_of_the_first_seed_only(calls, tmp_path):
    run = AspireRun(replace(PLAN, seeds=2), load_profile("mini"), tmp_path)
    first, second = (curing.cure_world("mini_beside", seed, run) for seed in run.seeds)
    assert list(first.drawn) == ["random", "aspire"]
    assert (second.drawn, first.findings, second.ranking) == (None, None, "ranking")


def test_of_own_images_the_given_classifier_is_examined_and_trained_on(calls, tmp_path):
    run = AspireRun(PLAN, load_profile("mini"), tmp_path, folder="pictures", classifier="net")
    cured = curing.cure_world("own", 0, run)
    given = ("net", ["cat", "dog"])
    assert calls.examined == [given]
    assert all(call["backbone"] == given for call in calls.trained.values())
    assert cured.findings.ranking == "ranking"


@pytest.mark.parametrize("folder, n", [("", 4), ("pictures", 2)])
def test_of_own_images_only_some_are_looked_at(folder, n, monkeypatch, tmp_path):
    seen = []

    def find_features(tools, data, clf, out, config, seed):
        seen.append((len(data), config.max_edits, seed))
        return SimpleNamespace(edits=None)

    monkeypatch.setattr(curing, "find_features", find_features)
    monkeypatch.setattr(curing, "by_confidence", lambda f, seed: "features")
    monkeypatch.setattr(curing, "choose_edited", lambda edits, features: dict(cat=[features]))
    plan = replace(PLAN, per_class=1)
    run = AspireRun(plan, load_profile("mini"), tmp_path, folder=folder, classifier=folder and "net")
    material = curing.find_material(part("train"), None, None, tmp_path, run, seed=3)
    assert seen == [(n, 2, 3)]
    assert material.chosen == dict(cat=["features"])
