"Things in other surroundings, by cut and paste: what is planned, what is seen, and what may be trained on."

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.core.settings import load_profile
from spurious_core.data.grouped import GroupedImages
from spurious_core.models.loading import load_classifier
from spurious_core.models.segmenters import Segmenter
from spurious_core.papers.real.exchanges import (
    exchange_parts,
    exchanged_features,
    exchanged_pictures,
    plan_exchanges,
    with_exchanges,
)
from spurious_core.papers.real.feature_images import as_feature_images
from spurious_core.papers.real.plans import EXCHANGES

SIDE = 64


class Middle(Segmenter):
    "The middle quarter, but nothing where the picture is black."

    name = "middle"

    def masks_of(self, images, phrases):
        masks = np.zeros(images.shape[:3], np.float32)
        masks[:, 16:48, 16:48] = 1
        return masks * (images.max((1, 2, 3)) > 0)[:, None, None]


@pytest.fixture(scope="module")
def data():
    "Squares of a class's grey level before surroundings of another; the last two pictures are tests."
    y = np.array([0, 0, 0, 1, 1, 1, 0, 1])
    pixels = np.empty((8, SIDE, SIDE, 3), np.uint8)
    pixels[:] = (20 + 100 * y)[:, None, None, None]
    pixels[:, 16:48, 16:48] += 80
    split = ["train"] * 6 + ["test"] * 2
    manifest = pd.DataFrame(dict(y=y, a=0, split=split, file=[f"{i}.png" for i in range(8)]))
    return GroupedImages(manifest, ["dark", "light"], ["any"], pixels=pixels)


def test_surroundings_are_of_another_class_or_of_the_own(data):
    other, control = (plan_exchanges(data, arm, 0) for arm in EXCHANGES)
    assert list(other.source) == list(control.source) == list(range(6))
    assert (data.y[other.source] != data.y[other.background]).all()
    assert (data.y[control.source] == data.y[control.background]).all() and (
        control.source != control.background
    ).all()
    assert set(other.background) | set(control.background) <= set(range(6))
    with pytest.raises(ValueError, match="allowed: background_exchange, own_class_exchange"):
        plan_exchanges(data, "paste", 0)


@pytest.mark.parametrize(
    "rows, arm, message",
    [
        ([0, 1, 2, 7], EXCHANGES[0], "needs training pictures of two classes at least; found dark$"),
        ([6, 7], EXCHANGES[0], "needs training pictures of two classes at least; found none$"),
        ([0, 1, 3], EXCHANGES[1], "needs two training pictures of each class at least; found one of light$"),
        ([6, 7], EXCHANGES[1], "needs two training pictures of each class at least; found none$"),
    ],
)
def test_a_picture_without_a_partner_is_named(data, rows, arm, message):
    with pytest.raises(ValueError, match=f"arm='{arm}' {message}"):
        plan_exchanges(data.subset(rows), arm, 0)


def test_one_picture_of_a_class_will_do_for_another(data):
    plan = plan_exchanges(data.subset([0, 1, 3]), EXCHANGES[0], 0)
    assert plan.background.tolist()[:2] == [2, 2] and plan.background[2] in (0, 1)


@pytest.mark.parametrize("cut", [np.s_[:1], np.s_[:, :32], np.s_[:, :, 0]])
def test_masks_are_those_of_the_pictures(data, cut):
    class Odd(Middle):
        name = "odd"

        def masks_of(self, images, phrases):
            return super().masks_of(images, phrases)[cut]

    plan = pd.DataFrame(dict(source=[0, 3], background=[3, 0], arm=EXCHANGES[0]))
    with pytest.raises(ValueError, match=r"odd: expected masks of shape \(2, 64, 64\); found \("):
        exchanged_pictures(data, plan, Odd())


def test_the_thing_stays_and_the_surroundings_are_the_others_without_its_thing(data):
    plan = pd.DataFrame(dict(source=[0, 3], background=[3, 0], arm=EXCHANGES[0]))
    pictures, fine = exchanged_pictures(data, plan, Middle())
    assert fine.all() and (pictures[:, 20:44, 20:44] == data.pixels[[0, 3], 20:44, 20:44]).all()
    assert (pictures[0, :12] == 120).all() and (pictures[1, :12] == 20).all()


def test_pictures_without_a_mask_are_left_out(data):
    black = data.subset(range(8))
    black.pixels[4] = 0
    plan = pd.DataFrame(dict(source=[0, 4, 1], background=[3, 1, 5], arm=EXCHANGES[0]))
    guide = load_classifier(load_profile("mini").null_guide)
    kept, features = exchanged_features(guide, black, plan, Middle())
    assert list(kept.source) == [0, 1] and len(features) == 2
    with pytest.raises(ValueError, match="middle found nothing to cut out of 1 pictures"):
        exchanged_features(guide, black, plan[1:2], Middle())


def test_nothing_of_a_held_out_picture_is_trained_on(data):
    plan = pd.DataFrame(dict(source=[0, 1, 2], background=[3, 4, 3], arm=[*EXCHANGES, EXCHANGES[0]]))
    features = torch.rand(11, 5)
    rows = with_exchanges(as_feature_images(data, features[:8]), plan, features)
    assert len(rows) == 11 and list(rows.y[8:]) == [0, 0, 0] and set(rows.manifest.g[8:]) == {"generated"}
    parts = np.array(["train", "train", "val", "train", "train", "train", "test", "test"], object)
    assert list(exchange_parts(parts, plan, EXCHANGES[0])[8:]) == ["train", "left", "left"]
    assert list(exchange_parts(parts, plan, EXCHANGES[1])[8:]) == ["left", "train", "left"]
    assert list(exchange_parts(parts, plan)) == [*parts, "left", "left", "left"]
    assert torch.equal(rows.images([9]), rows.images()[9:10])
