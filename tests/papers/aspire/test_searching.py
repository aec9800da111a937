"Lists of the same edits, asked otherwise. A whole search is in tests/studies."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.data.grouped import GroupedImages
from spurious_core.find.edit_tests import judge_edits
from spurious_core.find.rankings import rank_features
from spurious_core.papers.aspire.searching import (
    by_confidence,
    by_edits_beyond_shift,
    by_edits_of,
    by_flips,
    first_of_class,
)


class Bright:
    "A classifier that is the surer of class 1 the brighter a picture is."

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, images):
        level = torch.as_tensor(np.asarray(images)).float().mean((1, 2, 3)) - 128
        return torch.stack([0 * level, self.slope * level], 1)

    def batched(self, function, images):
        return function(images)


def grey(levels):
    return np.asarray(levels, np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)


@pytest.fixture
def findings():
    "Twelve bright pictures: taking the lamps out darkens them, taking the flags out does nothing."
    n = 12
    lamps = pd.DataFrame(dict(image=range(n), y=1, label="dog", kind="foreground", phrase="lamps"))
    plan = pd.concat([lamps, lamps.assign(phrase="flags")], ignore_index=True)
    plan = plan.assign(cluster=plan.phrase.str.removesuffix("s"), alternative=None)
    images = grey([140] * n)
    after, sham = grey([120] * n + [140] * n), grey([140] * 2 * n)
    edits = judge_edits(plan, Bright(0.2), images, after, sham)
    return SimpleNamespace(edits=edits, phrases=plan, images=images, after=after, sham=sham)


def spurious(ranking):
    return ranking.cluster[ranking.spurious].tolist()


def test_confidence_has_a_threshold_of_its_own(findings):
    assert spurious(by_confidence(findings)) == ["lamp"]
    little = findings.edits.assign(effect=findings.edits.effect * 0.1)
    findings.edits = little
    assert 0 < little.effect.max() < 0.1
    assert spurious(by_confidence(findings)) == []


def test_beyond_the_shift_a_trifle_is_not_sure(findings):
    findings.edits["evidence"] = np.where(findings.edits.phrase == "flags", 0.4, 2.0)
    assert by_edits_beyond_shift(findings).set_index("cluster").loc["flag", "p"] > 0.9
    assert rank_features(findings.edits, findings.phrases).set_index("cluster").loc["flag", "p"] < 0.01


def test_the_larger_loss_of_confidence_comes_first(findings):
    more = findings.edits.phrase == "flags"
    findings.edits["effect"] = np.where(more, 0.9, findings.edits.effect)
    assert by_confidence(findings).cluster.tolist() == ["flag", "lamp"]


def test_the_papers_list_reports_whatever_flips(findings):
    rows = pd.DataFrame(dict(y=[0, 0, 1], cluster=["a", "b", "c"], flips=[0, 1, 2], score=[0.9, 0.2, 0.1]))
    listed = by_flips(SimpleNamespace(ranking=rows.assign(spurious=False)))
    assert listed.cluster.tolist() == ["a", "b", "c"]
    assert listed.spurious.tolist() == [False, True, True]
    assert listed["rank"].tolist() == [1, 2, 1]


def test_another_classifier_is_asked_where_it_is_right(findings):
    same = by_edits_of(findings, Bright(0.2))
    assert spurious(same) == ["lamp"]
    assert spurious(by_edits_of(findings, Bright(0.001))) == []
    assert len(by_edits_of(findings, Bright(-0.2))) == 0


def test_the_first_of_each_class_in_their_order():
    manifest = pd.DataFrame(dict(y=[1, 0, 1, 1, 0], a=0, split="train"))
    data = GroupedImages(manifest, ["cat", "dog"], ["none"], pixels=grey(range(5)))
    assert first_of_class(data, 2).pixels[:, 0, 0, 0].tolist() == [0, 1, 2, 4]
    assert len(first_of_class(data, 9)) == 5
