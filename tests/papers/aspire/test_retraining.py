"Generated pictures are groups of their own, arms have equal budgets, and DFR keeps the network."

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate.config import MitigationConfig
from spurious_core.mitigate.networks import small_resnet
from spurious_core.papers.aspire.retraining import add_generated, retrain, with_origin

CONFIG = MitigationConfig(lr=1e-3, epochs=2, batch=16)


def grouped(counts, split="train", seed=0, origin="real", attributes=("left", "right")):
    "8x8 pictures: class in the red channel, attribute in the blue one."
    rng = np.random.default_rng(seed)
    n_attributes = len(attributes)
    group = rng.permutation(np.repeat(np.arange(2 * n_attributes), counts))
    y, a = group // n_attributes, group % n_attributes
    pixels = rng.integers(0, 30, (len(y), 8, 8, 3)).astype(np.uint8)
    pixels[..., 0] += (100 * y).astype(np.uint8)[:, None, None]
    pixels[..., 2] += (100 * a).astype(np.uint8)[:, None, None]
    manifest = pd.DataFrame(dict(y=y, a=a, split=split, g=origin))
    return GroupedImages(manifest, ["cat", "dog"], list(attributes), pixels=pixels)


REAL = grouped([30, 3, 3, 30])
VAL = grouped([12] * 4, "val", 1)
DRAWN = grouped([20, 20], seed=2, origin="generated", attributes=("generated",))


def net():
    return small_resnet(REAL.labels, (4, 8))


@pytest.fixture(scope="module")
def plain():
    return retrain("ERM", REAL, VAL, net, CONFIG, None, 40, progress=False)


def test_generated_pictures_are_groups_of_their_own():
    data = add_generated(REAL, DRAWN)
    assert data.attributes == with_origin(VAL).attributes == ["left", "right", "generated"]
    assert np.bincount(data.group, minlength=6).tolist() == [30, 3, 20, 3, 30, 20]
    assert ((data.a == 2) == (data.manifest.g == "generated")).all()


def test_the_sets_that_are_joined_stay_as_they_were():
    add_generated(REAL, DRAWN)
    assert DRAWN.attributes == ["generated"]
    assert REAL.attributes == ["left", "right"]


def test_arms_see_equally_many_images(plain):
    more = retrain("ERM", REAL, VAL, net, CONFIG, DRAWN, 40, progress=False)
    seen, seen_more = (len(fitted.history) * len(fitted.train) for fitted in (plain, more))
    assert abs(seen - seen_more) <= len(REAL) // 2
    assert len(more.train) == len(REAL) + 40


@pytest.mark.parametrize("method", ["GroupDRO", "SUBG", "LISA", "JTT", "EIIL"])
def test_methods_take_generated_pictures(method):
    fitted = retrain(method, REAL, VAL, net, CONFIG.with_(epochs=1), DRAWN, 40, progress=False)
    assert np.isfinite(fitted.probs(VAL)).all()


def test_dfr_fits_its_last_layer_on_generated_pictures_too_and_keeps_the_network(plain):
    without, with_drawn = (
        retrain("DFR", REAL, VAL, net, CONFIG, data, 40, plain, progress=False) for data in (None, DRAWN)
    )
    kept = {name: p for name, p in plain.clf.state_dict().items() if "classifier" not in name}
    for fitted in (without, with_drawn):
        state = fitted.clf.state_dict()
        assert all((state[name] == parameter).all() for name, parameter in kept.items())
    assert (without.clf.head_weight != with_drawn.clf.head_weight).any()


def test_only_dfr_is_given_the_plain_network(plain):
    "Another method would refuse it."
    assert retrain("ERM", REAL, VAL, net, CONFIG, DRAWN, base=plain, progress=False).method.name == "ERM"
