"The method DDB: its last layer is a weighted logistic regression; all layers start with a new head."

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from spurious_core.data.joined import concatenate
from spurious_core.mitigate.composed_loss import part_weights, parts_of
from spurious_core.mitigate.linear_heads import fit_linear_head
from spurious_core.mitigate.methods.ddb import DDB
from spurious_core.mitigate.trainer import Run
from support.ddb import CONFIG, DATA, MADE, VAL, net


@pytest.fixture
def base():
    torch.manual_seed(0)
    return net().eval()


def expected_head(x, y, weights, n_classes, C):
    "A weighted logistic regression on standardised features, written for raw ones."
    mean, std = x.mean(0), x.std(0) + 1e-8
    model = LogisticRegression(C=C, max_iter=1000).fit((x - mean) / std, y, weights)
    w, b = model.coef_, model.intercept_
    if n_classes == 2:
        w, b = np.concatenate([-w, w]) / 2, np.concatenate([-b, b]) / 2
    return w / std, b - (w / std) @ mean


@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_last_layer_is_a_weighted_logistic_regression_bit_for_bit(n_classes):
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_classes, 200)
    parts = np.where(np.arange(200) < 150, 0, 1 + y)
    x = np.eye(n_classes, 8)[y] + rng.normal(size=(200, 8))
    weights = part_weights(parts, [1.0] + [3.0] * n_classes)
    fitted = fit_linear_head(x, y, n_classes, weights, C=0.7, max_iter=1000)
    for value, expected in zip(fitted, expected_head(x, y, weights, n_classes, 0.7), strict=True):
        assert np.array_equal(value, expected)


def run_of(base, **hyperparameters):
    images = concatenate([DATA, MADE])
    return Run(DDB, images, VAL, base, CONFIG.with_(**hyperparameters), base=base, progress=False)


def test_the_head_of_the_last_layer_is_that_of_the_features(base):
    run = run_of(base, ddb_layers="last", ddb_gamma=(2.0, 3.0), ddb_C=0.5)
    fitted, images = DDB.run(run), run.data
    assert run.details["generated"] == {"no": 20, "yes": 6}
    x = base.batched(base.features, images.images(), 256).numpy().astype(float)
    weights = part_weights(parts_of(images), [1.0, 2.0, 3.0])
    w, b = expected_head(x, images.y, weights, 2, 0.5)
    assert np.allclose(fitted.head_weight, w, rtol=1e-3, atol=1e-4)
    assert np.allclose(fitted.head_bias, b, rtol=1e-3, atol=1e-4)


def test_all_layers_learn_and_the_given_network_stays(base):
    before = base.head_weight.clone()
    fitted = DDB.run(run_of(base, ddb_gamma=1.0))
    assert not torch.allclose(fitted.head_weight, before)
    assert torch.equal(base.head_weight, before)


@pytest.mark.parametrize(
    "hyperparameters, why",
    [
        (dict(ddb_gamma=(1, 2, 3)), "must be a number from 0 up, or 2 of them"),
        (dict(ddb_layers="some"), "allowed: all, last"),
    ],
)
def test_bad_settings_are_refused(base, hyperparameters, why):
    with pytest.raises(ValueError, match=why):
        DDB.run(run_of(base, **hyperparameters))
