"Tables of what came out."

import numpy as np
import pandas as pd
import pytest

from spurious_core.evaluate.intervals import wilson
from spurious_core.papers.ddb.study.result_tables import (
    arm_differences,
    doses_table,
    group_accuracies,
    mean_aucs,
    mean_differences,
    mean_rules,
    mean_wga,
    over_runs,
    pruning_table,
    readable_accuracies,
    rules_table,
    without_nan,
    word_groups_table,
    word_sizes_table,
    written_folders,
)
from support.ddb import ddb_result

RESULTS = [ddb_result(), ddb_result(seed=1, ERM=0.3, DDB=0.8, DDB_unpruned=0.9), ddb_result("mini_b")]
OWN = [ddb_result("own", bad=np.nan)]


def test_intervals_stay_in_the_range():
    assert over_runs([1.0] * 5) == pytest.approx(wilson(5, 5))
    assert over_runs([0.0] * 5)[1] == 0 < over_runs([0.0] * 5)[2]
    assert over_runs([0.0] * 5, lowest=-1)[1] < 0
    assert 0.9 < over_runs([0.9, 0.95, 1.0, 1.0, 1.0])[1] < 0.97
    assert np.isnan(over_runs([0.5, 0.6, 0.7, 0.8])[1:]).all()


def test_unknown_numbers_are_not_shown():
    table = without_nan(pd.DataFrame(dict(n=[1.0, 2.0], share=[0.5, np.nan], nobody=np.nan)))
    assert table.to_dict("list") == dict(n=["1", "2"], share=["0.500", ""])


def test_words_are_counted_over_seeds():
    assert word_groups_table(RESULTS).loc["mini_a"].images.tolist() == [6, 2]


def test_truth_about_both_halves():
    row = pruning_table(RESULTS).loc[("mini_a", 0)]
    assert (row.kept, row.pictures, row.bad) == (3, 4, 0.5)
    assert (row.bad_of_pruned, row.bad_of_kept) == pytest.approx((1, 1 / 3))
    assert (row.psi != row.psi, row.rho) == (True, 1.5)
    assert {"bad", "old", "psi"}.isdisjoint(without_nan(pruning_table(OWN)))


def test_rules_gain_over_pruning_nothing():
    assert mean_rules(RESULTS).loc[("mini_a", "rho")].to_dict() == pytest.approx(
        dict(pruned=0.25, bad_of_pruned=1, bad_of_kept=1 / 3, gain=-0.1)
    )
    assert np.isnan(rules_table(RESULTS).bad_of_pruned.iloc[0])


def test_scores_are_marked_where_there_is_good_and_bad():
    aucs = mean_aucs(RESULTS)
    assert aucs.loc["mini_b"].to_dict() == dict(psi=0.5, rho=0.5, agreement=0.0)
    assert len(mean_aucs(OWN)) == 0
    assert len(mean_aucs([ddb_result(bad=[False] * 4)])) == 0
    assert mean_aucs([ddb_result(bad=[False, False, True, True])]).loc["mini_a", "psi"] == 1


def test_differences_are_taken_run_by_run():
    by_run = arm_differences(RESULTS)
    assert by_run.columns.tolist() == ["ddb_minus_erm", "pruning_gain"]
    assert by_run.pruning_gain.tolist() == pytest.approx([0.1, -0.1, 0.1])
    table = mean_differences(RESULTS)
    assert table.columns.tolist() == ["mini_a", "mini_b", "all"]
    assert table.loc["pruning_gain", "mini_b"] == "+0.100"
    assert table.loc["pruning_gain", "all"] == "+0.033"  # three runs are too few for more
    again = [ddb_result(seed=seed) for seed in (2, 3)]
    assert mean_differences(RESULTS + again).loc["pruning_gain", "all"].startswith("+0.060 [")


def test_accuracies_over_seeds():
    table = mean_wga(RESULTS).set_index(["dataset", "arm"])
    assert table.loc[("mini_a", "ERM"), "value"] == pytest.approx(0.4)
    assert np.isnan(table.loc[("mini_b", "ERM"), "lo"])


def test_the_plans_own_number_of_images_stands_beside_the_others():
    table = word_sizes_table(RESULTS[:1])
    assert table.index.tolist() == list(range(len(table)))
    assert table[["images", "wga", "good"]].to_numpy().tolist() == [[0, 0.4, 0.5], [10, 0.8, 0.5]]
    nothing = ddb_result()
    nothing.word_sizes = nothing.word_sizes[:0]
    assert len(word_sizes_table([nothing])) == 0


def test_doses_of_all_runs():
    assert len(doses_table(RESULTS)) == 18
    own_data = ddb_result("own")
    own_data.doses = own_data.doses[:0]
    assert len(doses_table([own_data])) == 0


def test_groups_without_attributes_are_called_by_their_class():
    assert group_accuracies(OWN).classifier.tolist() == ["given", "given", "retrained", "retrained"]
    assert group_accuracies(OWN).group.tolist() == ["cat", "dog"] * 2
    table = readable_accuracies(RESULTS[:1])
    assert table.columns.tolist() == ["ERM", "DDB"]
    assert table.index.tolist() == [("mini_a", "cat", 1), ("mini_a", "dog", 2)]


def test_what_was_written_is_listed(tmp_path):
    for name in ("classifiers/birds/a", "words/birds_0_4/a", "words/birds_0_4/b", "painted/birds_0_4/c/d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    table = written_folders(tmp_path)
    assert table.files.to_dict() == {"classifiers/birds": 1, "words/birds_0_4": 2, "painted/birds_0_4": 1}
