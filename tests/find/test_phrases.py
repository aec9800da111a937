"Phrases: one form, one meaning, and alternatives from other classes."

from collections import Counter
from itertools import islice, product

import numpy as np
import pandas as pd
import pytest

from spurious_core.core.seeds import seed_of
from spurious_core.find.phrases import (
    borrowed_alternatives,
    cluster_phrases,
    normalise,
    phrase_table,
    similarity,
)
from support.invented_edits import LABELS, said
from support.memory import peak_of


def test_phrases():
    assert [
        normalise(p)
        for p in (
            "The GLASSES",
            "bus",
            "berries",
            "on a beach",
            "the two of them",
            "grass",
            "boxes",
            "T-shirts",
            "rivières",
        )
    ] == ["glass", "bus", "berry", "beach", "them", "grass", "box", "t shirt", "rivière"]
    assert similarity("red ball", "ball") == pytest.approx(0.707, abs=1e-3)
    assert similarity("", "ball") == 0
    cluster_of = cluster_phrases(["ball"] * 4 + ["red ball"] * 2 + ["red wooden ball", "red box", "a"])
    assert cluster_of["red ball"] == cluster_of["ball"] == "ball"
    assert cluster_of["red wooden ball"] == "red wooden ball"
    assert cluster_of["red box"] == "red box"
    assert cluster_of["a"] == ""  # no chain from box over red ball to ball
    assert cluster_phrases([]) == {}
    assert cluster_phrases(["ball", "red ball"], threshold=0.8)["red ball"] == "red ball"
    for bad, why in (
        ([None], "row 0 of phrases: text=None must be"),
        ("abc", "phrases='abc' must be a list"),
    ):
        with pytest.raises(ValueError, match=why):
            cluster_phrases(bad)
    with pytest.raises(ValueError, match="threshold=0"):
        cluster_phrases(["a"], 0)
    t = phrase_table(
        pd.DataFrame(
            dict(
                foreground=[["ball", "ball"], []], background=[["a beach"], ["the"]], alternative=["", "moon"]
            )
        ),
        [1, 0],
        LABELS,
    )
    assert t[["image", "label", "kind", "cluster"]].values.tolist() == [
        [0, "dog", "foreground", "ball"],
        [0, "dog", "background", "beach"],
    ]
    assert t.alternative.isna().all()
    with pytest.raises(ValueError, match="1 rows of phrases for 2 images"):
        phrase_table(said(1), [0, 1], LABELS)


def slow_clusters(phrases, threshold):
    "Each phrase against the names of all clusters before it."
    plain = {phrase: normalise(phrase) for phrase in set(phrases)}
    count = Counter(plain[phrase] for phrase in phrases)
    cluster, names = {"": ""}, []
    for phrase in sorted(set(plain.values()) - {""}, key=lambda p: (-count[p], p)):
        alike = [name for name in names if similarity(phrase, name) >= threshold]
        cluster[phrase] = alike[0] if alike else phrase
        names += [] if alike else [phrase]
    return {phrase: cluster[normal] for phrase, normal in plain.items()}


def invented_phrases(n, n_words, rng):
    "Phrases of one to three words, some of them twice in one phrase."
    words = ["".join(letters) for letters in islice(product("bcdfgklmnprt", repeat=4), n_words)]
    return [" ".join(words[i] for i in rng.integers(n_words, size=rng.integers(1, 4))) for _ in range(n)]


@pytest.mark.parametrize("threshold", [0.3, 0.7, 1.0])
def test_clusters_are_those_of_all_pairs(threshold):
    rng = np.random.default_rng(0)
    for n_words in (5, 60):
        phrases = [*invented_phrases(250, n_words, rng), "a", "the two"]
        assert cluster_phrases(phrases, threshold) == slow_clusters(phrases, threshold)


def test_clusters_of_many_phrases_grow_with_their_number(monkeypatch):
    rng, compared = np.random.default_rng(1), []

    def counted(*pair):
        compared.append(pair)
        return similarity(*pair)

    monkeypatch.setattr("spurious_core.find.phrases.similarity", counted)
    peaks, comparisons = [], []
    for n in (500, 2000):
        phrases = invented_phrases(n, 4 * n, rng)
        clusters, peak = peak_of(cluster_phrases, phrases)
        peaks.append(peak / n)
        comparisons.append(len(compared) / n)
        compared.clear()
        assert set(clusters) == set(phrases)
    assert peaks[1] < 1.5 * peaks[0]  # bytes a phrase
    assert comparisons[1] < 1.5 * comparisons[0]  # and comparisons of two phrases


def test_a_borrowed_alternative_is_one_of_all_that_there_are():
    "By the plain definition, picture by picture."
    t = phrase_table(said(40, places=("beach", "park", "street")), np.arange(40) % 3 % 2, LABELS)
    t.loc[t.index[::7], "alternative"] = None
    borrowed = borrowed_alternatives(t, 5)
    places = t[t.kind == "background"]
    for i, row in places.iterrows():
        others = places[(places.y != row.y) & (places.cluster != row.cluster)].phrase.tolist()
        expected = others[seed_of("alternative", 5, row.image) % len(others)] if others else row.alternative
        assert borrowed.alternative[i] == expected
    assert len(places) == 40 and borrowed.index.equals(t.index)


def test_alternatives_come_from_other_classes():
    y = np.arange(60) % 2
    e = said(60, places=("beach", "park"))
    e["background"] = [["a beach"] if k == 0 else ["park"] for k in y]
    t = phrase_table(e, y, LABELS)
    b = borrowed_alternatives(t, 3)
    places = b[b.kind == "background"]
    assert (places[places.y == 0].alternative == "park").all()
    assert (places[places.y == 1].alternative == "a beach").all()
    assert b[b.kind == "foreground"].alternative.isna().all()
    only = borrowed_alternatives(t[t.y == 0])
    assert (only[only.kind == "background"].alternative == "moon").all()
    assert (t[t.kind == "background"].alternative == "moon").all()
