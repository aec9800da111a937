"Spurious scores: each test breaks if a number is not scikit-learn's, or an interval is too short."

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from spurious_core.evaluate.intervals import wilson
from spurious_core.evaluate.scores import roc_and_ap, spurious_scores


def by_sklearn(positive, negative, weights=None):
    y = np.r_[np.ones(len(positive)), np.zeros(len(negative))]
    scores = np.r_[positive, negative]
    return [score(y, scores, sample_weight=weights) for score in (roc_auc_score, average_precision_score)]


def test_roc_and_ap_match_sklearn_with_ties_and_weights():
    rng = np.random.default_rng(0)
    for _ in range(20):
        positive = rng.integers(0, 8, rng.integers(2, 30)) / 8
        negative = rng.integers(0, 6, rng.integers(2, 40)) / 8
        w_pos, w_neg = (rng.integers(0, 3, (2, len(x))) + np.eye(2, len(x)) for x in (positive, negative))
        np.testing.assert_allclose(roc_and_ap(positive, negative), by_sklearn(positive, negative))
        weighted = np.transpose(roc_and_ap(positive, negative, w_pos, w_neg))
        for i, found in enumerate(weighted):
            weights = np.r_[w_pos[i], w_neg[i]]
            np.testing.assert_allclose(found, by_sklearn(positive, negative, weights))


def test_auc_and_average_precision_are_different_numbers():
    auc, average_precision = roc_and_ap([0.9, 0.2], [0.5] * 8)
    assert auc == 0.5
    assert np.isclose(average_precision, 0.5 * 1 + 0.5 * 2 / 10)  # by hand
    with pytest.raises(ValueError, match="0 negatives"):
        roc_and_ap([1.0], [])


def verdicts(p, k=0, **more):
    return pd.DataFrame({"k": k, "p.a": p[:, 0], "p.b": p[:, 1]} | more)


def test_spurious_scores_per_juror_and_mean():
    rng = np.random.default_rng(0)
    real, free = verdicts(rng.beta(4, 2, (80, 2))), verdicts(rng.beta(2, 3, (120, 2)))
    table = spurious_scores(real, free)
    value = table.set_index(["juror", "metric"]).value
    for juror in "ab":
        found = [value[juror, metric] for metric in ("roc_auc", "average_precision")]
        np.testing.assert_allclose(found, by_sklearn(real[f"p.{juror}"], free[f"p.{juror}"]))
    assert np.isclose(value["mean", "roc_auc"], np.mean([value[juror, "roc_auc"] for juror in "ab"]))
    assert ((table.lo < table.value) & (table.value < table.hi)).all()
    assert table.n.eq(200).all()


def test_areas_of_one_still_leave_doubt_and_a_few_images_say_nothing():
    rng = np.random.default_rng(0)
    high, low = rng.uniform(0.6, 1, (20, 2)), rng.uniform(0, 0.4, (9, 2))
    table = spurious_scores(verdicts(high), verdicts(low))
    assert (table.value == 1).all()
    np.testing.assert_allclose(table[["lo", "hi"]], [wilson(9, 9)[1:]] * len(table))  # of the smaller side
    few = spurious_scores(verdicts(high), verdicts(low[:4]))
    assert few[["lo", "hi"]].isna().all().all()


def test_jurors_who_agree_do_not_shorten_the_interval_of_their_mean():
    rng = np.random.default_rng(1)
    real, free = rng.beta(4, 2, (60, 1)), rng.beta(2, 3, (60, 1))
    table = spurious_scores(verdicts(real.repeat(2, 1)), verdicts(free.repeat(2, 1)))
    width = (table.hi - table.lo)[table.metric == "roc_auc"].tolist()
    assert np.allclose(width, width[0])


def test_images_with_the_object_are_no_negatives():
    real = verdicts(np.full((5, 2), 0.9))
    p_free = np.repeat([0.1, 0.99], 4)[:, None].repeat(2, 1)
    free = verdicts(p_free, class_object_absent=[True] * 4 + [False] * 4)
    table = spurious_scores(real, free)
    assert table.value.eq(1).all()
    assert table.n.eq(9).all()
    with pytest.raises(ValueError, match="no negatives"):
        spurious_scores(real, free[4:])
    with pytest.raises(ValueError, match="one class"):
        spurious_scores(real, verdicts(np.full((5, 2), 0.1), k=1))
    with pytest.raises(ValueError, match="juries"):
        spurious_scores(real, free.drop(columns="p.b"))
