"Cached features give the heads that the network gives; both loops see every picture once."

import numpy as np
import pytest
import torch

from spurious_core.app.speed import fitting_sides
from spurious_core.app.speed.fitting_sides import PlainPictures, Refits, fit_side, plain_loop_side
from spurious_core.data.rendered import world_images
from spurious_core.data.worlds import get_world
from spurious_core.evaluate.image_quality import embed
from spurious_core.mitigate.networks import small_resnet


@pytest.fixture(scope="module")
def birds():
    return world_images(get_world("waterbirds"), 60, "val", 0, 64, ratio=0.8)


@pytest.fixture
def refits(birds):
    torch.manual_seed(0)
    return Refits(birds, small_resnet(birds.labels).eval(), n=3)


def test_subsets_are_balanced_and_differ(birds, refits):
    assert len(refits.subsets) == 3
    for rows in refits.subsets:
        assert len(set(np.bincount(birds.group[rows]))) == 1
    assert not np.array_equal(np.sort(refits.subsets[0]), np.sort(refits.subsets[1]))


def test_cached_features_are_those_of_the_network(birds, refits):
    x = embed(birds.images(), refits.network)
    rows = refits.subsets[0]
    assert np.allclose(x[rows], embed(birds.images(rows), refits.network), atol=1e-5)


def test_what_goes_through_the_network(birds, refits, monkeypatch):
    seen = []

    def counted(images, network):
        seen.append(len(images))
        return embed(images, network)

    monkeypatch.setattr(fitting_sides, "embed", counted)
    assert refits.cached(0) > 0
    assert seen == [60]
    seen.clear()
    assert refits.through_network(0) > 0
    assert seen == [len(rows) for rows in refits.subsets]


def test_a_plain_picture_is_in_0_to_1_with_its_class(birds):
    data = PlainPictures(birds)
    assert len(data) == 60
    x, y = data[7]
    assert torch.equal((x * 255).round().byte().permute(1, 2, 0), torch.from_numpy(birds.pixels[7]))
    assert y == birds.y[7]


def test_the_plain_loop_trains_on_every_picture(birds, monkeypatch):
    seen, item = [], PlainPictures.__getitem__
    monkeypatch.setattr(PlainPictures, "__getitem__", lambda self, i: seen.append(i) or item(self, i))
    assert plain_loop_side(birds, "cpu", batch=16)(0) > 0
    assert sorted(seen) == list(range(60))


def test_fit_trains_one_epoch(birds, monkeypatch):
    fits, fit = [], fitting_sides.fit
    monkeypatch.setattr(fitting_sides, "fit", lambda *args, **kw: fits.append(fit(*args, **kw)) or fits[-1])
    seconds = fit_side(birds, "cpu", batch=16)(0)
    (fitted,) = fits
    assert seconds == fitted.seconds / 60
    assert len(fitted.history) == 1 and fitted.config.batch == 16 and fitted.method.name == "ERM"
