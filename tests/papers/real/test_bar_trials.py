"Parts, inferred groups and tables of the study of BAR, on features whose shortcut is known."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.data.grouped import GroupedImages
from spurious_core.papers.real import bar_trials
from spurious_core.papers.real.bar_trials import (
    SURENESS,
    UNSURE,
    bar_entries,
    bar_gains,
    bar_pairs,
    bar_table,
    bar_trial,
    kept_trial,
    last_layer_depth,
    part_pictures,
    refused,
    with_inferred_groups,
)
from spurious_core.papers.real.plans import EXCHANGES


@pytest.fixture(scope="module")
def data():
    "Two actions; the place goes with the action in training and against it in the test."
    y = np.arange(400) % 2
    split = np.where(np.arange(400) < 300, "train", "test")
    files = [f"{i}.png" for i in range(400)]
    manifest = pd.DataFrame(dict(y=y, a=(split == "test").astype(int), split=split, file=files))
    images = GroupedImages(manifest, ["climbing", "racing"], ["usual", "conflicting"], "bar")
    rng = np.random.default_rng(0)
    usual = np.where(split == "train", rng.random(400) < 0.9, rng.random(400) < 0.1)
    place = np.where(usual, y, 1 - y)
    features = rng.normal(size=(400, 5))
    features[:, 0] += 1.5 * y
    features[:, 1] += 4 * place
    return images, torch.from_numpy(features).float(), place


def test_parts_are_shares_of_each_action_and_the_test_stays(data):
    images, _, _ = data
    one, two = part_pictures(images, 0), part_pictures(images, 1)
    assert (one[300:] == "test").all() and set(one[:300]) == {"train", "val", "aligned"}
    counts = pd.crosstab(one[:300], images.y[:300]).to_dict("index")
    assert all(counts[part][0] == counts[part][1] for part in counts) and counts["train"][0] in (
        104,
        105,
        106,
    )
    assert (one != two).any()


def logits_of(place):
    "Of a head that goes by the place, more or less surely."
    sure = 1 + np.random.default_rng(1).random(len(place))
    return np.where(np.arange(2) == place[:, None], sure[:, None], -sure[:, None])


def test_groups_are_the_least_sure_of_every_action(data):
    images, features, place = data
    rows = with_inferred_groups(images, features, logits_of(place))
    assert rows.attributes == list(SURENESS) and rows.features.shape == features.shape
    train = (images.manifest.split == "train").to_numpy()
    for y in (0, 1):
        members = train & (images.y == y)
        assert rows.a[members].mean() == pytest.approx(UNSURE, abs=0.02)
        assert rows.a[members & (place != y)].mean() > 0.9  # those in the other's place


@pytest.mark.slow
def test_groups_help_where_the_place_conflicts(data):
    images, features, place = data
    rows, parts = with_inferred_groups(images, features, logits_of(place)), part_pictures(images, 0)
    depth = last_layer_depth(150)
    plain, refitted = (bar_trial(method, rows, parts, 0, depth) for method in ("ERM", "DFR"))
    assert plain["aligned"] > plain["conflicting"] + 0.1
    assert refitted["conflicting"] > plain["conflicting"] + 0.05
    assert plain["wga"] <= plain["conflicting"]


def test_a_trial_is_read_where_the_same_was_done(data, tmp_path, monkeypatch):
    images, features, place = data
    rows, parts = with_inferred_groups(images, features, logits_of(place)), part_pictures(images, 0)
    asked = rows, parts, 0, last_layer_depth(2)
    trial = kept_trial(tmp_path, "ERM", *asked)
    assert trial == bar_trial("ERM", *asked)

    def refuse(*_):
        raise AssertionError("done again")

    monkeypatch.setattr(bar_trials, "bar_trial", refuse)
    assert kept_trial(tmp_path, "ERM", *asked) == trial
    turned = replace(rows, features=rows.features.flip(0))
    other = dict(arm="exchanged"), dict(depth=last_layer_depth(3)), dict(seed=1), dict(rows=turned)
    for changes in other:
        given = dict(zip(("rows", "parts", "seed", "depth"), asked, strict=True)) | changes
        with pytest.raises(AssertionError, match="done again"):
            kept_trial(tmp_path, "ERM", **given)


def test_a_group_that_is_missing_is_a_reason(data):
    images, features, place = data
    rows = with_inferred_groups(images, features, logits_of(place))
    train, val = rows.subset(range(200)), rows.subset(range(200, 300))
    assert refused("DFR", train, val) is None
    sure = val.subset(np.flatnonzero(val.a == 0))
    assert refused("ERM", train, sure) is None and "DFR" in refused("DFR", train, sure)


def test_tables_are_over_seeds():
    values = dict(wga=[0.1, 0.2, 0.3, 0.2, 0.2], conflicting=[0.5] * 5, aligned=[0.9] * 5)
    erm = pd.DataFrame(dict(method="ERM", seed=range(5)) | values)
    trials = pd.concat([erm, erm.assign(method="JTT", wga=erm.wga + 0.2)])
    table, gains = bar_table(trials), bar_gains(trials, [("JTT", "ERM")])
    entries = {entry["key"]: entry for entry in bar_entries(table, gains)}
    assert entries["wga.bar.JTT"]["value"] == pytest.approx(0.4) and entries["wga.bar.JTT"]["n"] == 5
    gain = entries["wga_gain.bar.JTT_over_ERM"]
    assert gain["value"] == pytest.approx(0.2) and {e["over"] for e in entries.values()} == {"seeds"}


def test_depths_are_compared_with_their_own_plain_training():
    fitted = ["ERM", "JTT", "DFR", "ERM_last_blocks", "JTT_last_blocks", *EXCHANGES]
    pairs = set(bar_pairs(fitted))
    assert {("JTT_last_blocks", "JTT"), ("JTT_last_blocks", "ERM_last_blocks"), ("JTT", "ERM")} <= pairs
    assert {("DFR", "JTT"), EXCHANGES, ("own_class_exchange", "ERM")} <= pairs
    assert ("ERM_last_blocks", "ERM") in pairs and ("JTT_last_blocks", "ERM") not in pairs
    assert not bar_pairs(["ERM"])
