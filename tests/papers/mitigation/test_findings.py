"The tables of the benchmark, on reports whose numbers are known."

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from spurious_core.evaluate.comparisons import compare
from spurious_core.evaluate.reports import group_report
from spurious_core.papers.mitigation.findings import (
    LITERATURE_ORDER,
    NO_PAIRS,
    accuracy_entries,
    benchmark_table,
    difference_entries,
    gain_figure,
    gains_by_method,
    method_figures,
    order_in_words,
    split_counts,
    wga_differences,
)


def report(right):
    "All right but for group 0, where `right` of 20 are."
    y, a = np.repeat([0, 0, 1, 1], 20), np.tile(np.repeat([0, 1], 20), 2)
    predicted = y.copy()
    predicted[: 20 - right] = 1
    return group_report(y, a, predicted, ["cat", "dog"], ["sofa", "bench"], train_counts=[70, 10, 10, 10])


@pytest.fixture(scope="module")
def reports():
    def over_seeds(right):
        return [report(right - seed % 2) for seed in range(5)]

    birds = dict(ERM=over_seeds(6), JTT=over_seeds(12), DFR=over_seeds(10))
    return dict(mini_waterbirds=birds, imagefolder=dict(ERM=over_seeds(8), JTT=over_seeds(14)))


@pytest.fixture(scope="module")
def tables(reports):
    return {name: compare(found) for name, found in reports.items()}


@pytest.fixture(scope="module")
def seconds(reports):
    keys = [(name, method) for name, found in reports.items() for method in found]
    return pd.Series(np.arange(5) + 0.25, pd.MultiIndex.from_tuples(keys, names=["dataset", "method"]))


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


def test_images_are_counted_by_data_set_group_and_split(sets):
    counts = split_counts(dict(pets=sets))
    assert list(counts) == ["train", "val", "test"]
    assert counts.loc[("pets", "cat, bench")].tolist() == [4, 8, 10]


def test_the_table_says_what_a_method_knows_and_how_it_fares(tables, seconds):
    shown = benchmark_table(tables, seconds, "average")
    assert shown.index.tolist() == seconds.index.tolist()
    assert shown.loc[("mini_waterbirds", "DFR"), ["groups: train", "val"]].tolist() == ["–", "✓"]
    assert shown.loc[("mini_waterbirds", "JTT"), ["groups: train", "val"]].tolist() == ["–", "–"]
    assert shown.loc[("mini_waterbirds", "ERM"), "WGA, %"].startswith("28.0 [")
    assert shown.loc[("imagefolder", "JTT"), "seconds"] == 4.2
    assert benchmark_table(tables, seconds, "wga").val.tolist() == ["✓"] * 5


def test_gains_are_paired_with_plain_training(reports):
    gains = wga_differences(reports)
    assert gains[["dataset", "method", "other"]].values.tolist() == [
        ["mini_waterbirds", "JTT", "ERM"],
        ["mini_waterbirds", "DFR", "ERM"],
        ["imagefolder", "JTT", "ERM"],
    ]
    assert gains.value.tolist() == pytest.approx([0.3, 0.2, 0.3])
    assert set(gains.n) == {5}
    wide = gains_by_method(gains)
    assert wide.loc["DFR"].tolist() == [0.2, ""]
    heights = sorted(round(bar.get_height(), 3) for bar in gain_figure(gains).axes[0].patches)
    assert heights == [0.2, 0.3, 0.3]


def test_the_order_holds_is_reversed_or_undecided(reports):
    order = wga_differences(reports, LITERATURE_ORDER)
    words = order_in_words(order.assign(lo=order.value - 0.05, hi=order.value + 0.05))
    assert words.loc["DFR over JTT"].tolist() == ["reversed -0.10 [-0.15, -0.05]", ""]
    assert words.loc["JTT over ERM"].tolist() == ["holds +0.30 [+0.25, +0.35]"] * 2
    assert (order.lo < order.value).all()  # all seeds agree, and yet
    assert (order.value < order.hi).all()
    unsure = order_in_words(order.assign(lo=-0.5, hi=0.5))
    assert unsure.imagefolder["JTT over ERM"].startswith("undecided")


def test_one_seed_has_no_differences(reports):
    first = {name: {m: found[:1] for m, found in methods.items()} for name, methods in reports.items()}
    gains, order = wga_differences(first), wga_differences(first, LITERATURE_ORDER)
    assert (len(gains), len(order)) == (0, 0)
    assert gains_by_method(gains) == order_in_words(order) == NO_PAIRS
    assert difference_entries(gains, order) == []


def test_without_plain_training_there_are_no_gains(reports):
    others = {name: {"JTT": methods["JTT"]} for name, methods in reports.items()}
    assert len(wga_differences(others)) == 0


def test_keys_are_metric_data_set_and_method(reports, tables, seconds):
    entries = {entry["key"]: entry for entry in accuracy_entries(tables, seconds, 5)}
    assert len(entries) == 5 * 5
    assert entries["wga.mini_waterbirds.ERM"]["value"] == pytest.approx(0.28)
    assert entries["average_reweighted.mini_waterbirds.ERM"]["value"] == pytest.approx(0.7 * 0.28 + 0.3)
    entry = dict(key="seconds.imagefolder.JTT", value=4.25, ci=None, n=5, over="seeds")
    assert entries["seconds.imagefolder.JTT"] == entry
    differences = difference_entries(wga_differences(reports), wga_differences(reports, LITERATURE_ORDER))
    keys = [entry["key"] for entry in differences]
    assert keys[0] == "wga_minus_erm.mini_waterbirds.JTT"
    assert keys[-1] == "wga_order.imagefolder.JTT_over_ERM"
    assert "wga_order.mini_waterbirds.DFR_over_JTT" in keys
    assert differences[0]["n"] == 5
    assert {entry["over"] for entry in (*entries.values(), *differences)} == {"seeds"}


def test_a_few_seeds_are_counted_by_their_images(reports, seconds):
    two = {name: {m: found[:2] for m, found in methods.items()} for name, methods in reports.items()}
    entries = accuracy_entries({name: compare(methods) for name, methods in two.items()}, seconds, 2)
    entries += difference_entries(wga_differences(two), wga_differences(two, LITERATURE_ORDER))
    counted = {entry["key"].partition(".")[0]: (entry["n"], entry["over"]) for entry in entries}
    assert counted.pop("seconds") == (2, "seeds")
    assert {over for _, over in counted.values()} == {"images within seeds"}
    assert min(n for n, _ in counted.values()) > 2


def test_figures_bear_the_names_of_data_sets(tables):
    figures = method_figures(tables)
    assert {name: figure.axes[0].get_title() for name, figure in figures.items()} == {n: n for n in tables}
