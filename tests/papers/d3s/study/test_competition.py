"Who takes part in which task, and how it is ranked."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.d3s.strong_correlation import anticorrelated, correlated, usual_backgrounds
from spurious_core.papers.d3s.study import competition
from spurious_core.papers.d3s.study.competition import (
    compete,
    fixed_features,
    rank_methods,
    task_variants,
    with_generated,
)
from spurious_core.papers.d3s.study.inputs import only_classes
from spurious_core.papers.d3s.study.shortcut import ShortcutTask
from spurious_core.papers.d3s.study.study_plans import D3SPlan
from support.d3s import LABELS, pictures, small_network


def study_of(folder, updates=1):
    "A study of your own pictures."
    plan = D3SPlan(1, 4, 4, None, 2, 1, updates=updates, task=1, share=1.0)
    return SimpleNamespace(inputs=SimpleNamespace(world=None), plan=plan, device="cpu", folder=folder)


def test_heads_read_all_features_or_the_foreground_part():
    model = SimpleNamespace(clf="network", cut=12)
    heads = fixed_features("before", dict(none=model, wasserstein=model))
    assert heads == {
        "all_features": ("before", None),
        "foreground_none": ("network", 12),
        "foreground": ("network", 12),
    }


def test_without_a_renderer_there_is_one_task_and_its_results_lie_in_its_folder(tmp_path):
    data = pictures(400)
    usual = usual_backgrounds(data, 0)
    task = ShortcutTask(correlated(data, usual, 0.8), anticorrelated(data, usual))
    study = study_of(tmp_path)
    tasks = task_variants(study, task, None, 5)
    assert tasks == dict(anticorrelated=task)
    network = small_network()
    parts = dict(mine=SimpleNamespace(clf=network, cut=8))
    table = compete(study, 5, tasks, network, parts, pictures(120, seed=1))
    rivals = ["ERM", "GroupDRO"]
    controls = [f"{name}_plus_generated" for name in rivals]
    assert table.method.tolist() == [*rivals, "all_features", "foreground_mine", *controls]
    assert set(table.task) == {"anticorrelated"}
    assert (table.seed == 5).all()
    for folder in ("task/seed5", "plus_generated/anticorrelated/seed5"):
        assert {p.name for p in (tmp_path / folder).iterdir()} == set(rivals)


def test_generated_pictures_of_some_classes_keep_what_they_are_beside_the_tasks():
    task_pictures, generated = pictures(40), only_classes(pictures(60, seed=1), LABELS[2:])
    both = with_generated(task_pictures, generated)
    assert len(both) == 40 + 30 and both.labels == LABELS
    assert (both.y[:40] == task_pictures.y).all()
    assert (both.y[40:] == generated.y + 2).all()
    assert (both.a[40:] == generated.a).all()
    assert (both.images()[40:] == generated.images()).all()


def test_controls_learn_the_tasks_pictures_and_the_generated_ones_and_have_no_heads(tmp_path, monkeypatch):
    seen = []

    def remember(train, test, start, heads, out_dir, **options):
        seen.append((train, test, start, list(heads), options["config"], options["seed"]))
        return pd.DataFrame(dict(method=["ERM", "GroupDRO"], value=0.5))

    monkeypatch.setattr(competition, "anticorrelated_accuracy", remember)
    task, network = ShortcutTask(pictures(40), pictures(80)), small_network()
    parts, generated = dict(none=SimpleNamespace(clf=network, cut=8)), pictures(60, seed=1)
    compete(study_of(tmp_path, 6), 7, dict(anticorrelated_pure=task), network, parts, generated)
    (alone, *same), (both, *controls) = seen
    assert alone is task.train
    assert [options.pop(3).epochs for options in (same, controls)] == [6, 3]  # of 1 and 2 batches
    assert (both.images() == np.concatenate([task.train.images(), generated.images()])).all()
    assert (same.pop(2), controls.pop(2)) == (["all_features", "foreground_none"], [])
    assert same == controls  # test, start and seed


def test_the_withheld_task_trains_nothing_twice(tmp_path):
    data = pictures(200)
    usual = usual_backgrounds(data, 0)
    task = ShortcutTask(correlated(data, usual, 0.8), anticorrelated(data, usual))
    study = study_of(tmp_path)
    request = small_network(), {}, pictures(120, seed=1)
    compete(study, 0, dict(anticorrelated=task), *request)
    fits = {path: path.stat().st_mtime_ns for path in (tmp_path / "task").rglob("*.safetensors")}
    compete(study, 0, dict(anticorrelated_withheld=task), *request)
    assert fits and {path: path.stat().st_mtime_ns for path in fits} == fits
    assert not (tmp_path / "anticorrelated_withheld").exists()


def test_one_seed_keeps_its_interval_over_pictures_and_five_have_one_over_seeds():
    def table(value):
        row = dict(task="anticorrelated_pure", method=["ERM", "foreground"])
        return pd.DataFrame(row).assign(value=value, lo=0.1, hi=0.9, n=50)

    one = rank_methods([table(0.5)], "mini_x")
    assert one.key.tolist() == ["anticorrelated.mini_x_pure.ERM", "anticorrelated.mini_x_pure.foreground"]
    assert (one.lo[0], one.hi[0], one.n[0], one.over[0]) == (0.1, 0.9, 50, "images")
    three = rank_methods([table(0.4), table(0.5), table(0.6)], "mini_x")
    assert three.value.tolist() == pytest.approx([0.5, 0.5])
    assert (three.n == 150).all()
    assert (three.over == "images within seeds").all()
    np.testing.assert_allclose(three[["lo", "hi"]], [[0.1, 0.9]] * 2)
    five = rank_methods([table(value) for value in (0.4, 0.45, 0.5, 0.55, 0.6)], "mini_x")
    assert (five.n == 5).all()
    assert (five.over == "seeds").all()
    assert np.all(five.lo > 0.4)
