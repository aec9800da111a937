"MaskTune: the map is where the evidence is, and that is hidden."

import numpy as np
import pytest
import torch
from torch import nn

from spurious_core.mitigate.methods.masktune import Masked, cam_layer, grad_cams, important_pixels
from spurious_core.mitigate.objectives import Batch
from spurious_core.models.classifier import Classifier
from spurious_core.models.preprocessing import Preprocess
from support.mitigation import LABELS


def red_or_blue():
    "A classifier whose logits are the mean of the red and of the blue channel."
    channels = nn.Conv2d(3, 2, 1, bias=False)
    head = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        channels.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])[..., None, None])
        head.weight.copy_(torch.eye(2))
    net = nn.Sequential(channels, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    return Classifier(net, LABELS, Preprocess(mean=(0,) * 3, std=(1,) * 3))


def test_map_and_mask_are_where_the_evidence_is():
    clf = red_or_blue()
    x = torch.zeros(1, 3, 8, 8)
    x[0, 0, 1, 2] = 1
    x[0, 2, 6, 6] = 1
    red, blue = (grad_cams(clf, x, torch.tensor([k]))[0] for k in (0, 1))
    assert red.argmax() == 8 + 2 and blue.argmax() == 6 * 8 + 6
    assert (red > 0).sum() == 1
    loss = Masked(clf, red[None])(Batch(x, torch.tensor([0]), torch.tensor([0]), None))
    # the red pixel is hidden, the blue one not
    assert loss.item() == pytest.approx(np.log(1 + np.exp(1 / 64)), abs=1e-5)


def test_the_last_layer_with_a_map_is_found_or_missed():
    clf, x = red_or_blue(), torch.zeros(1, 3, 8, 8)
    assert isinstance(cam_layer(clf, x), nn.ReLU)
    flat = Classifier(nn.Sequential(nn.Flatten(), nn.Linear(192, 2)), LABELS, name="flat")
    with pytest.raises(ValueError, match="flat has no layer with spatial maps"):
        cam_layer(flat, x)


def test_pixels_above_two_standard_deviations_are_important():
    cams = torch.zeros(1, 4, 4)
    cams[0, 1, 2] = 1
    assert important_pixels(cams, (4, 4)).nonzero().tolist() == [[0, 0, 1, 2]]
