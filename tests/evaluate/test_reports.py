"Group reports: each test breaks if a number is of other rows, of other groups, or surer than it may be."

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.app.metrics import Metrics
from spurious_core.evaluate.intervals import minimum_interval, wilson
from spurious_core.evaluate.reports import group_report
from support.group_data import LABELS, METHOD, PLACES, answers, report


def test_interleaved_rows_are_counted_in_their_own_groups():
    found = report([50, 40, 30, 60], [50, 20, 3, 59])
    assert found.table.n.tolist() == [50, 40, 30, 60]
    assert found.table.correct.tolist() == [50, 20, 3, 59]
    groups = ["landbird, land", "landbird, water", "waterbird, land", "waterbird, water"]
    assert found.table.group.tolist() == groups
    assert found.worst_group == "waterbird, land"
    assert found.wga == 0.1
    assert np.isclose(found.ba, np.mean([1, 0.5, 0.1, 59 / 60]))
    assert np.isclose(found.average, 132 / 180)
    assert np.isclose(found.gap, 132 / 180 - 0.1)
    second = found.table.loc[1, ["accuracy", "lo", "hi"]].astype(float)
    np.testing.assert_allclose(second, wilson(20, 40))


def test_three_classes_and_three_attributes():
    y, a = np.array(list(product(range(3), range(3))) * 40).T
    predicted = np.where((y == 2) & (a == 1), 0, y)
    found = group_report(y, a, predicted, list("abc"), ["x", "y", "z"])
    assert found.table.accuracy.tolist() == [1] * 7 + [0, 1]
    assert found.worst_group == "c, y"
    assert np.isclose(found.ba, 8 / 9)


@pytest.mark.parametrize(
    "kind",
    [
        torch.tensor,
        pd.Series,
        list,
        lambda values: values.astype(bool),
        lambda values: values.astype(float),
    ],
)
def test_tensors_series_booleans_and_whole_floats_are_the_same_labels(kind):
    columns = answers([10] * 4, [5] * 4)
    expected = group_report(*columns, LABELS, PLACES).table
    found = group_report(*map(kind, columns), LABELS, PLACES).table
    pd.testing.assert_frame_equal(found, expected)


def test_rows_stay_in_their_order_whatever_the_index():
    y, a, predicted = answers([10] * 4, [5] * 4)
    turned = pd.Series(y, index=range(40)[::-1])
    expected = group_report(y, a, predicted, LABELS, PLACES).table
    pd.testing.assert_frame_equal(group_report(turned, a, predicted, LABELS, PLACES).table, expected)


def test_average_is_never_reweighted_silently():
    n, right, train = [100, 100, 100, 100], [95, 60, 50, 95], [950, 50, 50, 950]
    plain, known = report(n, right), report(n, right, train_counts=train)
    assert plain.average == known.average == 0.75
    assert plain.average_reweighted is None
    assert "average_reweighted" not in plain.metrics()
    assert "training groups" not in plain.to_markdown()
    assert known.average_interval == wilson(300, 400)[1:]
    reweighted = (950 * 0.95 * 2 + 50 * 0.6 + 50 * 0.5) / 2000
    lo, hi = known.average_reweighted_interval
    assert np.isclose(known.average_reweighted, reweighted)
    assert lo < reweighted < hi
    assert "average, training groups" in known.to_markdown()
    as_matrix = report(n, right, train_counts=np.reshape(train, (2, 2)))
    assert np.isclose(as_matrix.average_reweighted, reweighted)


def test_an_empty_group_is_left_out_and_said_so():
    found = report([50, 50, 0, 50], [50, 40, 0, 45], train_counts=[10, 10, 10, 10])
    assert found.wga == 0.8
    assert np.isclose(found.ba, 0.9)
    assert found.average_reweighted is None
    assert np.isnan(found.table.accuracy[2])
    assert any("waterbird, land: no test images" in warning for warning in found.warnings)
    assert any("no reweighted average" in warning for warning in found.warnings)
    assert "accuracy.waterbird_land" not in found.metrics()


def test_an_empty_group_that_was_not_trained_on_does_no_harm():
    untrained = report([50, 50, 0, 50], [50, 40, 0, 45], train_counts=[10, 10, 0, 10])
    assert np.isclose(untrained.average_reweighted, 0.9)
    assert any("no training images" in warning for warning in untrained.warnings)


def test_small_groups_get_a_warning():
    assert report([30] * 4, [20] * 4).warnings == []
    (warning,) = report([30, 30, 29, 30], [20] * 4).warnings
    assert "waterbird, land" in warning
    assert "29" in warning
    assert len(report([30] * 4, [20] * 4, small=31).warnings) == 4


@pytest.mark.parametrize(
    "change, says",
    [
        (dict(y=[0, 1, 2]), r"y\[2\] is 2"),
        (dict(a=[0, -1, 0]), r"a\[1\] is -1"),
        (dict(predicted=[0, 1, 5]), r"predicted\[2\] is 5"),
        (dict(y=[0, 1]), "different lengths"),
        (dict(y=[], a=[], predicted=[]), "no rows"),
        (dict(y=[0, np.nan, 1]), r"y\[1\] is nan"),
        (dict(predicted=[[0.2, 0.8]] * 3), "argmax"),
        (dict(predicted=[0.2, 0.8, 0.1]), r"predicted\[0\] is 0.2"),
        (dict(y=["a", "b", "a"]), "integers"),
        (dict(labels="ab"), "labels"),
        (dict(attributes=["x", "x"]), "attributes"),
        (dict(attributes=[]), "attributes"),
        (dict(train_counts=[1, 2]), "4 counts"),
        (dict(train_counts=[0] * 4), "not all 0"),
        (dict(train_counts=[1, 1, 1, np.nan]), "4 counts"),
        (dict(train_counts=[0.9, 0.1, 0, 0]), "4 counts"),
        (dict(probs=[[0.5, 0.5]] * 2), r"expected \[3, 2\]"),
        (dict(probs=[[2.0, 3.0]] * 3), "softmax"),
        (dict(probs=[[np.nan, 1]] * 3), "probs"),
        (dict(level=95), "level"),
        (dict(small="x"), "small=.x. must be a whole number"),
    ],
)
def test_bad_input_is_an_early_error(change, says):
    good = dict(y=[0, 1, 0], a=[0, 1, 1], predicted=[0, 1, 1], labels=LABELS, attributes=PLACES)
    with pytest.raises(ValueError, match=says):
        group_report(**good | change)


def test_ece_takes_the_confidence_of_the_prediction():
    y, a, predicted = answers([25] * 4, [20] * 4)
    probs = np.full((100, 2), 0.1)
    probs[np.arange(100), predicted] = 0.9
    found = group_report(y, a, predicted, LABELS, PLACES, probs=probs)
    assert np.isclose(found.ece, 0.1)
    assert found.metrics()["ece"][1] is None
    assert found.ece_floor < 0.1
    assert report([25] * 4, [20] * 4).ece is None


def test_a_figure_has_the_accuracies():
    fig = METHOD[0].plot()
    heights = sorted(patch.get_height() for patch in fig.axes[0].patches if patch.get_width() < 1)
    assert np.allclose(heights, sorted(METHOD[0].table.accuracy))
    plt.close("all")


def test_numbers_fit_metrics_json(tmp_path):
    n, right = [50, 50, 9, 50], [50, 40, 8, 45]
    numbers = Metrics()
    for key, value in report(n, right, train_counts=[5, 1, 1, 5]).metrics().items():
        metric, _, group = key.partition(".")
        numbers.add(f"{metric}.mini_waterbirds.{group or 'ERM'}", *value, "images")
    numbers.save(tmp_path)
    back = Metrics.load(tmp_path)
    assert back["wga.mini_waterbirds.ERM"] == dict(
        value=0.8, ci=list(minimum_interval(right, n)), n=50, over="images"
    )
    assert back["accuracy.mini_waterbirds.waterbird_land"]["n"] == 9


def test_names_are_escaped_in_html_and_latex():
    y, a = [0, 1] * 40, [0, 1, 1, 0] * 20
    found = group_report(y, a, y, ["<b>a</b>", "x_y"], PLACES)
    page = found._repr_html_()
    assert "<b>a" not in page
    assert "&lt;b&gt;a" in page
    assert page.count("<svg") == len(found.frame())
    assert r"x\_y" in found.to_latex()


def test_a_line_break_in_a_name_ends_no_comment():
    found = group_report([0, 1], [0, 0], [0, 1], ["new\n\\input{x}", "b"], PLACES)
    lines = found.to_latex().splitlines()
    table = next(i for i, line in enumerate(lines) if line.startswith(r"\begin{tabular}"))
    assert table and all(line.startswith("% ") for line in lines[:table])


def test_names_are_escaped_in_markdown():
    y, a = [0, 1] * 40, [0, 1, 1, 0] * 20
    page = group_report(y, a, y, ["<b>a|c</b>", "x_y"], PLACES).to_markdown()
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {4}
    assert "<b>" not in page
    assert "&lt;b&gt;a&#124;c&lt;/b&gt;, " in rows[2]
    assert "x_y" in page
    few = group_report([0], [0], [0], ["<b>", "y"], PLACES)
    assert "- &lt;b&gt;, " in few.to_markdown()  # a warning


def test_warnings_go_where_the_numbers_go():
    small = report([3] * 4, [1] * 4)
    assert "⚠" in small._repr_html_()
    assert small.to_latex().startswith("% ")
    assert small.warnings[0] in small.to_markdown()
    assert small.warnings[0] in repr(small)
