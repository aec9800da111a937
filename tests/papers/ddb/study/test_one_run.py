"All arms of one run, on tiny pictures and a random pipeline."

from dataclasses import replace

import numpy as np
import pytest
from diffusers import StableDiffusionPipeline

from spurious_core.models.loading import load_classifier
from spurious_core.papers.ddb.study.one_run import run_ddb
from support.ddb import DATA, ToySource, ddb_result, toy_run

METHODS = ["ERM", "DDB", "DDB_unpruned", "DDB_agreement", "cut_and_paste", "DDB_last_layer"]


@pytest.fixture(scope="module")
def run(tiny_folder, tmp_path_factory):
    return toy_run(
        StableDiffusionPipeline.from_pretrained(tiny_folder),
        tmp_path_factory.mktemp("run"),
        word_sizes=(0, 4),
    )


@pytest.fixture(scope="module")
def result(run):
    return run_ddb(run)


def test_arms_by_their_registered_names(result):
    assert list(result.wga) == [*METHODS, "DDB_oracle", "DDB_random", "DFR", "GroupDRO"]
    assert all(0 <= wga <= 1 for wga in result.wga.values())
    assert result.reports[0].wga == result.wga["ERM"]


def test_what_is_kept_is_what_the_rule_says(result):
    assert result.scores.kept.tolist() == result.rule.keep(result.scores).tolist()
    assert result.scores.agreement.between(0, 1).all()
    assert {"none", "agreement"} <= set(result.tried.rule)
    assert (result.tried.rule == "none").sum() == 1


def test_words_were_learned_from_as_many_images_as_the_plan_says(run, result):
    assert result.word_groups.sum() == 2 * run.plan.word_images
    assert result.word_sizes.images.tolist() == [0]  # four is the plan's own number
    assert result.word_sizes.good.item() == pytest.approx(1 - result.scores.bad.mean())


def test_the_retrained_network_is_saved(run, result):
    clf = load_classifier(run.out / "classifiers" / "toy")
    assert clf.labels == DATA.labels
    assert sorted(result.pictures) == ["pasted", "recomposed"]


def test_a_run_is_read_from_its_folder(run, result):
    again = run_ddb(run)
    assert again.wga == result.wga
    assert again.scores.equals(result.scores)
    assert again.doses.equals(result.doses)


def test_nobody_knows_the_truth_of_own_pictures(run, base, tmp_path):
    source = ToySource(run.source.tools, given=base, known=False)
    own_data = run_ddb(replace(run, source=source, out=tmp_path, word_sizes=(), first_seed=False))
    assert list(own_data.wga) == METHODS
    assert len(own_data.doses) == 0 and own_data.pictures == {}
    assert own_data.scores.bad.isna().all()
    assert not (tmp_path / "classifiers").exists()


def test_where_all_is_kept_the_strictest_rule_is_shown():
    result = ddb_result()
    assert result.shown_rule().tolist() == [True, True, True, False]
    keeps = [np.array([True] * 4), np.array([True, False, False, True]), np.array([False] * 4)]
    result.scores["kept"] = True
    result.tried = result.tried.iloc[[0, 1, 1]].assign(keep=keeps, agreement=[np.nan, np.nan, 0.5])
    assert result.shown_rule().tolist() == [True, False, False, True]  # agreement is not the paper's
