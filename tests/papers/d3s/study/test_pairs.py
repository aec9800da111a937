"Pairs of class and background: means, agreement with rendered pictures, and a figure whose names are whole."

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from spurious_core.papers.d3s.study.pairs import (
    accuracy_differences,
    pair_heatmaps,
    pair_means,
    rank_agreement,
    truth_rows,
)

LABELS, BACKGROUNDS = ["boat", "waterbird"], ["water", "indoors", "cave"]


def answers(beliefs, right):
    "Answers of two jurors, the second with half the belief and always right; one picture a pair."
    pairs = [(y, a) for y in LABELS for a in BACKGROUNDS]
    table = pd.DataFrame(pairs, columns=["label", "background"])
    beliefs = np.array(beliefs, float)
    seen = {"p.one": beliefs, "top1.one": np.array(right, bool), "p.two": beliefs / 2, "top1.two": True}
    return table.assign(**seen)


HARD = answers([0.9, 0.1, 0.5, 0.8, 0.2, 0.7], [1, 0, 1, 1, 0, 1])
EASY = answers([0.95, 0.5, 0.7, 0.9, 0.6, 0.8], [1, 1, 1, 1, 0, 1])


def test_means_are_over_jurors():
    means = pair_means(HARD)
    assert means.accuracy["boat", "indoors"] == 0.5
    assert means.belief["boat", "water"] == pytest.approx(0.675)


def test_agreement_is_of_ranks_over_shared_pairs():
    hard, easy = pair_means(HARD), pair_means(EASY)
    found = rank_agreement(hard, easy, 50)
    assert found["value"] == pytest.approx(spearmanr(hard.belief, easy.belief).statistic)
    assert found["lo"] <= found["value"] <= found["hi"]
    assert rank_agreement(hard, hard**3, 50)["value"] == pytest.approx(1)
    assert rank_agreement(hard[1:], easy, 50)["n"] == 5


def test_truth_is_told_where_there_is_a_renderer_and_nothing_elsewhere():
    both = dict(generated=HARD, rendered=EASY)
    rows = truth_rows(both, "mini_x").set_index("key")
    correlation, rendered = "rank_correlation.mini_x.jury", "accuracy_rendered.mini_x.jury"
    assert rows.value[rendered] == pytest.approx(11 / 12)
    assert rows.n[rendered] == 6
    assert rows.over.to_dict() == {correlation: "pairs", rendered: "images"}
    differences = accuracy_differences(both)
    assert list(differences.index) == BACKGROUNDS
    assert differences.one.tolist() == [0, -0.5, 0]
    assert (differences.two == 0).all()
    alone = dict(generated=HARD)
    assert not len(truth_rows(alone, "mini_x"))
    assert not len(accuracy_differences(alone))


def test_a_background_whose_pictures_were_all_dropped_leaves_no_empty_row():
    left = HARD[HARD.background != "indoors"]
    differences = accuracy_differences(dict(generated=left, rendered=EASY))
    assert list(differences.index) == ["water", "cave"]
    assert differences.notna().all(axis=None)


def test_names_of_backgrounds_and_classes_are_whole():
    fig = pair_heatmaps(dict(generated=HARD, rendered=EASY), LABELS, BACKGROUNDS)
    fig.canvas.draw()
    for ax in fig.axes:
        for label in [*ax.get_xticklabels(), *ax.get_yticklabels()]:
            box = label.get_window_extent()
            assert box.y0 >= 0
            assert box.x0 >= 0
        assert ax.get_xlabel() == "background"
        assert [label.get_rotation() for label in ax.get_yticklabels()] == [0, 0]
