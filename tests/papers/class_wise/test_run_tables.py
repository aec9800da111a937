"What runs leave behind: a row for each arm, and all of them together, none twice."

import pandas as pd
import pytest

from spurious_core.papers.class_wise.run_tables import (
    by_generator,
    gain_by_generator,
    read_runs,
    run_table,
    save_runs,
)

VERDICTS = pd.DataFrame(
    dict(
        generator="mini",
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
    assert list(table) == [
        "generator",
        "label",
        "seed",
        "run",
        "consistency",
        "n_images",
        "spurious_auc",
    ]


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


def test_a_class_may_have_a_name_that_means_nothing_elsewhere(tmp_path):
    table = run_table(VERDICTS.assign(label="NA"), ["consistency"]).assign(score=[0.5, None])
    save_runs(table, tmp_path)
    read = read_runs(tmp_path)
    assert read.label.tolist() == ["NA", "NA"] and read.score.isna().tolist() == [False, True]


def test_an_empty_folder_is_no_sweep(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no runs.csv"):
        read_runs(tmp_path)


def test_two_generators_may_have_the_same_run(tmp_path):
    table = run_table(VERDICTS, ["consistency"])
    save_runs(table, tmp_path / "a")
    save_runs(table.assign(generator="mini_flow"), tmp_path / "b")
    assert read_runs(tmp_path).generator.value_counts().to_dict() == dict(mini=2, mini_flow=2)


# ---- generators side by side

SHARES = dict(mini=(0.25, 0.75), mini_flow=(0.5, 0.5))


@pytest.fixture
def two_generators():
    "Six classes; the loss gains 0.5 with one generator, nothing with the other, which lacks the class f."
    rows = [
        dict(generator=name, arm=arm, label=label, run=f"{label}-0", consistency=share)
        for name, both in SHARES.items()
        for label in ("abcdef" if name == "mini" else "abcde")
        for arm, share in zip(("dreambooth", "sfsl"), both, strict=True)
    ]
    return pd.DataFrame(rows)


def test_generators_stand_side_by_side_over_the_runs_that_both_have(two_generators):
    table = by_generator(two_generators, [("sfsl", "dreambooth")], ["consistency"])
    wide = table.pivot(index="arm", columns="generator", values="value")
    assert wide.loc["sfsl_minus_dreambooth"].to_dict() == dict(mini=0.5, mini_flow=0)
    assert wide.loc["sfsl"].to_dict() == dict(mini=0.75, mini_flow=0.5)
    assert set(table.n) == {5}
    assert (table.key == table.generator).all()


def test_what_one_generator_gains_more_than_another(two_generators):
    row = gain_by_generator(two_generators, ("sfsl", "dreambooth"), "consistency", than="mini").iloc[0]
    assert (row.arm, row.key) == ("sfsl_minus_dreambooth", "mini_flow_minus_mini")
    assert (row.value, row.n, row.over) == (-0.5, 5, "runs of 5 classes")


def test_one_generator_alone_gains_no_more_than_itself(two_generators):
    alone = two_generators[two_generators.generator == "mini"]
    assert gain_by_generator(alone, ("sfsl", "dreambooth"), "consistency", than="mini").empty


def test_generators_without_a_run_in_common_are_named(two_generators):
    apart = two_generators.copy()
    apart.loc[apart.generator == "mini", "run"] += "0"
    with pytest.raises(ValueError, match="no class and seed was run with all generators: mini has a-00, "):
        by_generator(apart, [("sfsl", "dreambooth")], ["consistency"])


# ---- damaged tables


@pytest.mark.parametrize(
    "content, why",
    [
        ("", "runs.csv is damaged: No columns to parse"),
        ("arm,label\nsfsl,cow\n", "runs.csv is no table of runs: it has no column generator, seed, run"),
        ("generator,arm,label,seed,run,n_images\nmini,sfsl,cow,20", "damaged: a row is not whole"),
        ("\x00\x01", "runs.csv is "),
    ],
)
def test_a_damaged_table_is_named(tmp_path, content, why):
    (tmp_path / "runs.csv").write_text(content)
    with pytest.raises(ValueError, match=why):
        read_runs(tmp_path)


def test_a_run_does_not_read_its_own_table(tmp_path):
    table = run_table(VERDICTS, ["consistency"])
    save_runs(table, tmp_path / "cells")
    save_runs(table.assign(generator="mini_flow"), tmp_path / "own")
    assert set(read_runs(tmp_path, tmp_path / "own").generator) == {"mini"}


def test_a_pair_is_told_of_generators_that_have_both(two_generators):
    lacking = two_generators[(two_generators.generator == "mini") | (two_generators.arm == "sfsl")]
    table = by_generator(lacking, [("sfsl", "dreambooth")], ["consistency"])
    assert table[table.arm == "sfsl_minus_dreambooth"].generator.tolist() == ["mini"]
