"Which words are edited, and what edits prove; edits of pictures are in the notebook."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.discoverers.edit_method import Edits, candidate_phrases, edit_p_values, findable

PHRASES = pd.DataFrame(
    dict(
        image=[0, 0, 1, 2],
        label=["cat", "cat", "cat", "dog"],
        kind=["foreground", "background", "foreground", "foreground"],
        phrase=["kites", "in a cave", "unicorns", "kites"],
        cluster=["kite", "cave", "unicorn", "kite"],
    )
)
GOES = pd.DataFrame(
    [[True, False], [False, False]], index=["cat", "dog"], columns=["prop=kite", "scene=cave"]
)


def test_only_what_goes_with_the_class_is_edited():
    chosen = candidate_phrases(PHRASES, GOES)
    assert chosen[["image", "label", "feature"]].values.tolist() == [[0, "cat", "prop=kite"]]
    assert not len(candidate_phrases(PHRASES, GOES & False))


def test_what_the_segmenter_does_not_find_is_left_out():
    asked = []

    def segmenter(images, phrases):
        asked.extend(phrases)
        return np.stack([np.full((4, 4), phrase == "kites", float) for phrase in phrases])

    left = findable(PHRASES, np.zeros((3, 4, 4, 3), np.uint8), segmenter)
    assert asked == ["kites", "cat", "unicorns", "kites"] and left.image.tolist() == [0, 2]
    assert not len(findable(PHRASES[:0], None, None))


def test_evidence_must_exceed_what_an_edit_does_by_itself():
    rng = np.random.default_rng(0)
    edits = pd.DataFrame(dict(image=np.arange(16), evidence=1.2 + 0.3 * rng.normal(size=16)))
    assert edit_p_values(edits, 0.5, 0)["p"] < 0.01
    at_the_shift = edit_p_values(edits, 1.2, 0)
    assert at_the_shift["p"] > 0.1 and at_the_shift["p_unshifted"] < 0.01
    small = edit_p_values(edits.assign(evidence=edits.evidence - 0.6), 0.0, 0)
    assert small["p_unshifted"] == 1 and small["p"] < 0.01  # a mean below 1 is not reported there


def test_nothing_goes_with_any_class(monkeypatch):
    empty = pd.DataFrame()
    monkeypatch.setattr("spurious_core.papers.discoverers.edit_method._edit_and_judge", lambda *a: empty)

    class Clf:
        labels = ["cat", "dog"]

    said = ["a photo of a cat in a cave with kites", "a photo of a dog in a cave"]
    edits = Edits(SimpleNamespace(captions=lambda images: said), None)
    table = edits(None, np.array([0, 1]), Clf())
    assert list(table) == ["label", "feature", "score", "p", "p_unshifted"] and not len(table)
    assert pytest.approx(0.025) == edits.rate
