"Classifiers of four architectures: features, head, gradients, batches."

import numpy as np
import pytest
import torch
from torch import nn

from spurious_core.models.classifier import Classifier
from spurious_core.models.preprocessing import Preprocess, as_pixels
from support.networks import LABELS, NETWORKS, small_classifier, small_network


@pytest.fixture
def x():
    return torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", NETWORKS)
def test_head_of_features_gives_the_logits(kind, x):
    clf = small_classifier(kind)
    logits, phi = clf.logits_and_features(x)
    assert phi.shape == (3, clf.head.in_features)
    torch.testing.assert_close(logits, phi @ clf.head_weight.T + clf.head_bias)
    assert not clf.head._forward_pre_hooks  # the hook does not stay


def test_no_hook_stays_after_an_error(x):
    clf = small_classifier(preprocess=Preprocess(crop=99))
    with pytest.raises(ValueError, match="cannot crop 99"):
        clf(x)
    assert not clf.head._forward_pre_hooks


def test_gradient_reaches_pixels_out_of_range(x):
    clf = small_classifier(preprocess=Preprocess(48, 32))
    x = (x * 3 - 1).requires_grad_(True)
    clf(x)[:, 0].sum().backward()
    inside = x.grad[..., 12:52, 12:52]
    assert torch.isfinite(x.grad).all()
    assert (inside != 0).float().mean() > 0.9


def test_uint8_and_float_agree(x):
    clf = small_classifier()
    pictures = (x * 255).round().byte().permute(0, 2, 3, 1).numpy()
    torch.testing.assert_close(clf.probs(pictures, batch=2), clf.probs(as_pixels(pictures)))
    with pytest.raises(ValueError, match="images have shape"):
        clf.probs(pictures.astype(float))


def test_batches_put_the_mode_back(x):
    clf = small_classifier().train()
    modes = []

    def probe(pixels):
        modes.append(clf.training)
        return clf(pixels)

    assert not clf.batched(probe, x, batch=2).requires_grad
    assert modes == [False, False]
    assert clf.training
    with pytest.raises(ZeroDivisionError):
        clf.batched(lambda pixels: 1 / 0, x)
    assert clf.training


def test_labels_must_fit_the_head():
    with pytest.raises(ValueError, match="3 outputs, but there are 2 labels"):
        Classifier(small_network(), ["a", "b"])
    with pytest.raises(ValueError, match="no linear layer"):
        Classifier(nn.Conv2d(3, 3, 3), LABELS)


def test_a_head_without_biases():
    clf = Classifier(nn.Linear(4, 3, bias=False), LABELS, nn.Identity())
    assert torch.equal(clf.head_bias, torch.zeros(3))


def test_an_unknown_class_names_the_known():
    with pytest.raises(ValueError, match="class 'cow' is unknown to resnet; it knows cat, dog, cup"):
        small_classifier().index("cow")


@pytest.mark.parametrize("widths, contiguous", [([8, 16], True), ([16, 32], False)])
def test_narrow_networks_never_see_channels_last(widths, contiguous):
    """The gradient of their strided convolutions of one pixel writes past its end there.

    Seen in torch 2.13 on a CPU, with fewer than 16 channels, where threads share a batch unevenly."""
    clf = Classifier(small_network(embedding_size=widths[0], hidden_sizes=widths), LABELS)
    seen = []
    first = next(module for module in clf.modules() if isinstance(module, nn.Conv2d))
    first.register_forward_pre_hook(lambda module, args: seen.append(args[0].is_contiguous()))
    clf(as_pixels(np.zeros((7, 32, 32, 3), np.uint8)))
    assert seen == [contiguous]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_pixels_that_are_not_finite_are_refused(x, bad):
    x[1, 0, 3, 3] = bad
    with pytest.raises(ValueError, match="pixels hold NaN or infinite values"):
        small_classifier().probs(x)


def test_floats_in_0_to_255_are_refused_and_overshooting_decoders_are_not(x):
    clf = small_classifier()
    with pytest.raises(ValueError, match=r"pixels in \[.*, 25.\] must lie in \[0, 1\]"):
        clf.probs(x * 255)
    assert clf.probs(x * 1.4 - 0.2).isfinite().all()


def test_no_images_and_no_batch_are_named():
    clf = small_classifier()
    with pytest.raises(ValueError, match="resnet: no images to look at"):
        clf.probs(np.zeros((0, 64, 64, 3), np.uint8))
    for bad in (0, 1.5, "8"):
        with pytest.raises(ValueError, match=f"batch={bad!r} must be"):
            clf.probs(np.zeros((2, 64, 64, 3), np.uint8), batch=bad)
