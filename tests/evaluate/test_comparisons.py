"Comparisons of methods: each test breaks if a table or a figure shows another number, or other methods."

import matplotlib.pyplot as plt
import pytest

from spurious_core.evaluate.comparisons import as_text, compare, plot_methods
from spurious_core.evaluate.reports import group_report
from support.group_data import BETTER, LABELS, METHOD


@pytest.fixture(scope="module")
def table():
    return compare({"erm": METHOD, "group_dro": BETTER})


def test_methods_about_different_groups_do_not_mix():
    other = group_report([0, 1], [0, 1], [0, 1], LABELS, ["x", "y"])
    with pytest.raises(ValueError, match="different groups"):
        compare(dict(a=METHOD, b=[other]))
    with pytest.raises(ValueError, match="no methods"):
        compare({})
    with pytest.raises(ValueError, match="no reports"):
        compare(dict(a=METHOD, b=[]))


def test_a_table_of_methods_as_text(table):
    assert list(table) == ["method", "metric", "value", "lo", "hi", "n", "over"]
    text = as_text(table, {"erm": {"groups": "none"}, "group_dro": {"groups": "train & val"}})
    assert list(text) == ["method", "groups", "seeds", "WGA, %", "BA, %", "average, %"]
    row = table[(table.method == "erm") & (table.metric == "wga")].iloc[0]
    assert text["WGA, %"][0] == f"{100 * row.value:.1f} [{100 * row.lo:.1f}, {100 * row.hi:.1f}]"
    latex = text.to_latex(index=False, escape=True)
    for escaped in (r"group\_dro", r"train \& val", r"WGA, \%"):
        assert escaped in latex
    assert "| erm " in text.to_markdown(index=False)


def test_as_text_refuses(table):
    with pytest.raises(ValueError, match="nothing of group_dro"):
        as_text(table, {"erm": {}})
    with pytest.raises(ValueError, match="unknown metric 'wgaa'"):
        as_text(table, metrics=("wgaa",))


def test_a_figure_of_many_methods():
    fig = plot_methods(compare({f"method {i}": METHOD for i in range(12)}))
    assert len(fig.axes[0].get_xticklabels()) == 12
    legend = [text.get_text() for text in fig.axes[0].get_legend().texts]
    assert legend == ["WGA", "BA", "average"]
    plt.close("all")
