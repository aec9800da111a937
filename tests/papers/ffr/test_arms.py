"Between real and synthetic: groups mixed up, a second stage that forgets, arms that see unequal numbers."

import numpy as np
import pytest
import torch

from spurious_core.mitigate.config import MitigationConfig
from spurious_core.mitigate.networks import small_resnet
from spurious_core.mitigate.presets import preset
from spurious_core.papers.ffr.arms import by_origin, choose_rate, first_stage, fit_arm, mixed
from spurious_core.papers.ffr.budgets import SYNTHETIC, synthetic_counts

CONFIG = MitigationConfig(lr=1e-3, epochs=2, batch=32)


def net():
    return small_resnet(["no", "yes"], (4, 8))


@pytest.fixture(scope="module")
def first(sources):
    return first_stage(sources, net, CONFIG, progress=False)


def test_origin_becomes_part_of_the_group(sources):
    data = by_origin(mixed(sources, "usb", 0))
    assert data.attributes == ["left, real", "left, generated", "right, real", "right, generated"]
    assert np.bincount(data.group, minlength=8).tolist() == [40, 0, 2, 38, 3, 37, 40, 0]
    assert ((data.a % 2 == 1) == (data.manifest.g == "generated")).all()
    assert ((data.pixels[..., 2].mean((1, 2)) > 60) == data.a // 2).all()


def test_only_two_schemes_mix(sources):
    with pytest.raises(ValueError, match="scheme='ffr' is unknown; allowed: usb, asb"):
        mixed(sources, "ffr", 0)


def test_the_first_stage_sees_balanced_synthetic_pictures(first):
    assert set(first.train.manifest.g) == {"generated"}
    assert len(np.unique(np.bincount(first.train.group))) <= 2


def test_the_second_stage_starts_where_the_first_ended(first, sources):
    frozen = CONFIG.with_(lr=1e-12, weight_decay=0.0)
    second = fit_arm("ffr", "ERM", sources, net, frozen, first=first, progress=False)
    other = fit_arm("usb", "ERM", sources, net, frozen, progress=False)
    weight = first.clf.head_weight
    assert torch.allclose(second.clf.head_weight, weight, atol=1e-6)
    assert not torch.allclose(other.clf.head_weight, weight, atol=1e-3)
    assert set(second.train.manifest.g) == {"real"}
    assert set(other.train.manifest.g) == {"real", "generated"}


def test_arms_see_equally_many_images(sources):
    fits = {arm: fit_arm(arm, "ERM", sources, net, CONFIG, progress=False) for arm in SYNTHETIC}
    seen = {arm: len(fitted.history) * len(fitted.train) for arm, fitted in fits.items()}
    seen["ffr"] += CONFIG.epochs * synthetic_counts([40, 2, 3, 40], "ffr").sum()
    assert seen["usb"] == seen["asb"] == seen["ffr"]
    assert abs(seen["none"] - seen["usb"]) < len(sources.real)


@pytest.mark.parametrize("method", ["Resample", "GroupDRO", "DFR"])
def test_methods_that_use_groups_take_mixed_sets(method, sources):
    fitted = fit_arm("asb", method, sources, net, CONFIG.with_(epochs=1), progress=False)
    assert np.isfinite(fitted.probs(sources.val)).all()
    assert len(fitted.train.attributes) == 4


def test_the_rate_of_the_second_stage_is_chosen_on_validation(first, sources):
    rates = (1.0, 1e-9)
    rate, second = choose_rate(sources, first, CONFIG, rates=rates, progress=False)
    assert rate in rates
    assert second.config.lr == CONFIG.lr * rate
    options = dict(first=first, progress=False)
    tried = [fit_arm("ffr", "ERM", sources, net, CONFIG, rate=r, **options) for r in rates]
    best = max(fitted.history.val_wga.max() for fitted in tried)
    assert second.history.val_wga.max() >= best - 1e-9


def test_an_unknown_way_to_spend_the_budget(sources):
    with pytest.raises(ValueError, match="synthetic='all' is unknown; allowed: none, usb, asb, ffr"):
        fit_arm("all", "ERM", sources, net, CONFIG)


@pytest.mark.parametrize("method", ["ERM", "Resample", "GroupDRO", "DFR"])
def test_the_settings_that_the_studys_evidence_was_made_with_stay(method):
    settings = preset("mini_waterbirds", method)
    assert (settings.lr, settings.epochs, settings.batch) == (3e-3, 12, 64)
    assert (settings.weight_decay, settings.lr_schedule) == (1e-2, "cosine")
    if method == "GroupDRO":
        assert settings.hyperparameters["eta"] == 0.1
