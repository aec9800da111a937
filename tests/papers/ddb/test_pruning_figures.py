"Figures of what was pruned."

import pandas as pd

from spurious_core.papers.ddb.pruning_figures import pruning_examples, pruning_plot
from support.ddb import painted


def test_points_are_marked_by_what_became_of_them_and_what_they_are():
    scores = pd.DataFrame(dict(psi=[0.1] * 5, limit=0.5, rho=[1.0] * 5))
    fig = pruning_plot(scores, [1, 0, 1, 1, 0], [0, 1, 0, 0, 0])
    labels = [text.get_text() for text in fig.axes[0].get_legend().get_texts()]
    assert labels == ["kept", "pruned", "pruned, bad"]


def rows_of(keep):
    fig = pruning_examples(painted([(0, 200, 0)] * 5), keep, n=3)
    return [text.get_text() for text in fig.axes[0].texts]


def test_examples_have_rows_of_what_there_is():
    assert rows_of([True] * 5) == ["kept: old", "kept: new"]
    assert rows_of([False] * 5) == ["pruned: old", "pruned: new"]
    assert len(rows_of([True, False, True, False, True])) == 4
