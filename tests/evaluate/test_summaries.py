"Summaries over runs: each test breaks if images are taken for runs, or arms for something else than pairs."

import numpy as np
import pandas as pd
import pytest

from spurious_core.evaluate.intervals import square_and_add, wilson
from spurious_core.evaluate.summaries import metric_columns, paired_difference, summarise


def runs(seed, n_runs=8, n=60, gain=0.0, sd=0.25):
    "Images of runs whose difficulty varies; `gain` is what an arm adds. The same seed has the same runs."
    shares = np.clip(np.random.default_rng(seed).normal(0.4, sd, n_runs), 0.02, 0.8)
    rng = np.random.default_rng([seed, int(100 * gain)])
    hit = rng.random(n_runs * n) < np.repeat(shares + gain, n)
    return pd.DataFrame(dict(run=np.repeat(np.arange(n_runs), n), consistency=hit))


@pytest.mark.parametrize("cluster, least_held, most_held", [("run", 0.89, 1.0), (None, 0.0, 0.6)])
def test_only_the_cluster_interval_covers_the_mean_over_runs(cluster, least_held, most_held):
    truth = np.clip(np.random.default_rng(99).normal(0.4, 0.25, 10**6), 0.02, 0.8).mean()
    tables = [summarise(runs(seed), cluster=cluster, n_boot=1000) for seed in range(150)]
    held = np.mean([table.lo[0] < truth < table.hi[0] for table in tables])
    assert least_held < held <= most_held


@pytest.mark.slow
def test_paired_difference_is_narrower_and_covers():
    inside, shorter = [], []
    for seed in range(120):
        arms = runs(seed, gain=0.1), runs(seed)
        difference = paired_difference(*arms, n_boot=1000).iloc[0]
        better, plain = (summarise(arm, cluster="run", n_boot=1000).iloc[0] for arm in arms)
        unpaired_width = np.hypot(better.hi - better.lo, plain.hi - plain.lo)
        inside.append(difference.lo < 0.1 < difference.hi)
        shorter.append((difference.hi - difference.lo) < 0.6 * unpaired_width)
        assert np.isclose(difference.value, better.value - plain.value)
        assert difference.n == 8
    assert np.mean(inside) > 0.89
    assert np.mean(shorter) > 0.95


def test_differences_need_the_same_runs():
    arm = runs(0)
    with pytest.raises(ValueError, match="one arm only"):
        paired_difference(arm, arm[arm.run > 0])
    keyed = arm.assign(label="house", seed=arm.run).drop(columns="run")
    assert paired_difference(keyed, keyed, by=["label", "seed"]).shape == (1, 6)


def test_differences_survive_a_single_run():
    arm = runs(0)
    one = arm[arm.run == 0]
    difference = paired_difference(one, one.assign(consistency=False)).iloc[0]
    assert difference.value == one.consistency.mean()
    assert difference.lo < difference.value < difference.hi
    assert difference.n == 60
    assert np.isnan(paired_difference(one[:1], one[:1]).lo[0])


def test_summaries_of_unanimous_sets_still_have_doubt():
    verdicts = pd.DataFrame(dict(run=np.repeat(range(5), 10), ok=True, score=0.5))
    by_image, by_run = summarise(verdicts), summarise(verdicts, cluster="run")
    assert by_image.lo[0] == pytest.approx(wilson(50, 50)[1])
    assert by_run.lo[0] == pytest.approx(wilson(5, 5)[1])
    assert by_image.metric.tolist() == ["ok", "score"]
    assert by_image.n.eq(50).all()
    assert by_run.n.eq(5).all()
    assert by_image.over.eq("images").all()
    assert by_run.over.eq("runs").all()
    assert by_run.lo[1] < 0.5 < by_run.hi[1]  # half in every run


@pytest.mark.parametrize("n_runs", [2, 3, 4])
def test_a_few_runs_have_an_interval_over_their_images_that_says_so(n_runs):
    "The mean of the runs' shares; it is about these runs, and Student's t would run from -2 to 3."
    verdicts = runs(0, n_runs).assign(score=lambda t: t.consistency * 0.5 + 0.1)
    table = summarise(verdicts, cluster="run").set_index("metric")
    shares = [wilson(run.consistency.sum(), len(run)) for _, run in verdicts.groupby("run")]
    expected = square_and_add(*np.transpose(shares), np.full(n_runs, 1 / n_runs))
    np.testing.assert_allclose(table.loc["consistency", ["value", "lo", "hi"]].astype(float), expected)
    assert table.over.eq("images within runs").all()
    assert table.n.eq(60 * n_runs).all()
    assert 0 <= table.lo["score"] < table.value["score"] < table.hi["score"] <= 1


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_shares_at_an_end_stay_inside_and_leave_doubt(share):
    verdicts = pd.DataFrame(dict(run=np.repeat([0, 1], 12), hit=bool(share)))
    arms = verdicts, verdicts.assign(hit=not share)
    summary, difference = summarise(verdicts, cluster="run").iloc[0], paired_difference(*arms).iloc[0]
    assert 0 <= summary.lo < summary.hi <= 1
    assert -1 <= difference.lo < difference.hi <= 1
    assert difference.value == 2 * share - 1
    assert difference.over == "images within runs"


def test_a_number_a_run_has_no_interval_below_five_runs():
    verdicts = pd.DataFrame(dict(run=range(5), diversity=[0.5, 1.2, 0.7, 0.9, 1.1]))
    five, four = (summarise(verdicts[:n], cluster="run").iloc[0] for n in (5, 4))
    assert five.lo < five.value < five.hi
    assert (five.n, five.over) == (5, "runs")
    assert np.isnan([four.lo, four.hi]).all()
    assert four.value == pytest.approx(0.825)
    assert (four.n, four.over) == (4, "runs")


def test_one_number_of_a_single_run_is_no_image():
    run = pd.DataFrame(dict(run=[0], auc=[1.0]))
    alone, difference = summarise(run, cluster="run").iloc[0], paired_difference(run, run).iloc[0]
    for row in (alone, difference):
        assert (row.n, row.over) == (1, "runs")
        assert np.isnan([row.lo, row.hi]).all()


@pytest.mark.slow
def test_the_interval_within_runs_covers_the_mean_of_these_runs():
    rng, held, trials = np.random.default_rng(0), [], 200
    for _ in range(trials):
        shares = rng.uniform(0.1, 0.95, (2, 3))
        arms = []
        for share in shares:
            hit = rng.random(3 * 30) < np.repeat(share, 30)
            arms.append(pd.DataFrame(dict(run=np.repeat(range(3), 30), hit=hit)))
        one, both = summarise(arms[0], cluster="run").iloc[0], paired_difference(*arms).iloc[0]
        truth = shares.mean(1)
        held.append((one.lo <= truth[0] <= one.hi, both.lo <= truth[0] - truth[1] <= both.hi))
    three_standard_errors = 3 * np.sqrt(0.95 * 0.05 / trials)
    assert (np.abs(np.mean(held, 0) - 0.95) < three_standard_errors).all()


def test_each_run_counts_once():
    verdicts = pd.DataFrame(dict(run=[0] * 9 + [1], x=[0.0] * 9 + [1.0]))
    assert summarise(verdicts, cluster="run").value[0] == 0.5
    assert summarise(verdicts).value[0] == 0.1


def test_summaries_refuse():
    verdicts = runs(0)
    for options in (dict(metrics=["nope"]), dict(cluster="nope")):
        with pytest.raises(ValueError, match="nope"):
            summarise(verdicts, **options)
    for table in (None, [1, 2], verdicts.consistency):
        with pytest.raises(ValueError, match="verdicts=.* must be a table with a row for each image"):
            summarise(table)
        with pytest.raises(ValueError, match="verdicts=.* must be a table with a row for each image"):
            paired_difference(verdicts, table)
    with pytest.raises(ValueError, match="no verdicts"):
        summarise(verdicts[:0])
    with pytest.raises(ValueError, match="missing values"):
        summarise(verdicts.assign(x=np.nan))


def test_labels_are_no_metrics():
    assert metric_columns(runs(0).assign(k=1, seed=2, name="x")) == ["consistency"]
