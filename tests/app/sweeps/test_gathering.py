"The numbers of all cells in one table."

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.sweeps.gathering import (
    FEWEST_SEEDS,
    arm_difference,
    as_file_text,
    gather,
    missing_in_words,
    mixed_parameters,
    notes_of_table,
    over_seeds,
)
from spurious_core.app.sweeps.sweeping import sweep_status
from spurious_core.evaluate.intervals import FEWEST, bootstrap
from support.sweeps import put_sweep


def measured(seed, scale):
    metrics = Metrics()
    metrics.add("wga.toy.ERM", 0.5 + 0.1 * scale + 0.01 * seed, (0.4, 0.9), 40, "images")
    return metrics


@pytest.fixture
def root(make_study, tmp_path):
    return put_sweep(tmp_path / "sweep", make_study(), measured, "no memory")


def test_a_row_for_each_number_of_each_finished_cell(root):
    table = gather(root)
    assert len(table) == 11
    row = table[(table.seed == 3) & (table.scale == 2.0)].iloc[0]
    assert (row.key, row.value, row.lo, row.hi, row.n, row.over) == (
        "wga.toy.ERM",
        pytest.approx(0.73),
        0.4,
        0.9,
        40,
        "images",
    )
    assert (row.state, row.commit, row.seconds) == ("done", "abc", 2.5)


def test_what_is_missing_is_named(root):
    status = sweep_status(root)
    assert (
        missing_in_words(status)
        == "1 of 12 cells are missing or stale, and left out (1 failed): seed=5, scale=2.0"
    )
    assert missing_in_words(status[status.state == "done"]) == ""


def test_intervals_are_over_seeds(root):
    table = over_seeds(gather(root), ["wga.toy.ERM"], by=["scale"]).set_index("scale")
    value, lo, hi = bootstrap(np.array([0.6 + 0.01 * seed for seed in range(6)]))
    row = table.loc[1.0]
    assert (row.value, row.lo, row.hi, row.n) == pytest.approx((value, lo, hi, 6))
    assert table.loc[2.0].n == 5
    with pytest.raises(ValueError, match="unknown parameter 'size'; known: seed, scale"):
        over_seeds(gather(root), by=["size"])
    with pytest.raises(ValueError, match="unknown key 'wgb'; known: wga.toy.ERM"):
        over_seeds(gather(root), ["wgb"])


def test_a_damaged_run_is_named(root):
    (file := next(root.glob("cells/*/run/environment.json"))).write_text("{}")
    with pytest.raises(ValueError, match=f"{file} is missing or damaged; remove .* and run the sweep again"):
        gather(root)


def test_what_means_are_over_is_known_and_lists_go_by_their_texts(root):
    table = gather(root)
    assert mixed_parameters(table) == ["scale"] and mixed_parameters(table, ["scale"]) == []
    table["tags"] = [["a"]] * 6 + [["b"]] * 5
    assert sorted(over_seeds(table, by=["tags"]).tags) == ["['a']", "['b']"]


def test_pairs_differ_in_one_parameter_alone(root):
    difference = arm_difference(gather(root), "wga.toy.ERM", "scale", (2.0, 1.0))
    assert difference["value"] == pytest.approx(0.1) and difference["n"] == 5  # the sixth has no partner
    with pytest.raises(ValueError, match="scale=3.0 is unknown; allowed: 1.0, 2.0"):
        arm_difference(gather(root), "wga.toy.ERM", "scale", (3.0, 1.0))


def test_exports():
    table = pd.DataFrame([dict(key="wga_all", value=0.5)])
    assert as_file_text(table, "csv") == "key,value\nwga_all,0.5\n"
    assert "| wga_all |" in as_file_text(table, "md")
    assert "| a&#124;b |" in as_file_text(pd.DataFrame({"x": ["a|b"]}), "md")
    assert r"wga\_all & 0.5" in as_file_text(table, "tex")
    with pytest.raises(ValueError, match="kind='xlsx' is unknown; allowed: csv, md, tex"):
        as_file_text(table, "xlsx")


def test_who_looks_at_a_sweep_waits_for_no_torch_and_no_papermill():
    code = "import sys; from spurious_core.app.sweeps import gathering; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch", "papermill", "scipy", "ray", "submitit"} & set(done.stdout.split()) == set()


def test_a_stale_cell_is_in_no_mean(root):
    table = gather(root)
    fresh = over_seeds(table, ["wga.toy.ERM"], by=["scale"]).set_index("scale")
    stale = table.assign(state=np.where(table.seed == 0, "stale", "done"))
    rest = over_seeds(stale, ["wga.toy.ERM"], by=["scale"]).set_index("scale")
    assert (fresh.n[1.0], rest.n[1.0]) == (6, 5)
    assert rest.value[1.0] == pytest.approx(np.mean([0.6 + 0.01 * seed for seed in range(1, 6)]))
    assert arm_difference(stale, "wga.toy.ERM", "scale", (2.0, 1.0))["n"] == 4


def test_a_saved_table_says_what_it_lacks(root):
    table, status = over_seeds(gather(root), by=["scale"]), sweep_status(root)
    few = gather(root)[lambda rows: rows.seed < 3]
    notes = notes_of_table(few, status, ["scale"], over_seeds(few, by=["scale"]))
    assert (
        notes[0].startswith("1 of 12 cells are missing") and notes[-1] == "an interval needs at least 5 seeds"
    )
    assert FEWEST_SEEDS == FEWEST
    assert as_file_text(table, "md", notes).endswith("\n\nan interval needs at least 5 seeds\n")
    assert as_file_text(table, "tex", notes).endswith("\n% an interval needs at least 5 seeds\n")
    assert "interval" not in as_file_text(table, "csv", notes)


def test_a_table_says_why_numbers_that_agree_have_no_interval(root):
    numbers, status = gather(root), sweep_status(root)
    differ = numbers[numbers.key == "wga.toy.ERM"]
    alike, why = differ.assign(value=0.5), "where all seeds have the same number there is no interval"
    assert why in notes_of_table(alike, status, ["scale"], over_seeds(alike, by=["scale"]))
    assert why not in notes_of_table(differ, status, ["scale"], over_seeds(differ, by=["scale"]))
