"Co-occurrence finds the planted; components become a ranking."

import numpy as np
import pandas as pd

from spurious_core.find.baselines import cooccurrence, from_components
from spurious_core.find.phrases import (
    phrase_table,
)
from support.invented_edits import LABELS, said


def test_cooccurrence_finds_the_planted_and_sorts_by_certainty():
    y = np.arange(200) % 2
    e = said(200)
    e["foreground"] = [
        ["sofa"] if k == 0 and i % 10 else f for i, (k, f) in enumerate(zip(y, e.foreground, strict=True))
    ]
    r = cooccurrence(phrase_table(e, y, LABELS), y)
    top = r[(r.label == "cat") & (r["rank"] == 1)].iloc[0]
    assert top.cluster == "sofa"
    assert top.spurious
    assert top.lift > 2
    assert "sofa" not in set(r[r.spurious & (r.label == "dog")].cluster)


def test_components_become_a_ranking_by_their_largest_margin():
    rows = [("prop", "fence", 0.6, True), ("prop", "fence", 0.1, False), ("scene", "water", 0.9, False)]
    table = pd.DataFrame(rows, columns=["kind", "feature", "margin", "spurious"])
    ranking = from_components({"house": table}, ["boat", "house"])
    assert ranking[["y", "kind", "cluster", "margin", "spurious", "rank"]].values.tolist() == [
        [1, "foreground", "fence", 0.6, True, 1],
        [1, "background", "water", 0.9, False, 2],
    ]
