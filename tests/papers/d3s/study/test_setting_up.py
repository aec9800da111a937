"What all parts of a study share, and what its numbers become."

from types import SimpleNamespace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from spurious_core.app.metrics import Metrics
from spurious_core.core.settings import load_profile
from spurious_core.papers.d3s.plans import Recipe
from spurious_core.papers.d3s.study.inputs import study_inputs
from spurious_core.papers.d3s.study.setting_up import D3SStudy, record_rows
from spurious_core.papers.d3s.study.study_plans import plan_of_budget

MINI = load_profile("mini")


def test_seeds_follow_each_other_and_the_sampler_takes_no_more_steps_than_the_profile(tmp_path):
    profile = SimpleNamespace(resolution=64, sampler_steps=5, device="cpu")
    kit = SimpleNamespace(profile=profile, presence=None, scene=None)
    study = D3SStudy(kit, study_inputs(MINI), plan_of_budget("full"), Recipe(), tmp_path, seed=7)
    assert list(study.seeds) == [7, 8, 9]
    assert study.drawing["steps"] == 5
    study.keep(Figure((1, 1)), "empty")
    assert (tmp_path / "figures" / "empty.png").is_file()


def test_rows_become_metrics_and_what_is_unknown_is_left_out():
    metrics = Metrics()
    rows = [
        dict(key="kept.mini_x.D3S", value=0.5, lo=0.4, hi=0.6, n=20, over="images"),
        dict(key="chance_fg.mini_x.majority", value=0.1, lo=np.nan, hi=np.nan, n=np.nan, over=None),
    ]
    record_rows(metrics, pd.DataFrame(rows))
    assert metrics["kept.mini_x.D3S"] == dict(value=0.5, ci=[0.4, 0.6], n=20, over="images")
    assert metrics["chance_fg.mini_x.majority"] == dict(value=0.1, ci=None, n=None)
