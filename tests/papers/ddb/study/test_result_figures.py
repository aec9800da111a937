"Figures of what came out."

import matplotlib.pyplot as plt
import numpy as np
import pytest

from spurious_core.papers.ddb.study.result_figures import (
    dose_panels,
    group_panels,
    pasted_sheet,
    pruning_panels,
    recomposed_sheet,
    wga_bars,
    word_size_bars,
)
from support.ddb import ddb_result

RESULTS = [ddb_result(), ddb_result("mini_b")]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def words_of(fig):
    return [text.get_text() for ax in fig.axes for text in ax.texts] + [text.get_text() for text in fig.texts]


def legend_of(fig):
    return [text.get_text() for text in (fig.legends or [fig.axes[0].get_legend()])[0].get_texts()]


def test_pictures_bear_their_new_label():
    words = words_of(recomposed_sheet(RESULTS[0], 3))
    assert words.count("dog") == 3
    assert {"picture", "causal part", "recomposed"} <= set(words)
    assert words_of(pasted_sheet(RESULTS[0])) == ["picture", "pasted"]


def test_panels_say_which_rule_they_show():
    everything = ddb_result("mini_b")
    everything.scores["kept"] = True
    fig = pruning_panels([RESULTS[0], everything])
    assert [ax.get_title() for ax in fig.axes] == [
        "mini_a: the chosen rule",
        "mini_b: both criteria, not chosen",
    ]
    assert set(legend_of(fig)) == {"kept", "kept, bad", "pruned, bad"}


def test_nobody_marks_own_pictures_as_bad():
    assert legend_of(pruning_panels([ddb_result("own", bad=np.nan)])) == ["kept", "pruned"]


def test_bars_are_called_by_data_set_and_arm():
    ax = wga_bars(RESULTS).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["mini_a", "mini_b"]
    assert legend_of(ax.figure) == ["ERM", "DDB", "DDB_unpruned"]


def test_groups_before_and_after():
    fig = group_panels([RESULTS[0], ddb_result("own")])
    assert [ax.get_title() for ax in fig.axes] == ["mini_a: ERM", "mini_a: DDB", "own: given", "own: DDB"]


def test_doses_are_curves_over_the_share_pruned():
    fig = dose_panels(RESULTS)
    curves = {line.get_label(): line for line in fig.axes[0].lines}
    assert curves["psi"].get_ydata() == pytest.approx([-0.3])
    assert curves["reversed rho"].get_xdata() == pytest.approx([0.5])
    assert curves["the bad ones (oracle)"].get_ydata() == pytest.approx([0.2, 0.2])


def test_where_there_is_nothing_to_see_the_figure_says_so():
    own_data = ddb_result("own")
    own_data.doses, own_data.word_sizes = own_data.doses[:0], own_data.word_sizes[:0]
    assert words_of(dose_panels([own_data])) == ["nobody knows which pictures are bad"]
    assert words_of(word_size_bars([own_data])) == ["one number of images a word was tried"]


def test_words_from_more_images():
    ax = word_size_bars(RESULTS[:1]).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "10"]
    assert sorted(bar.get_height() for bar in ax.patches) == pytest.approx([0.4, 0.5, 0.5, 0.8])
