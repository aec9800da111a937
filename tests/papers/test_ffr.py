"What could go wrong between real and synthetic: unequal budgets, groups mixed up, pictures that change when more are asked for, a second stage that forgets the first."

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import StableDiffusionPipeline

from spurious_core.data.datasets import GroupedImages, concatenate
from spurious_core.data.miniworld import get_world
from spurious_core.mitigate.mitigate import preset
from spurious_core.mitigate.recipes import MitigationConfig, small_resnet
from spurious_core.papers.ffr import (
    SYNTHETIC,
    biased,
    by_origin,
    choose_rate,
    draw_groups,
    first_stage,
    fit_arm,
    group_prompts,
    mixed,
    synthetic_counts,
    take,
)


def grouped(counts, g="real", split="train", seed=0):
    "Interleaved 8x8 pictures: class in the red channel, attribute in the blue one."
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(4), counts))
    y, a = group // 2, group % 2
    x = rng.integers(0, 30, (len(y), 8, 8, 3)).astype(np.uint8)
    x[..., 0] += (100 * y).astype(np.uint8)[:, None, None]
    x[..., 2] += (100 * a).astype(np.uint8)[:, None, None]
    return GroupedImages(
        pd.DataFrame(dict(y=y, a=a, split=split, g=g)), ["no", "yes"], ["left", "right"], pixels=x
    )


REAL, VAL, POOL = (
    grouped([40, 2, 3, 40]),
    grouped([10] * 4, split="val", seed=1),
    grouped([45] * 4, "generated", seed=2),
)
CONFIG = MitigationConfig(lr=1e-3, epochs=2, batch=32)


def net():
    return small_resnet(REAL.labels, (4, 8))


@pytest.mark.parametrize("counts", [[40, 2, 3, 40], [5, 5, 5, 5], [1000, 1, 7, 933], [10, 0, 0, 10]])
def test_the_three_schemes_share_one_budget(counts):
    n = {s: synthetic_counts(counts, s) for s in SYNTHETIC}
    assert (
        n["usb"].sum() == n["asb"].sum() == n["ffr"].sum() == 4 * max(counts) - sum(counts)
        and not n["none"].any()
    )
    assert len(set(n["usb"] + counts)) == 1 and np.ptp(n["ffr"]) <= 1 and (n["asb"] == n["ffr"]).all()


def test_biased_keeps_exact_counts_of_interleaved_rows():
    whole = grouped([60] * 4)
    d = biased(whole, 0.9, 3, (0, 1), n=45)
    assert np.bincount(d.group).tolist() == [45, 5, 5, 45]
    assert ((d.pixels[..., 0].mean((1, 2)) > 60) == d.y).all() and (
        (d.pixels[..., 2].mean((1, 2)) > 60) == d.a
    ).all()
    assert np.bincount(biased(whole, 0.999, 3, (0, 1), n=45, least=4).group).tolist() == [45, 4, 4, 45]
    assert np.bincount(biased(whole, 0.9, 3, (1, 0)).group).tolist() == [7, 60, 60, 7]
    for kw, why in (
        (dict(ratio=0.3), "must lie in"),
        (dict(majority=(0,)), "names 1 attributes for 2"),
        (dict(n=61), "has 60 images"),
    ):
        with pytest.raises(ValueError, match=why):
            biased(**(dict(data=whole, ratio=0.9, seed=0, majority=(0, 1)) | kw))


def test_origin_becomes_part_of_the_group():
    d = by_origin(mixed(REAL, POOL, "usb", 0))
    assert d.attributes == ["left, real", "left, generated", "right, real", "right, generated"]
    assert np.bincount(d.group, minlength=8).tolist() == [40, 0, 2, 38, 3, 37, 40, 0]
    assert ((d.a % 2 == 1) == (d.manifest.g == "generated")).all() and (
        (d.pixels[..., 2].mean((1, 2)) > 60) == d.a // 2
    ).all()


def test_take_is_random_by_seed_and_says_what_is_missing():
    a, b, c = (take(POOL, [4, 0, 3, 2], s) for s in (0, 0, 1))
    assert (
        np.bincount(a.group, minlength=4).tolist() == [4, 0, 3, 2]
        and (a.pixels == b.pixels).all()
        and (a.pixels != c.pixels).any()
    )
    with pytest.raises(ValueError, match="46 images of 'no, right' are wanted, 45 are there"):
        take(POOL, [0, 46, 0, 0], 0)


def test_the_second_stage_starts_where_the_first_ended():
    first = first_stage(REAL, VAL, POOL, net, CONFIG, progress=False)
    frozen = CONFIG.but(lr=1e-12, weight_decay=0.0)
    second = fit_arm("ffr", "ERM", REAL, VAL, POOL, net, frozen, first=first, progress=False)
    other = fit_arm("usb", "ERM", REAL, VAL, POOL, net, frozen, progress=False)
    assert torch.allclose(second.clf.head_weight, first.clf.head_weight, atol=1e-6) and not torch.allclose(
        other.clf.head_weight, first.clf.head_weight, atol=1e-3
    )
    assert (
        set(first.train.manifest.g) == {"generated"}
        and set(second.train.manifest.g) == {"real"}
        and set(other.train.manifest.g) == {"real", "generated"}
    )
    assert len(np.unique(np.bincount(first.train.group))) <= 2  # balanced


def test_arms_see_equally_many_images():
    fitted = {s: fit_arm(s, "ERM", REAL, VAL, POOL, net, CONFIG, progress=False) for s in SYNTHETIC}
    seen = {s: len(f.history) * len(f.train) for s, f in fitted.items()}
    seen["ffr"] += CONFIG.epochs * synthetic_counts([40, 2, 3, 40], "ffr").sum()
    assert seen["usb"] == seen["asb"] == seen["ffr"] and abs(seen["none"] - seen["usb"]) < len(REAL)


@pytest.mark.parametrize("method", ["Resample", "GroupDRO", "DFR"])
def test_methods_that_use_groups_take_mixed_sets(method):
    fitted = fit_arm("asb", method, REAL, VAL, POOL, net, CONFIG.but(epochs=1), progress=False)
    assert np.isfinite(fitted.probs(VAL)).all() and len(fitted.train.attributes) == 4


def test_drawn_groups_do_not_depend_on_how_many_are_asked_for(tiny_pipeline, tmp_path):
    pipe = (
        StableDiffusionPipeline.from_pretrained(tiny_pipeline)
        if not hasattr(tiny_pipeline, "unet")
        else tiny_pipeline
    )
    prompts = group_prompts(get_world("waterbirds"))
    assert [len(p) for p in prompts] == [2] * 4 and all("landbird" in p for p in prompts[1])
    few, many = (
        draw_groups(
            pipe, prompts, n, ["l", "w"], ["land", "water"], tmp_path / str(sum(n)), steps=2, progress=False
        )
        for n in ([3, 0, 1, 2], [5, 2, 1, 4])
    )
    for g, n in ((0, 3), (2, 1), (3, 2)):
        a, b = few.subset(few.group == g), many.subset(many.group == g)
        assert (
            a.manifest.seed.tolist() == b.manifest.seed.tolist()[:n]
            and abs(a.pixels.astype(int) - b.pixels[:n]).max() <= 1
        )
    assert set(concatenate([few, many]).manifest.g) == {"generated"}
    with pytest.raises(ValueError, match="no attribute"):
        group_prompts(get_world("imagenet_like"))


def test_the_rate_of_the_second_stage_is_chosen_on_validation():
    first = first_stage(REAL, VAL, POOL, net, CONFIG, progress=False)
    rate, second = choose_rate(REAL, VAL, first, CONFIG, rates=(1.0, 1e-9), progress=False)
    assert (
        rate in (1.0, 1e-9)
        and second.config.lr == CONFIG.lr * rate
        and second.history.val_wga.max()
        >= max(
            fit_arm(
                "ffr", "ERM", REAL, VAL, POOL, net, CONFIG, first=first, rate=r, progress=False
            ).history.val_wga.max()
            for r in (1.0, 1e-9)
        )
        - 1e-9
    )


def test_the_settings_that_the_studys_evidence_was_made_with_stay():
    of = lambda m: preset("mini_waterbirds", m)
    assert (
        all(
            (of(m).lr, of(m).epochs, of(m).batch, of(m).weight_decay, of(m).lr_schedule)
            == (3e-3, 12, 64, 1e-2, "cosine")
            for m in ("ERM", "Resample", "GroupDRO", "DFR")
        )
        and of("GroupDRO").knobs["eta"] == 0.1
    )
