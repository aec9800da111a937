"Numbers under their keys."

import json

import numpy as np
import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.core.settings import source_root
from spurious_core.papers.ddb.study.result_metrics import ddb_metrics, entries
from support.ddb import ddb_result

SHORT = ("ddb_minus_erm", "pruning_gain")  # keys that stay as they were
RESULTS = [ddb_result(), ddb_result(seed=1, ERM=0.3, DDB=0.8, DDB_unpruned=0.9), ddb_result("mini_b")]


@pytest.fixture(scope="module")
def found():
    return ddb_metrics(RESULTS)


def test_runs_without_a_number_are_left_out():
    assert entries(dict(a=[np.nan, 0.5], b=[np.nan])) == dict(a=(0.5, None, 1, "runs"))
    assert entries(dict(a=[0.25, 0.75])) == dict(a=(0.5, None, 2, "runs"))
    value, (lo, hi), n, _ = entries(dict(a=[0.3, 0.4, 0.5, 0.6, np.nan, 0.7]))["a"]
    assert (round(value, 6), n) == (0.5, 5)
    assert 0.3 <= lo < 0.5 < hi <= 0.7


def test_keys_are_metric_dataset_method_and_all_is_every_run(found):
    assert found["wga.all.ERM"][0] == pytest.approx((0.5 + 0.3 + 0.5) / 3)
    assert found["wga.mini_b.ERM"] == (0.5, None, 1, "runs")
    assert found["wga.all.ERM"][2] == 3


def test_pooled_differences_bear_no_data_set(found):
    assert found["pruning_gain"][0] == pytest.approx(0.1 / 3)
    assert found["ddb_minus_erm.mini_a"][0] == pytest.approx(0.45)
    assert not any(key.startswith("wga_minus") for key in found)
    assert {len(key.split(".")) for key in found if not key.startswith(SHORT)} == {3}


def test_pruning_rules_scores_and_weights(found):
    assert found["pruned_wrong_share.all.DDB"][2] == 3
    assert found["kept_wrong_share.mini_a.DDB"][0] == pytest.approx(1 / 3)
    assert found["rule_gain.mini_b.rho"][0] == pytest.approx(-0.1)
    assert not any(key.endswith(".none") for key in found)
    assert found["gamma.mini_a.cut_and_paste"] == (0.5, None, 2, "runs")
    assert found["auc.mini_b.psi"][0] == 0.5
    painted = (found[f"{share}.mini_b.DDB_unpruned"][0] for share in ("bad_share", "old_class_seen"))
    assert list(painted) == [0.5, 0.5]


def test_doses_and_words(found):
    assert found["last_layer_gain.all.reversed_psi_50"][0] == pytest.approx(0.1)
    assert found["last_layer_gain.all.oracle"][0] == pytest.approx(0.2)
    assert found["inversion_images.mini_a.0"][0] == pytest.approx(0.4)
    assert found["inversion_good.mini_a.10"][0] == pytest.approx(0.5)


def test_of_own_images_there_is_what_can_be_known():
    own_data = ddb_metrics([ddb_result("own", bad=np.nan)])
    assert own_data["accuracy.own_dog.given"][0] == 0.5
    assert own_data["accuracy.own_cat.retrained"][2:] == (1, "images")
    assert {"wga.own.DDB", "wga.all.DDB", "ddb_minus_erm", "gamma.own.DDB"} <= set(own_data)
    strange = ("pruned_wrong", "kept_wrong", "bad_share", "old_class_seen", "auc", "rule_pruned", "rule_kept")
    assert not any(key.startswith(strange) for key in own_data)


def test_every_entry_is_a_metric(found):
    metrics = Metrics()
    for key, entry in found.items():
        metrics.add(key, *entry)
    assert len(metrics) == len(found)
    assert {entry["over"] for entry in metrics.values()} == {"runs"}


def test_the_committed_numbers_bear_such_keys():
    committed = json.loads((source_root() / "figures" / "ddb" / "metrics.json").read_text())
    assert {"ddb_minus_erm", "pruning_gain", "wga.all.DDB", "wga.mini_waterbirds_faint.ERM"} <= set(committed)
    assert not any(
        part in ("birds", "faces", "things", "ddb") for key in committed for part in key.split(".")
    )
