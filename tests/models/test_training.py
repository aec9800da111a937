"Training: reproducible, augmented, and stopped by bad hyperparameters, labels and losses."

import warnings

import numpy as np
import pytest
import torch

from spurious_core.models.training import ClassifierTraining, train_classifier
from support.networks import small_classifier

IMAGES = np.random.default_rng(0).integers(0, 255, (24, 64, 64, 3), dtype=np.uint8)
Y = np.arange(24) % 3


def test_training_is_reproducible_and_augments():
    calls = []

    def noisy(x, rng):
        calls.append(x.shape)
        return x + 0.01 * torch.randn(x.shape, generator=rng)

    def trained(**options):
        clf = small_classifier()
        config = ClassifierTraining(epochs=2, batch=8, **options)
        history = train_classifier(clf, IMAGES, Y, config, noisy, progress=False)
        assert [row["epoch"] for row in history] == [0, 1]
        assert not clf.training
        assert not clf.head_weight.requires_grad
        return clf.head_weight

    first = trained()
    assert torch.equal(first, trained())
    assert len(calls) == 12
    assert not torch.equal(first, trained(seed=1))
    assert torch.isfinite(trained(precision="bf16", eps=0.5, pgd_steps=1)).all()


def test_labels_that_are_read_only_are_no_reason_to_warn():
    y = Y.copy()
    y.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train_classifier(small_classifier(), IMAGES, y, ClassifierTraining(epochs=1), progress=False)


@pytest.mark.parametrize(
    "bad",
    [
        dict(lr=0),
        dict(batch=-1),
        dict(epochs=1.5),
        dict(eps=-1.0),
        dict(weight_decay=-1),
        dict(precision="fp64"),
    ],
)
def test_bad_hyperparameters(bad):
    with pytest.raises(ValueError, match=f"{list(bad)[0]}="):
        ClassifierTraining(**bad)


def test_bad_labels():
    clf = small_classifier()
    with pytest.raises(ValueError, match="but 3 labels"):
        train_classifier(clf, IMAGES, Y[:3], progress=False)
    with pytest.raises(ValueError, match="nothing to train on"):
        train_classifier(clf, IMAGES[:1], Y[:1], progress=False)
    with pytest.raises(ValueError, match=r"labels are -1; leave unlabelled images out"):
        train_classifier(clf, IMAGES, Y - 1, progress=False)
    for wrong in (Y + 1, Y + 0.5, Y.astype(str), np.where(Y, np.nan, 0)):
        with pytest.raises(ValueError, match="expected integers 0 to 2"):
            train_classifier(clf, IMAGES, wrong, progress=False)


def test_a_loss_that_is_no_number():
    def broken(x, rng):
        return x * float("nan")

    with pytest.raises(FloatingPointError, match="resnet: loss is nan in epoch 0; a lower lr than 0.002"):
        train_classifier(small_classifier(), IMAGES, Y, augment=broken, progress=False)


@pytest.mark.parametrize(
    "bad",
    [
        dict(seed=1.5),
        dict(seed=None),
        dict(seed=-1),
        dict(seed=2**70),
        dict(lr=float("inf")),
        dict(epochs=1.5),
    ],
)
def test_more_settings_that_cannot_be(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"{name}="):
        ClassifierTraining(**bad)


def test_a_whole_number_of_another_type_is_the_same_training():
    config = ClassifierTraining(seed=1.0, epochs=2.0)
    assert (type(config.seed), type(config.epochs)) == (int, int)
