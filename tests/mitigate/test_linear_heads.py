"Linear heads against scikit-learn and by hand."

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from spurious_core.mitigate.linear_heads import feature_scale, fit_linear_head, logistic_head, raw_head


def features(n_classes, n=300):
    rng = np.random.default_rng(0)
    y = np.arange(n) % n_classes
    x = 1.5 * np.eye(n_classes, 5)[y] + rng.normal(size=(n, 5))
    return x * [1, 10, 100, 1, 1] + [0, 5, 0, 0, -3], y


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_head_for_raw_features_predicts_what_scikit_learn_does_on_standardised_ones(n_classes):
    x, y = features(n_classes)
    w, b = fit_linear_head(x, y, n_classes, C=0.5)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(x, y)
    logits = x @ w.T + b
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert w.shape == (n_classes, 5) and b.shape == (n_classes,)
    assert np.allclose(probs, model.predict_proba(x), atol=1e-4)


def test_a_raw_head_undoes_the_scale():
    x, _ = features(3)
    mean, std = feature_scale(x)
    w, b = np.eye(3, 5), np.arange(3.0)
    raw_w, raw_b = raw_head(w, b, mean, std)
    assert np.allclose(x @ raw_w.T + raw_b, (x - mean) / std @ w.T + b)


def test_sample_weights_count_and_a_class_without_any_is_refused():
    x, y = features(3)
    twice = np.where(y == 0, 2.0, 1.0)
    repeated = np.concatenate([np.arange(300), np.flatnonzero(y == 0)])
    weighted = fit_linear_head(x, y, 3, twice, standardise=False, max_iter=5000, tol=1e-8)
    again = fit_linear_head(x[repeated], y[repeated], 3, standardise=False, max_iter=5000, tol=1e-8)
    assert np.allclose(x @ weighted[0].T + weighted[1], x @ again[0].T + again[1], atol=1e-2)
    with pytest.raises(ValueError, match=r"no samples with weight of class \[2\]"):
        fit_linear_head(x, y, 3, y < 2)


def test_the_l1_penalty_drops_features_and_two_classes_share_a_row():
    x, y = features(2)
    w, b = logistic_head((x - x.mean(0)) / x.std(0), y, 2, C=0.02)
    assert np.array_equal(w[0], -w[1]) and np.array_equal(b[:1], -b[1:])
    assert (w[1] == 0).sum() >= 2 and w[1][1] > 0


def test_labels_that_are_no_classes_are_named():
    x = np.eye(4)
    for y in ([0, 1, 0, 1.5], ["a", "b", "a", "b"], [0, 1, 0, 2]):
        with pytest.raises(ValueError, match="expected integers 0 to 1"):
            fit_linear_head(x, y, 2)
    with pytest.raises(ValueError, match="4 rows of features for 3 labels"):
        fit_linear_head(x, [0, 1, 0], 2)
