"Foreground sensitivity: each test breaks if noise falls on the other part, or the sign turns."

import numpy as np
import pytest
import torch

from spurious_core.evaluate.sensitivity import NoiseTest, foreground_sensitivity, noisy_parts, rfs
from spurious_core.models.classifier import Classifier

torch.set_num_threads(1)


class Rough(torch.nn.Module):
    "Says 'rough' where neighbouring pixels of `region` differ."

    def __init__(self, region, threshold):
        super().__init__()
        self.register_buffer("region", region[1:] / region[1:].sum())
        self.head = torch.nn.Linear(1, 2)
        self.head.weight.data = torch.tensor([[-100.0], [100.0]])
        self.head.bias.data = torch.tensor([1.0, -1.0]) * 100 * threshold

    def forward(self, x):
        steps = (x[:, :, 1:] - x[:, :, :-1]).abs().mean(1)
        return self.head((steps * self.region).sum((1, 2))[:, None])


AXIS = torch.linspace(-1, 1, 32)
DISC = (AXIS[:, None] ** 2 + AXIS**2 < 0.4).float()
GREY, DISCS = np.full((12, 32, 32, 3), 128, np.uint8), DISC.repeat(12, 1, 1).numpy()


def sensitivity(region, threshold=0.05, y=(0,) * 12, **options):
    "Of a classifier that looks at one region only."
    clf = Classifier(Rough(region, threshold), ["smooth", "rough"])
    return foreground_sensitivity(clf, GREY, DISCS, y, progress=False, **options)


def test_sign_of_foreground_sensitivity():
    foreground, background = sensitivity(DISC), sensitivity(1 - DISC)
    assert (foreground.value, foreground.a_bg, foreground.a_fg, foreground.clean) == (1, 1, 0, 1)
    assert (background.value, background.a_bg, background.a_fg) == (-1, 0, 1)


def test_without_errors_or_without_successes_nothing_is_known():
    assert sensitivity(torch.ones(32, 32), 0.001).value == 0  # always wrong under noise, wherever it is
    never_wrong = sensitivity(DISC, 9.0)
    assert (never_wrong.a_bg, never_wrong.a_fg) == (1, 1)
    assert (never_wrong.value, never_wrong.interval) == (0, (-1, 1))


def test_rfs_formula():
    found = rfs([0.9, 0.7, 0.3, 1, 0], [0.7, 0.9, 0.1, 1, 0])
    np.testing.assert_allclose(found, [0.5, -0.5, 0.5, 0, 0])


def test_noise_falls_where_it_should():
    foreground, background = noisy_parts(GREY, DISCS)
    clean = torch.full_like(foreground, 128 / 255)
    inside = torch.tensor(DISCS)[:, None].expand_as(clean) == 1
    assert torch.allclose(foreground[~inside], clean[~inside])
    assert torch.allclose(background[inside], clean[inside])
    assert 0.2 < (foreground - clean)[inside].std() < 0.25  # clipped at the range of pixels


def test_noise_belongs_to_the_image():
    foreground = noisy_parts(GREY, DISCS)[0]
    assert not torch.equal(foreground[0], foreground[1])
    assert torch.equal(noisy_parts(GREY[4:6], DISCS[4:6], first=4)[0], foreground[4:6])
    assert not torch.equal(noisy_parts(GREY, DISCS, trial=1)[0], foreground)


def test_classes_count_alike_and_batches_do_not_matter():
    options = dict(y=[0] * 9 + [1] * 3, test=NoiseTest(sigma=0.13))
    found = sensitivity(DISC, 0.135, **options)
    assert found == sensitivity(DISC, 0.135, batch=5, **options)
    assert found.clean == 0.5
    assert found.interval[0] <= found.value <= found.interval[1]


@pytest.mark.parametrize(
    "change, says",
    [
        (dict(masks=DISCS[:5]), "one mask"),
        (dict(masks=DISCS[:, :8]), "one mask"),
        (dict(masks=2 * DISCS), r"\[0, 1\]"),
        (dict(masks=0 * DISCS), "no foreground"),
        (dict(masks=0 * DISCS + 1), "no background"),
        (dict(masks=np.nan * DISCS), r"\[0, 1\]"),
        (dict(y=[2] * 12), r"y\[0\] is 2"),
        (dict(y=[0] * 11), "one class"),
    ],
)
def test_foreground_sensitivity_bad_input(change, says):
    clf = Classifier(Rough(DISC, 0.05), ["smooth", "rough"])
    good = dict(clf=clf, images=GREY, masks=DISCS, y=[0] * 12, progress=False)
    with pytest.raises(ValueError, match=says):
        foreground_sensitivity(**good | change)


@pytest.mark.parametrize(
    "change",
    [
        dict(sigma=0),
        dict(trials=0),
        dict(seed=-1),
        dict(seed=1.5),
        dict(level=95),
        dict(level=float("nan")),
        dict(n_boot=0),
        dict(n_boot="many"),
    ],
    ids=str,
)
def test_noise_test_refuses(change):
    with pytest.raises(ValueError, match=f"{list(change)[0]}="):
        NoiseTest(**change)
