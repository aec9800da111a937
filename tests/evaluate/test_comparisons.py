"Comparisons of methods: each test breaks if a table or a figure shows another number, or other methods."

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

from spurious_core.evaluate.comparisons import as_text, compare, compare_pairs, holm, plot_methods
from spurious_core.evaluate.intervals import cautious_interval
from spurious_core.evaluate.reports import group_report
from support.group_data import BETTER, LABELS, METHOD, SEEDS, report


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
    assert list(table) == ["method", "metric", "value", "lo", "hi", "n", "over", "seeds"]
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


def test_a_few_seeds_are_counted_as_seeds():
    text = as_text(compare({"erm": METHOD[:3]}))
    assert text.seeds.tolist() == [3]


def test_holm_is_the_step_down_rule():
    p = [0.012, 0.04, 0.03, 0.005, 0.9]
    np.testing.assert_allclose(holm(p), [0.048, 0.09, 0.09, 0.025, 0.9])
    np.testing.assert_allclose(holm(p[::-1]), holm(p)[::-1])
    np.testing.assert_allclose(holm([0.4, 0.6]), [0.8, 0.8])
    assert holm([0.2, np.nan])[0] == 0.4
    assert len(holm([])) == 0


@pytest.mark.parametrize("bad", [None, "x", 0.3, [2, 0.1], [-0.1, np.nan], ["a", 0.1], [[0.1, 0.2]]])
def test_holm_refuses_what_is_no_p_value(bad):
    with pytest.raises(
        ValueError, match=r"p=.* must be p-values in \[0, 1\], one per comparison; NaN for none"
    ):
        holm(bad)


def test_pairs_compared_together_are_less_sure_than_alone():
    varied = [report([50] * 4, np.add(right, [0, 0, 3 + i % 3, 0])) for i, right in enumerate(SEEDS)]
    pairs = {("up", 1): (varied, METHOD), ("down", 1): (METHOD, varied), ("same", 1): (METHOD, METHOD)}
    table = compare_pairs(pairs).set_index("pair")
    test = stats.ttest_rel([r.wga for r in varied], [r.wga for r in METHOD])
    up = table.loc[[("up", 1)]].iloc[0]
    assert up.p == pytest.approx(test.pvalue)
    assert up.p_holm == pytest.approx(3 * test.pvalue)
    assert (up.lo_all, up.hi_all) == pytest.approx(tuple(test.confidence_interval(1 - 0.05 / 3)))
    assert up.lo_all < up.lo < up.hi < up.hi_all
    same = table.loc[[("same", 1)]].iloc[0]
    assert same.p == same.p_holm == 1
    assert same.lo_all == pytest.approx(cautious_interval(0, 6, (-1, 1), 1 - 0.05 / 3)[0])
    few = compare_pairs({"up": (varied[:4], METHOD[:4])}).iloc[0]
    assert np.isnan([few.p, few.p_holm, few.lo_all, few.hi_all]).all()
    assert few.over == "images within seeds"
    with pytest.raises(ValueError, match="unknown metric 'wgaa'"):
        compare_pairs(pairs, "wgaa")


def test_luck_among_forty_pairs_is_seldom_believed():
    rng, believed = np.random.default_rng(0), []
    for _ in range(300):
        p = stats.ttest_1samp(rng.normal(size=(40, 6)), 0, axis=1).pvalue
        believed.append([(p <= 0.05).any(), (holm(p) <= 0.05).any()])
    alone, together = np.mean(believed, 0)
    assert alone > 0.8
    assert together < 0.09  # 0.05 and three standard errors


def test_a_figure_of_many_methods():
    fig = plot_methods(compare({f"method {i}": METHOD for i in range(12)}))
    assert len(fig.axes[0].get_xticklabels()) == 12
    legend = [text.get_text() for text in fig.axes[0].get_legend().texts]
    assert legend == ["WGA", "BA", "average"]
    plt.close("all")
