"What runs leave behind: a row for each arm, and all of them together, none twice."

import pandas as pd
import pytest

from spurious_core.papers.class_wise.run_tables import read_runs, run_table, save_runs

VERDICTS = pd.DataFrame(
    dict(
        arm=["base"] * 2 + ["sfsl"] * 2,
        label="cow",
        seed=200,
        run="cow-200",
        consistency=[False, True, True, True],
        mean_p=0.5,
    )
)


def test_a_row_an_arm_with_means_counts_and_what_belongs_to_the_set():
    scores = pd.DataFrame(dict(arm=["sfsl"], label=["cow"], run=["cow-200"], spurious_auc=[0.9]))
    table = run_table(VERDICTS, ["consistency"], [scores]).set_index("arm")
    assert table.consistency.to_dict() == dict(base=0.5, sfsl=1.0)
    assert table.n_images.tolist() == [2, 2]
    assert table.spurious_auc.isna().to_dict() == dict(base=True, sfsl=False)
    assert list(table) == ["label", "seed", "run", "consistency", "n_images", "spurious_auc"]


def test_cells_are_gathered_wherever_they_lie(tmp_path):
    table = run_table(VERDICTS, ["consistency"])
    for seed in (200, 201):
        save_runs(table.assign(seed=seed, run=f"cow-{seed}"), tmp_path / "cells" / str(seed) / "run")
    gathered = read_runs(tmp_path)
    assert sorted(gathered.run) == ["cow-200"] * 2 + ["cow-201"] * 2
    assert gathered.consistency.sum() == 3.0


def test_no_run_counts_twice_but_the_references_of_all_cells(tmp_path):
    table = run_table(VERDICTS.replace(dict(arm=dict(base="references"))), ["consistency"])
    save_runs(table, tmp_path / "a")
    save_runs(table[table.arm == "references"], tmp_path / "b")
    assert sorted(read_runs(tmp_path).arm) == ["references", "sfsl"]
    save_runs(table, tmp_path / "b")
    with pytest.raises(ValueError, match="holds some runs twice: sfsl of cow-200; remove one of the cells"):
        read_runs(tmp_path)


def test_an_empty_folder_is_no_sweep(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no runs.csv"):
        read_runs(tmp_path)
