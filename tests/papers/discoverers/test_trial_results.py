"Numbers of invented rows."

import numpy as np
import pandas as pd
import pytest

from spurious_core.app.metric_keys import check_metric_key
from spurious_core.papers.discoverers.trial_results import (
    discovery_entries,
    discovery_table,
    false_share,
    show_discovery,
)


def rows():
    "Six planted worlds in which half is found, and five null ones with one alarm."
    kinds = ["planted"] * 6 + ["clean"] * 3 + ["unused"] * 2
    table = pd.DataFrame(dict(method="mine", kind=kinds, seed=range(11), strength=0.7, accuracy=0.8))
    planted = table.kind == "planted"
    table["planted"], table["first"], table["three"] = 2 * planted, 1 * planted, 2 * planted
    table["reports"], table["false"] = 2 * planted, [1, 0, 0, 0, 0, 0] + [0] * 5
    table["classes"], table["with_report"] = 3, [2] * 6 + [0, 0, 0, 0, 1]
    return table.assign(seconds=2.0, passes=800)


def test_every_number_is_what_it_says():
    entries = {entry["key"]: entry for entry in discovery_entries(rows())}
    values = {key: entry["value"] for key, entry in entries.items()}
    wanted = dict(recall_at_1=0.5, recall_at_3=1.0, false_discovery=1 / 12, null_share=1 / 15, seconds=2)
    for name, value in wanted.items():
        assert values[f"{name}.mine"] == pytest.approx(value)
    assert values["null_share.unused_worlds.mine"] == pytest.approx(1 / 6)
    assert values["accuracy.planted_worlds.ERM"] == pytest.approx(0.8)
    assert (entries["recall_at_1.mine"]["n"], entries["null_share.mine"]["n"]) == (6, 5)
    for key in entries:
        check_metric_key(key, "discovery_benchmark")
    assert discovery_table(list(entries.values())).loc["mine", "model_calls"] == 800


def test_false_share_of_nothing_and_of_everything():
    assert false_share([0, 0], [0, 0])[0] == 0 and np.isnan(false_share([0, 0], [0, 0])[1])
    share, lo, hi = false_share([0] * 20, [2] * 20)
    assert share == lo == 0 and 0.1 < hi < 0.2
    assert false_share([1, 2], [1, 2])[0] == 1


def test_the_figure_has_each_number_with_its_interval():
    entries = [
        dict(key=f"{number}.{method}", value=value, ci=ci)
        for number in ("recall_at_1", "false_discovery", "null_share")
        for method, value, ci in (("good", 0.9, (0.8, 1.0)), ("rash", 0.4, None))
    ]
    figure = show_discovery(entries, ["good", "rash"])
    assert len(figure.axes) == 3
    for ax in figure.axes:
        assert [line.get_xdata()[0] for line in ax.lines] == [0.4, 0.9]  # from below
        none, interval = [drawn.get_segments()[0] for drawn in ax.collections]
        assert interval[:, 0].tolist() == [0.8, 1.0] and not len(none)
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["rash", "good"]
