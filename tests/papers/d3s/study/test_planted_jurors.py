"Jurors of a world in which backgrounds tell the class, and what they lose where backgrounds don't."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.worlds import get_world
from spurious_core.papers.d3s.study.planted_jurors import (
    juror_accuracies,
    juror_bars,
    juror_drops,
    juror_shares,
    planted_pictures,
    planted_world,
)
from spurious_core.papers.d3s.study.study_plans import D3SPlan
from support.legends import covering_legends

NAMES = ["boat", "car", "house"]


def study_of(folder, task=60, planted=(0.95, 0.975)):
    plan = D3SPlan(1, 3, 4, None, 2, 1, updates=1, task=task, planted=planted)
    inputs = SimpleNamespace(world=get_world("d3s"))
    return SimpleNamespace(inputs=inputs, plan=plan, labels=NAMES, size=64, device="cpu", folder=folder)


def test_jurors_are_called_by_how_much_is_planted_and_the_last_has_nothing(tmp_path):
    shares = juror_shares(study_of(tmp_path))
    assert shares == dict(planted_95=0.95, planted_97_5=0.975, unplanted=0.1)


def test_every_class_has_a_background_of_its_own_as_often_as_asked(tmp_path):
    study = study_of(tmp_path, task=150)
    world = planted_world(study, 1)
    usual = {plant.label: plant.values[0] for plant in world.plants}
    assert list(usual) == NAMES and len(set(usual.values())) == 3
    assert usual != {plant.label: plant.values[0] for plant in planted_world(study, 2).plants}
    for share in (0.95, 0.1):
        manifest = planted_pictures(study, share, "train", 1).manifest
        assert (manifest.scene == manifest.label.map(usual)).mean() == pytest.approx(share, abs=0.06)
    assert (world.faint, world.labels) == (1 / 3, NAMES)
    assert manifest.opacity[manifest.opacity < 1].between(0.05, 0.4).all()


def test_each_juror_is_asked_about_new_pictures_of_its_world_and_about_the_others(tmp_path):
    study = study_of(tmp_path)
    others = dict(generated=planted_pictures(study, 0.1, "train", 5))
    read = juror_accuracies(study, 4, others)
    assert read.juror.tolist() == ["planted_95"] * 2 + ["planted_97_5"] * 2 + ["unplanted"] * 2
    assert read.pictures.tolist() == ["own_world", "generated"] * 3
    assert read.n.tolist() == [15, 60] * 3
    assert (read.seed == 4).all()
    assert {path.name for path in (tmp_path / "jurors").iterdir()} == {f"{n}_seed4" for n in set(read.juror)}
    assert covering_legends(juror_bars(read)) == []


def read_of(values, seed=0):
    "Accuracies of two planted jurors and one that isn't: own world, rendered, generated."
    named = dict(juror=np.repeat(["planted_95", "planted_99", "unplanted"], 3))
    read = pd.DataFrame(named | dict(pictures=["own_world", "rendered", "generated"] * 3, seed=seed))
    return read.assign(value=values, lo=np.subtract(values, 0.03), hi=np.add(values, 0.04), n=500)


def test_a_drop_is_of_the_own_world_less_the_others_and_the_jury_is_the_planted_ones():
    read = read_of([0.9, 0.8, 0.7, 0.9, 0.6, 0.4, 0.8, 0.9, 0.85])
    drops = juror_drops(read, "mini_x").set_index("key")
    assert drops.value["juror_drop.mini_x.planted_95"] == pytest.approx(0.2)
    assert drops.value["juror_drop_rendered.mini_x.planted_99"] == pytest.approx(0.3)
    assert drops.value["juror_drop.mini_x.unplanted"] == pytest.approx(-0.05)
    assert drops.value["juror_drop.mini_x.jury"] == pytest.approx(0.35)
    jury = drops.loc["juror_drop.mini_x.jury"]
    assert (jury.lo, jury.hi) == pytest.approx((0.35 - 0.05, 0.35 + 0.05))  # 0.03 and 0.04, squared and added
    assert (jury.n, jury.over) == (500, "images")


def test_an_interval_is_over_seeds_from_five_on_and_between_minus_one_and_one():
    values = np.array([1.0, 0.5, 0.0, 1.0, 0.5, 0.0, 0.0, 0.5, 1.0])
    drops = juror_drops(pd.concat([read_of(values, seed) for seed in range(5)]), "mini_x").set_index("key")
    for juror, value in dict(jury=1, unplanted=-1).items():
        row = drops.loc[f"juror_drop.mini_x.{juror}"]
        assert row.value == value and -1 <= row.lo <= value <= row.hi <= 1
        assert (row.n, row.over) == (5, "seeds")
