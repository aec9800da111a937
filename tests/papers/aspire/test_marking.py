"Shares pooled over seeds, under keys that name the list last; and discoveries with their p-values."

import pandas as pd
import pytest

from spurious_core.evaluate.intervals import wilson
from spurious_core.papers.aspire.marking import (
    MARKED_LISTS,
    REPORTED_COLUMNS,
    all_reported,
    evidence_entries,
    mark_lists,
    marks_grid,
    reported,
)
from spurious_core.papers.aspire.searching import Searched

COLUMNS = ["label", "cluster", "spurious", "rank"]
FENCE = pd.DataFrame([("house", "fence", True, 1), ("boat", "rain", True, 1)], columns=COLUMNS)
LATE = pd.DataFrame([("boat", "rain", False, 1), ("boat", "water", False, 2)], columns=COLUMNS)
NOTHING = FENCE[:0]


def entry(edits, **others):
    return Searched(0.9, dict.fromkeys(MARKED_LISTS, NOTHING) | dict(edits=edits) | others, None)


@pytest.fixture
def marks():
    "Two seeds: in one a planted fence, and rain that is not; in the other water, second and not reported."
    searched = {
        ("imagenet_like", 0): entry(FENCE, unused=NOTHING, cooccurrence=FENCE),
        ("imagenet_like", 1): entry(LATE, unused=NOTHING),
        ("clean", 0): entry(NOTHING, paper=FENCE),
        ("clean", 1): entry(NOTHING),
    }
    return mark_lists(searched).set_index("key")


@pytest.mark.parametrize(
    "key, hits, n, over",
    [
        ("recall_at_1", 1, 16, "planted features"),
        ("recall_at_3", 1, 16, "planted features"),
        ("precision_at_3.imagenet_like.edits", 1, 2, "discoveries"),
        ("ranked_recall_at_1.imagenet_like.edits", 1, 16, "planted features"),
        ("ranked_recall_at_3.imagenet_like.edits", 2, 16, "planted features"),
        ("null_discoveries", 0, 20, "classes"),
        ("null_discoveries.paper", 2, 20, "classes"),
        ("recall_at_1.cooccurrence", 1, 16, "planted features"),
        ("unused_discoveries.imagenet_like.edits", 0, 20, "classes"),
        ("unused_discoveries.imagenet_like.cooccurrence", 2, 20, "classes"),
    ],
)
def test_counts_of_all_seeds_are_pooled(marks, key, hits, n, over):
    row = marks.loc[key]
    assert (row.value, row.lo, row.hi) == wilson(hits, n)
    assert (row.n, row.over) == (n, over)


def test_there_is_no_precision_where_nothing_is_reported(marks):
    assert "precision_at_3.imagenet_like.cooccurrence" in marks.index
    assert "precision_at_3.imagenet_like.confidence" not in marks.index
    assert "recall_at_1.confidence" in marks.index


def test_without_another_network_nothing_is_said_of_it():
    marks = mark_lists({("imagenet_like", 0): entry(FENCE), ("clean", 0): entry(NOTHING)})
    assert not marks.key.str.contains("unused").any()


def test_the_evidence_of_what_is_reported_names_data_class_and_feature():
    numbers = dict(evidence=1.5, lo=0.5, hi=2.5, edits=14)
    rows = [
        numbers | dict(label="St. Bernard", cluster="snowy hill", spurious=True),
        numbers | dict(label="house", cluster="fence", spurious=False),
    ]
    entry = ("evidence.own_St_Bernard.snowy_hill", 1.5, (0.5, 2.5), 14, "images")
    assert evidence_entries(pd.DataFrame(rows), "own") == [entry]


def test_discoveries_come_with_their_p_values():
    row = dict.fromkeys(REPORTED_COLUMNS, 0.12345) | dict(label="house", cluster="fence", kind="foreground")
    ranking = pd.DataFrame([row | dict(spurious=True, p=0.00046), row | dict(spurious=False)])
    listed = reported(ranking)
    assert len(listed) == 1
    assert (listed.p[0], listed.evidence[0]) == (0.0005, 0.123)
    every = all_reported({("clean", 3): ranking[1:], ("imagenet_like", 3): ranking})
    assert every[["world", "seed", "cluster", "p"]].to_numpy().tolist() == [
        ["imagenet_like", 3, "fence", 0.0005]
    ]


def test_a_grid_of_shares_has_empty_cells(marks):
    grid = marks_grid(marks.reset_index())
    assert grid.loc["edits", "recall_at_1"] == "0.062"
    assert grid.loc["confidence", "precision_at_3"] == ""
