"What numbers are called: METRIC.DATASET.METHOD, in what is committed and in what a study saves."

import json
import re

import pytest

from spurious_core.app.metric_keys import (
    METRIC_KEY_EXCEPTIONS,
    RENAMED_METRIC_KEYS,
    check_metric_key,
    renamed_metric_key,
    say_missing_key,
)
from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import list_studies
from spurious_core.data import READERS
from support.notebooks import ROOT

SMOKE = json.loads((ROOT / "tests/studies/smoke_numbers.json").read_text(encoding="utf-8"))
STUDIES = pytest.mark.parametrize("study", list_studies())
OLD = [  # a key of each family that was renamed, and what it is called now
    ("loss_used.boat", "loss_used.DATASET_boat.sfsl"),
    ("hit.sfsl", "hit.DATASET.sfsl"),
    ("memorised.sfsl_minus_dreambooth", "memorised.DATASET.sfsl_minus_dreambooth"),
    ("spurious_auc.base", "spurious_auc.DATASET.base"),
    ("gain.hinge", "gain.DATASET.hinge"),
    ("in_distribution.always.cow", "in_distribution.DATASET_cow.always"),
    ("all_of_jury.references.house", "all_of_jury.DATASET_house.references"),
    ("scene_pixels.base.car", "scene_pixels.DATASET_car.base"),
    ("precision_at_3", "precision_at_3.DATASET.edits"),
    ("ranked_recall_at_1.pca", "ranked_recall_at_1.DATASET.pca"),
    ("unused_discoveries.cooccurrence", "unused_discoveries.DATASET.cooccurrence"),
    ("evidence.landbird.forest", "evidence.own_landbird.forest"),
    ("truth.class", "truth_class.DATASET.D3S"),
    ("kept", "kept.DATASET.D3S"),
    ("accuracy_rendered", "accuracy_rendered.DATASET.jury"),
    ("accuracy.snow.vit", "accuracy.DATASET_snow.vit"),
    ("ablation_kept.base", "ablation_kept.DATASET.base"),
    ("ablation_kept.strength_0.5", "ablation_kept.DATASET.strength_0_5"),
    ("chance.fg", "chance_fg.DATASET.majority"),
    ("weights.mine.5.fg_from_bg", "weights_fg_from_bg.DATASET.mine_5"),
    ("weights.linear.0.3.fg_from_bg", "weights_fg_from_bg.DATASET.linear_0_3"),
    ("anticorrelated.ERM", "anticorrelated.DATASET.ERM"),
    ("anticorrelated_pure.ERM", "anticorrelated.DATASET_pure.ERM"),
    ("pruned_wrong_share", "pruned_wrong_share.all.DDB"),
    ("pruned_wrong_share.mini_b.pruned", "pruned_wrong_share.mini_b.DDB"),
    ("pruned_wrong_share.all.kept", "kept_wrong_share.all.DDB"),
    ("rule_wrong_share.mini_b.rho.kept", "rule_kept_wrong_share.mini_b.rho"),
    ("old_class_seen.mini_b", "old_class_seen.mini_b.DDB_unpruned"),
    ("gamma.own", "gamma.own.DDB"),
    ("gamma_pasted.mini_b", "gamma.mini_b.cut_and_paste"),
    ("agreement_gain", "pruning_gain.all.DDB_agreement"),
    ("agreement_gain.mini_b", "pruning_gain.mini_b.DDB_agreement"),
    ("pruning_gain_oracle", "pruning_gain.all.DDB_oracle"),
    ("pruning_gain_random.mini_b", "pruning_gain.mini_b.DDB_random"),
    ("oracle_minus_random", "wga_minus_ddb_random.all.DDB_oracle"),
    ("oracle_minus_random.mini_b", "wga_minus_ddb_random.mini_b.DDB_oracle"),
    ("ddb_minus_dfr", "wga_minus_dfr.all.DDB"),
    ("ddb_minus_groupdro.mini_b", "wga_minus_groupdro.mini_b.DDB"),
    ("last_layer_gain.all.psi.15", "last_layer_gain.all.psi_15"),
    ("accuracy.landbird.given", "accuracy.own_landbird.given"),
    ("diversity.hinge", "diversity.DATASET.hinge"),  # of similarity_loss_forms
    ("wga.mini_waterbirds.0.999.none.ERM", "wga.mini_waterbirds_PERCENT.none_ERM"),
    ("shortcut_auc.ffr", "shortcut_auc.all.ffr_ERM"),
]


REAL = ("bar", "real_spurious_features")  # studies of photographs


def test_every_study_says_its_exceptions():
    assert sorted(METRIC_KEY_EXCEPTIONS) == sorted([*list_studies(), "sweeps", "drawing"])


@STUDIES
def test_committed_numbers_are_called_metric_dataset_method(study):
    keys = list(Metrics.load(ROOT / "figures" / study))
    for key in keys:
        check_metric_key(key, study)
    datasets = {key.split(".")[1] for key in keys if key.count(".") == 2}
    if study not in REAL:
        assert datasets & set(READERS) == set()  # they are rendered, and bear no real set's name


@STUDIES
def test_what_the_smallest_budget_saves_is_called_so_too(study):
    "`tests/studies/test_studies.py` holds that a run saves these keys and no others."
    for key in SMOKE[study]:
        check_metric_key(key, study)


@pytest.mark.parametrize("key", ["auc", "wga.ERM", "wga..ERM", ".a.b", "wga.mini_waterbirds.0.9", "a.b."])
def test_another_form_is_refused(key):
    with pytest.raises(ValueError, match=f"metric {key} must read METRIC.DATASET.METHOD, three parts"):
        check_metric_key(key, "aspire")


def test_what_the_main_study_keeps_has_a_new_name_in_another():
    check_metric_key("consistency.sfsl", "class_wise_spurious_generation")
    with pytest.raises(ValueError, match=r"consistency.sfsl is called consistency.DATASET.sfsl now"):
        check_metric_key("consistency.sfsl", "similarity_loss_forms")
    earlier = say_missing_key("consistency.imagenet_like.sfsl", ["consistency.sfsl"])
    assert earlier.endswith("in this run of an earlier version it is called consistency.sfsl")
    assert (
        say_missing_key("consistency.hinge", ["consistency.sfsl"]) == "there is no metric consistency.hinge"
    )


def test_an_exception_is_one_studys():
    check_metric_key("recall_at_1.confidence", "aspire")
    check_metric_key("recall_at_1.confidence")
    with pytest.raises(ValueError, match="metric recall_at_1.confidence must read METRIC.DATASET.METHOD"):
        check_metric_key("recall_at_1.confidence", "ddb")
    with pytest.raises(ValueError, match="unknown study 'coins'; known: class_wise"):
        check_metric_key("a.b.c", "coins")


@pytest.mark.parametrize("old, new", OLD)
def test_an_old_key_has_a_new_name_that_is_right(old, new):
    assert renamed_metric_key(old) == new
    now = new.replace("DATASET", "imagenet_like").replace("PERCENT", "99_9")
    assert renamed_metric_key(now) is None
    check_metric_key(now)


@pytest.mark.parametrize("old, new", OLD)
def test_an_old_key_is_refused_by_its_new_name(old, new):
    with pytest.raises(ValueError, match=f"metric {old} is called {new} now"):
        check_metric_key(old, "mitigation_benchmark")  # which has no exceptions


def test_numbers_are_refused_by_it():
    with pytest.raises(ValueError, match="metric hit.sfsl is called hit.DATASET.sfsl now"):
        Metrics().add("hit.sfsl", 0.5)


def test_every_renamed_family_has_an_example():
    for family in RENAMED_METRIC_KEYS:
        assert any(re.fullmatch(family, old) for old, _ in OLD), family


def test_an_older_run_is_read_and_says_what_a_number_is_called_in_it(tmp_path):
    (tmp_path / "metrics.json").write_text('{"hit.sfsl": {"value": 0.5, "ci": null, "n": 3}}')
    metrics = Metrics.load(tmp_path)
    assert metrics["hit.sfsl"]["value"] == 0.5
    with pytest.raises(KeyError, match="in this run of an earlier version it is called hit.sfsl"):
        metrics["hit.imagenet_like.sfsl"]
    with pytest.raises(KeyError, match="metric hit.base is called hit.DATASET.base now"):
        metrics["hit.base"]
    with pytest.raises(KeyError, match="there is no metric hit.imagenet_like.base"):
        metrics["hit.imagenet_like.base"]
    assert metrics.get("hit.base") is None
    assert say_missing_key("auc", []) == "there is no metric auc"
