"Arms that do not share their images, or a probe that sees what an arm was trained on, would compare nothing."

from dataclasses import replace

import numpy as np
import pytest

from spurious_core.core.settings import load_profile
from spurious_core.papers.ffr import comparing
from spurious_core.papers.ffr.arms import fit_arm
from spurious_core.papers.ffr.budgets import SYNTHETIC, group_counts
from spurious_core.papers.ffr.comparing import compare_ffr_arms, ffr_pipeline, ffr_sets, hold_out
from spurious_core.papers.ffr.planning import plan_ffr

PLAN = plan_ffr("smoke", methods=["ERM", "DFR"])


@pytest.mark.slow
def test_training_and_validation_are_biased_and_the_test_set_is_not():
    for world, usual in dict(waterbirds=[0, 3], celeba=[1, 2]).items():
        train, val, test = ffr_sets(replace(PLAN, world=world), 0, 0.9)
        assert group_counts(train)[usual].tolist() == [20, 20]
        assert sorted(group_counts(train)) == [2, 2, 20, 20]
        assert sorted(group_counts(val)) == [10, 10, 20, 20]
        assert group_counts(test).min() >= PLAN.test
        assert not {*train.manifest.seed} & {*test.manifest.seed}


def test_what_is_held_out_is_the_last_of_each_group(pool):
    left, held = hold_out(pool, 5)
    assert group_counts(held).tolist() == [5] * 4
    assert group_counts(left).tolist() == [40] * 4
    for group in range(4):
        last = pool.pixels[np.flatnonzero(pool.group == group)[-5:]]
        assert (held.pixels[held.group == group] == last).all()


def test_a_profile_without_a_pipeline_is_refused():
    profile = replace(load_profile("mini"), pipeline="")
    with pytest.raises(ValueError, match="profile 'mini' names no pipeline; set SPURIOUS_PIPELINE"):
        ffr_pipeline(profile)


@pytest.fixture
def trained(monkeypatch, grouped, tmp_path):
    "One comparison of small sets, and what every arm was called with."
    sets = (
        grouped([30, 8, 8, 30]),
        grouped([10] * 4, split="val", seed=1),
        grouped([24] * 4, split="test", seed=3),
    )
    calls = []

    def noted(arm, method, *args, **options):
        calls.append((arm, method, options))
        return fit_arm(arm, method, *args, **options)

    monkeypatch.setattr(comparing, "ffr_sets", lambda *_: sets)
    monkeypatch.setattr(comparing, "fit_arm", noted)
    asked = PLAN, load_profile("mini"), grouped([50] * 4, "generated", seed=2), 0, 0.9
    return compare_ffr_arms(*asked, tmp_path / "fits"), calls, asked


def test_every_arm_is_there_and_starts_from_what_it_shares(trained):
    results, calls, _ = trained
    arms = {(arm, method) for arm in SYNTHETIC for method in PLAN.methods}
    assert set(results.reports) == arms | {("synthetic_only", "ERM")}
    assert list(results.probes) == list(SYNTHETIC)
    assert ("ffr", "ERM") not in [call[:2] for call in calls]  # `choose_rate` has trained it already
    assert {call[:2] for call in calls} == arms - {("ffr", "ERM")}
    assert all(("base" in options) == (method == "DFR") for _, method, options in calls)
    assert len({id(options["first"]) for *_, options in calls}) == 1
    assert {options["rate"] for *_, options in calls} == {results.rate}
    assert {int(report.table.n.sum()) for report in results.reports.values()} == {96}


def test_what_is_trained_already_is_not_trained_again(trained, monkeypatch, tmp_path):
    results, _, asked = trained

    def refuse(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr("spurious_core.mitigate.resumable.ResumableRun._compute", refuse)
    again = compare_ffr_arms(*asked, tmp_path / "fits")
    assert again.rate == results.rate
    for arm, report in results.reports.items():
        assert again.reports[arm].table.equals(report.table)
    for arm, probe in results.probes.items():
        assert again.probes[arm].equals(probe)
