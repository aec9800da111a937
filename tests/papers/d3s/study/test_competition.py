"Who takes part in which task, and how it is ranked."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.d3s.strong_correlation import anticorrelated, correlated, usual_backgrounds
from spurious_core.papers.d3s.study.competition import compete, fixed_features, rank_methods, task_variants
from spurious_core.papers.d3s.study.shortcut import ShortcutTask
from spurious_core.papers.d3s.study.study_plans import D3SPlan
from support.d3s import pictures, small_network


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
    plan = D3SPlan(1, 4, 4, None, 2, 1, epochs=1, task=1, share=1.0)
    study = SimpleNamespace(inputs=SimpleNamespace(world=None), plan=plan, device="cpu", folder=tmp_path)
    tasks = task_variants(study, task, None, 5)
    assert tasks == dict(anticorrelated=task)
    network = small_network()
    table = compete(study, 5, tasks, network, dict(mine=SimpleNamespace(clf=network, cut=8)))
    assert table.method.tolist() == ["ERM", "GroupDRO", "all_features", "foreground_mine"]
    assert set(table.task) == {"anticorrelated"}
    assert (table.seed == 5).all()
    assert {p.name for p in (tmp_path / "task" / "seed5").iterdir()} == {"ERM", "GroupDRO"}


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
