"The settings, and the network with two heads."

import math

import pytest
import torch

from spurious_core.core.settings import load_profile
from spurious_core.models.loading import load_classifier
from spurious_core.papers.d3s.disentangling import Disentangled, Disentangling
from support.d3s import SCENES


@pytest.mark.parametrize(
    "bad",
    [
        dict(penalty="kl"),
        dict(weight=-1),
        dict(linear=math.nan),
        dict(background=0),
        dict(normalise="whiten"),
        dict(steps=0),
        dict(critic_steps=1.5),
        dict(batch=1),
        dict(lr=0),
        dict(critic_lr=-1),
        dict(memory=1.0),
        dict(augment="blur"),
        dict(widths=(0,)),
        dict(widths=64),
        dict(widths="64"),
        dict(vector=0),
        dict(pretrain=-1),
        dict(lr_schedule="step"),
        dict(clip=0),
    ],
)
def test_bad_settings_name_themselves(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Disentangling(**bad)


@pytest.mark.parametrize("juror", [0, 1, 2, 3])
def test_every_kind_of_network_in_the_jury_can_be_split(juror):
    clf = load_classifier(load_profile("mini").jury[juror])
    model = Disentangled(clf, 90, SCENES)
    x = torch.rand(2, 3, 64, 64)
    foreground, _, class_logits, scene_logits = model(x)
    assert foreground.shape == (2, 90)
    assert scene_logits.shape == (2, len(SCENES))
    assert torch.allclose(class_logits, clf(x), atol=1e-4)
