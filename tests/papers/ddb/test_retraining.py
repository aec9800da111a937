"Retraining: the label of the new class, the layers that change, and a run that is killed."

import os
import signal

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate import resumable, trainer
from spurious_core.mitigate.linear_heads import fit_linear_head
from spurious_core.mitigate.registry import METHODS, find_method
from spurious_core.models.preprocessing import as_pixels
from spurious_core.papers.ddb.composed_loss import part_weights, parts_of
from spurious_core.papers.ddb.retraining import DDB, fit_ddb
from support.ddb import CONFIG, DATA, MADE, VAL, grouped, net


def retrain(base, config=CONFIG, made=MADE, **options):
    return fit_ddb(DATA, made, VAL, base, config, progress=False, **options)


def features(clf):
    return clf.features(as_pixels(VAL.pixels)).detach()


def test_the_method_is_found_by_its_name():
    assert find_method("DDB") is find_method("ddb") is DDB
    assert "DDB" not in METHODS


@pytest.mark.parametrize("layers", ["all", "last"])
def test_retraining_uses_the_label_of_the_new_class(base, layers):
    "Pictures of the missing groups teach the class; with the old class as their label, the shortcut."
    test = grouped([30] * 4, seed=9)
    config = CONFIG.with_(ddb_layers=layers, ddb_gamma=4.0, epochs=12)
    manifest = MADE.manifest.assign(y=1 - MADE.y)
    mislabelled = GroupedImages(manifest, MADE.labels, MADE.attributes, pixels=MADE.pixels)
    right, wrong = (retrain(base, config, made, selection="last") for made in (MADE, mislabelled))
    assert right.report(test).wga > wrong.report(test).wga + 0.2


def test_last_layer_alone_leaves_the_features(base):
    fitted = retrain(base, CONFIG.with_(ddb_layers="last"))
    assert np.allclose(features(fitted.clf), features(base), atol=1e-5)
    assert not torch.allclose(fitted.clf.head_weight, base.head_weight)
    assert fitted.details["generated"] == {"no": 20, "yes": 6}
    assert parts_of(fitted.train).tolist() == [0] * 85 + (1 + MADE.y).tolist()


def test_all_layers_change_the_features(base):
    assert not np.allclose(features(retrain(base).clf), features(base), atol=1e-3)


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


def test_the_head_of_the_last_layer_is_that_of_the_features(base):
    fitted = retrain(base, CONFIG.with_(ddb_layers="last", ddb_gamma=(2.0, 3.0), ddb_C=0.5))
    images = fitted.train
    x = base.batched(base.features, images.images(), 256).numpy().astype(float)
    weights = part_weights(parts_of(images), [1.0, 2.0, 3.0])
    w, b = expected_head(x, images.y, weights, 2, 0.5)
    assert np.allclose(fitted.clf.head_weight, w, rtol=1e-3, atol=1e-4)
    assert np.allclose(fitted.clf.head_bias, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("selection", ["wga", "worst_class"])
def test_the_epoch_is_chosen_with_or_without_groups(base, selection):
    fitted = retrain(base, selection=selection)
    assert fitted.selection == selection
    assert len(fitted.history) == 3
    right = fitted.predict(VAL) == VAL.y
    key = VAL.group if selection == "wga" else VAL.y
    worst = min(right[key == k].mean() for k in np.unique(key))
    assert worst == pytest.approx(fitted.history[f"val_{selection}"].max())


def test_the_last_epoch_may_be_kept(base):
    fitted = retrain(base, selection="last")
    assert fitted.selection == "last"
    assert len(fitted.history) == 3


def retrain_and_die(base, out):
    "Retrains, and is killed before the eighth file is written."
    calls, write = [], trainer.write_tensors

    def dies(*args, **header):
        calls.append(args)
        if len(calls) == 8:
            os.kill(os.getpid(), signal.SIGKILL)
        write(*args, **header)

    trainer.write_tensors = resumable.write_tensors = dies
    torch.set_num_threads(1)
    retrain(base, out_dir=out, checkpoint_seconds=0.0)


def test_retraining_killed_goes_on_to_the_same_network(base, tmp_path, killed):
    whole, out = retrain(base), tmp_path / "r"
    assert killed(retrain_and_die, base, out) == -signal.SIGKILL
    assert (out / resumable.TRAINING_CHECKPOINT).exists()
    again = retrain(base, out_dir=out, checkpoint_seconds=0.0)
    for name, value in whole.clf.state_dict().items():
        assert torch.equal(value, again.clf.state_dict()[name])
    with pytest.raises(ValueError):
        retrain(base, made=grouped([0, 8, 8, 0], "generated", seed=6), out_dir=out)


@pytest.mark.parametrize(
    "changes, why",
    [
        (dict(made=DATA), "holds real images"),
        (dict(train=MADE), "holds generated images"),
        (dict(base=net(["a", "b"])), "base knows"),
        (dict(config=CONFIG.with_(ddb_gamma=(1, 2, 3))), "must be a number from 0 up"),
        (dict(config=CONFIG.with_(ddb_layers="some")), "allowed: all, last"),
    ],
)
def test_bad_input_is_refused(base, changes, why):
    given = dict(train=DATA, made=MADE, val=VAL, base=base, config=CONFIG)
    with pytest.raises(ValueError, match=why):
        fit_ddb(**given | changes, progress=False)
