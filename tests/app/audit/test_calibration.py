"A few worlds here; the forty of the committed evidence are in figures/audit_calibration."

import pandas as pd
import pytest

from spurious_core.app.audit.calibration import audit_world, calibration_entries, calibration_world
from spurious_core.app.metrics import Metrics
from spurious_core.core.settings import load_profile
from spurious_core.models.loading import load_classifier
from support.notebooks import ROOT


def test_a_world_with_and_without_its_plant():
    planted, clean = calibration_world(5, True), calibration_world(5, False)
    assert planted.labels == clean.labels and planted.scenes == clean.scenes and not clean.plants
    (plant,) = planted.plants
    assert plant.label in planted.labels and plant.values[0] in planted.scenes
    assert calibration_world(6, True).plants != planted.plants


@pytest.mark.slow  # the study's smallest run looks at fewer worlds in `make test`
def test_a_few_worlds():
    net = load_classifier(load_profile("mini").null_guide)
    rows = pd.DataFrame([audit_world(net, seed, planted) for seed in (2, 3) for planted in (True, False)])
    assert rows[rows.planted].found.all()
    assert (rows[~rows.planted].names == 0).all()


def test_counting():
    rows = dict(planted=[True] * 4 + [False] * 2, found=[True, True, True, False, False, False])
    rows = pd.DataFrame(rows | dict(names=[2, 1, 1, 0, 1, 0], accuracy=[0.8] * 6))
    values = {entry["key"]: entry["value"] for entry in calibration_entries(rows)}
    assert values == {
        "recall.planted_worlds.audit": 0.75,
        "false_reports.clean_worlds.audit": 0.5,
        "accuracy.planted_worlds.ERM": pytest.approx(0.8),
        "names.planted_worlds.audit": 1,
        "accuracy.clean_worlds.ERM": pytest.approx(0.8),
        "names.clean_worlds.audit": 0.5,
    }


def test_the_committed_evidence_meets_the_goal():
    metrics = Metrics.load(ROOT / "figures" / "audit_calibration")
    recall, false = (
        metrics[key] for key in ("recall.planted_worlds.audit", "false_reports.clean_worlds.audit")
    )
    assert recall["n"] == false["n"] == 20
    assert recall["value"] >= 0.9 and false["value"] <= 0.05
