"Arms, probes of all networks, and intervals over seeds."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.d3s.study.part_networks import (
    average_over_seeds,
    chance_rows,
    disentangle_arms,
    interval_over_seeds,
    loss_curves,
    penalty_arms,
    probe_bars,
    probe_networks,
    probe_rows,
    probe_summary,
    probe_table,
)
from spurious_core.papers.d3s.study.study_plans import D3SPlan
from support.d3s import N_CLASSES, N_SCENES, pictures, small_network
from support.figures import bare_bars
from support.legends import covering_legends

PLAN = D3SPlan(1, 4, 4, None, 2, 1, 1, 1, 1.0, training=dict(pretrain=1, steps=2, batch=48, widths=(4,)))


def test_the_arm_none_pays_nothing():
    arms = penalty_arms(PLAN)
    assert list(arms) == ["none", "wasserstein", "mine"]
    assert (arms["none"].penalty, arms["none"].linear) == ("none", 0.0)
    assert arms["mine"].linear > 0


def test_all_networks_of_all_seeds_are_trained_in_their_folder_and_probed(tmp_path):
    study = SimpleNamespace(plan=PLAN, seeds=range(2, 4), device="cpu", folder=tmp_path)
    data = pictures(240)
    data.manifest = data.manifest.assign(kept=True, split=["train"] * 120 + ["val"] * 60 + ["test"] * 60)
    sets, before = {2: data, 3: data}, {2: small_network(2), 3: small_network(3)}
    arms = {name: penalty_arms(PLAN)[name] for name in ("none", "wasserstein")}
    parted = disentangle_arms(study, before, sets, arms)
    assert set(parted) == {(name, seed) for name in arms for seed in (2, 3)}
    assert {path.name for path in (tmp_path / "networks").iterdir()} == {
        f"{name}_seed{seed}" for name, seed in parted
    }
    read = probe_networks(study, before, parted, sets)
    assert read.groupby(["network", "seed", "kind"]).size().tolist() == [6] * 12
    summary = probe_summary(read)
    assert list(summary.network.unique()) == ["before", "none", "wasserstein"]
    one = read[(read.network == "none") & (read.kind == "mlp") & (read.probe == "fg_from_bg")].value
    row = summary[(summary.network == "none") & (summary.kind == "mlp") & (summary.probe == "fg_from_bg")]
    assert row.value.item() == pytest.approx(one.mean())
    chances = chance_rows(read, "mini_x").set_index("key").value
    assert chances["chance_fg.mini_x.majority"] == pytest.approx(1 / N_CLASSES)
    assert chances["chance_bg.mini_x.majority"] == pytest.approx(1 / N_SCENES)
    assert list(probe_table(summary)) == ["before", "none", "wasserstein", "chance"]
    fig = loss_curves(parted["wasserstein", 2].history)
    assert {line.get_label() for line in fig.axes[0].lines} == {"ce_fg", "ce_bg"}
    assert len(fig.axes[1].lines) == 4
    assert covering_legends(fig) == []


def test_probes_of_few_seeds_keep_their_intervals_over_pictures_and_every_bar_has_one():
    rows = [
        dict(network=network, seed=seed, kind="linear", probe=probe, value=0.5 + seed / 10, chance=0.1)
        | dict(lo=0.4 + seed / 10, hi=0.7, n=40)
        for network in ("before", "wasserstein")
        for probe in ("fg_from_fg", "bg_from_bg", "fg_from_bg", "bg_from_fg")
        for seed in range(3)
    ]
    summary = probe_summary(pd.DataFrame(rows))
    assert summary.value.tolist() == pytest.approx([0.6] * 8)
    assert summary.lo.tolist() == pytest.approx([0.5] * 8)
    assert summary.hi.tolist() == pytest.approx([0.7] * 8)
    assert set(summary.n) == {120} and set(summary.over) == {"images within seeds"}
    assert bare_bars(probe_bars(summary)) == 0


def test_the_studys_own_network_and_the_linear_kind_go_without_saying():
    names = [("wasserstein", "linear"), ("wasserstein", "mlp"), ("none", "linear"), ("before", "mlp")]
    rows = [dict(network=n, kind=kind, probe="bg_from_fg", value=0.5) for n, kind in names]
    assert probe_rows(pd.DataFrame(rows)).key.tolist() == [
        "probe.bg_from_fg",
        "probe.mlp.bg_from_fg",
        "probe.none.bg_from_fg",
        "probe.before.mlp.bg_from_fg",
    ]


def test_few_seeds_keep_their_intervals_over_pictures_and_five_have_one_over_seeds():
    rows = pd.DataFrame(dict(value=[-0.2, 0.1, 0.4, 0.5, 0.6], lo=-0.5, hi=0.9, n=50))
    one, two = average_over_seeds(rows[:1]), average_over_seeds(rows[:2])
    assert (one["n"], one["over"]) == (50, "images")
    assert (two["lo"], two["hi"], two["n"], two["over"]) == (-0.5, 0.9, 100, "images within seeds")
    assert two["value"] == pytest.approx(-0.05)
    five = average_over_seeds(rows, bounds=(-1, 1))
    assert (five["n"], five["over"]) == (5, "seeds")
    assert -0.2 < five["lo"] < five["value"] == pytest.approx(0.28)
    low = average_over_seeds(rows.assign(value=-1.0), bounds=(-1, 1))
    assert low["lo"] == -1 < low["hi"] < 1


def test_intervals_stay_among_shares_and_a_few_seeds_have_none():
    row = interval_over_seeds([0.97, 1.0, 0.99, 1.0, 1.0])
    assert row["lo"] < row["value"] == pytest.approx(0.992)
    assert row["value"] < row["hi"] <= 1
    assert (row["n"], row["over"]) == (5, "seeds")
    assert np.isnan(interval_over_seeds([0.97, 1.0, 0.99])["lo"])
