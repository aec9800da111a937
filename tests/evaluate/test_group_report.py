"Group reports: each test breaks if a number is of other rows, of other groups, or surer than it may be."

from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from spurious_core.app.metrics import Metrics
from spurious_core.evaluate.foreground import attribute_signal, foreground_sensitivity, noisy_parts, rfs
from spurious_core.evaluate.group_report import (
    as_text,
    calibration_error,
    calibration_floor,
    compare,
    group_report,
    in_percent,
    mean_interval,
    minimum_interval,
    paired_seeds,
    plot_methods,
    summarise_seeds,
)
from spurious_core.evaluate.metrics import bootstrap, wilson
from spurious_core.models.classifiers import Classifier

torch.set_num_threads(1)
LABELS, PLACES = ["landbird", "waterbird"], ["land", "water"]


def data(n, right, seed=0):
    "Interleaved rows: `n[g]` images of group g = 2y + a, `right[g]` of them answered rightly, in random order."
    g = np.repeat(range(4), n)
    y, a = g // 2, g % 2
    hit = np.concatenate([np.arange(m) < r for m, r in zip(n, right)])
    order = np.random.default_rng(seed).permutation(len(g))
    return y[order], a[order], np.where(hit, y, 1 - y)[order]


def report(n, right, seed=0, **kw):
    return group_report(*data(n, right, seed), LABELS, PLACES, **kw)


# --- what is counted


def test_interleaved_rows_are_counted_in_their_own_groups():
    r = report([50, 40, 30, 60], [50, 20, 3, 59])
    assert r.table.n.tolist() == [50, 40, 30, 60] and r.table.correct.tolist() == [50, 20, 3, 59]
    assert r.table.group.tolist() == [
        "landbird, land",
        "landbird, water",
        "waterbird, land",
        "waterbird, water",
    ]
    assert (
        r.worst_group == "waterbird, land"
        and r.wga == 0.1
        and np.isclose(r.ba, np.mean([1, 0.5, 0.1, 59 / 60]))
        and np.isclose(r.average, 132 / 180)
        and np.isclose(r.gap, 132 / 180 - 0.1)
    )
    np.testing.assert_allclose(r.table.loc[1, ["accuracy", "lo", "hi"]].astype(float), wilson(20, 40))


def test_three_classes_and_three_attributes():
    y, a = np.array(list(product(range(3), range(3))) * 40).T
    r = group_report(y, a, np.where((y == 2) & (a == 1), 0, y), list("abc"), ["x", "y", "z"])
    assert (
        r.table.accuracy.tolist() == [1] * 7 + [0, 1] and r.worst_group == "c, y" and np.isclose(r.ba, 8 / 9)
    )


def test_tensors_series_booleans_and_whole_floats_are_the_same_labels():
    y, a, p = data([10] * 4, [5] * 4)
    want = group_report(y, a, p, LABELS, PLACES).table
    for kind in (torch.tensor, pd.Series, lambda v: v.astype(bool), lambda v: v.astype(float), list):
        pd.testing.assert_frame_equal(group_report(kind(y), kind(a), kind(p), LABELS, PLACES).table, want)
    pd.testing.assert_frame_equal(
        group_report(pd.Series(y, index=range(40)[::-1]), a, p, LABELS, PLACES).table, want
    )  # rows in their order, whatever the index


def test_average_is_never_reweighted_silently():
    n, right, train = [100, 100, 100, 100], [95, 60, 50, 95], [950, 50, 50, 950]
    plain, known = report(n, right), report(n, right, train_counts=train)
    assert (
        plain.average == known.average == 0.75
        and plain.average_reweighted is None
        and "average_reweighted" not in plain.metrics()
    )
    assert (
        np.isclose(known.average_reweighted, (950 * 0.95 * 2 + 50 * 0.6 + 50 * 0.5) / 2000)
        and known.average_interval == wilson(300, 400)[1:]
    )
    assert (
        known.average_reweighted_interval[0] < known.average_reweighted < known.average_reweighted_interval[1]
    )
    assert "average, training groups" in known.to_markdown() and "training groups" not in plain.to_markdown()
    np.testing.assert_allclose(
        report(n, right, train_counts=np.reshape(train, (2, 2))).average_reweighted, known.average_reweighted
    )


def test_an_empty_group_is_left_out_and_said_so():
    r = report([50, 50, 0, 50], [50, 40, 0, 45], train_counts=[10, 10, 10, 10])
    assert (
        r.wga == 0.8
        and np.isclose(r.ba, 0.9)
        and r.average_reweighted is None
        and np.isnan(r.table.accuracy[2])
    )
    assert (
        any("waterbird, land: no test images" in w for w in r.warnings)
        and any("no reweighted average" in w for w in r.warnings)
        and "accuracy.waterbird_land" not in r.metrics()
    )
    untrained = report([50, 50, 0, 50], [50, 40, 0, 45], train_counts=[10, 10, 0, 10])
    assert np.isclose(untrained.average_reweighted, 0.9) and any(
        "no training images" in w for w in untrained.warnings
    )


def test_small_groups_get_a_warning():
    assert report([30] * 4, [20] * 4).warnings == []
    (w,) = report([30, 30, 29, 30], [20] * 4).warnings
    assert "waterbird, land" in w and "29" in w
    assert len(report([30] * 4, [20] * 4, small=31).warnings) == 4


@pytest.mark.parametrize(
    "change, says",
    [
        (dict(y=[0, 1, 2]), r"y\[2\] is 2"),
        (dict(a=[0, -1, 0]), r"a\[1\] is -1"),
        (dict(predicted=[0, 1, 5]), r"predicted\[2\] is 5"),
        (dict(y=[0, 1]), "different lengths"),
        (dict(y=[], a=[], predicted=[]), "no rows"),
        (dict(y=[0, np.nan, 1]), r"y\[1\] is nan"),
        (dict(predicted=[[0.2, 0.8]] * 3), "argmax"),
        (dict(predicted=[0.2, 0.8, 0.1]), r"predicted\[0\] is 0.2"),
        (dict(y=["a", "b", "a"]), "integers"),
        (dict(labels="ab"), "labels"),
        (dict(attributes=["x", "x"]), "attributes"),
        (dict(attributes=[]), "attributes"),
        (dict(train_counts=[1, 2]), "4 counts"),
        (dict(train_counts=[0] * 4), "not all 0"),
        (dict(train_counts=[1, 1, 1, np.nan]), "4 counts"),
        (dict(train_counts=[0.9, 0.1, 0, 0]), "4 counts"),
        (dict(probs=[[0.5, 0.5]] * 2), r"expected \[3, 2\]"),
        (dict(probs=[[2.0, 3.0]] * 3), "softmax"),
        (dict(probs=[[np.nan, 1]] * 3), "probs"),
        (dict(level=95), "level"),
    ],
)
def test_bad_input_is_an_early_error(change, says):
    good = dict(y=[0, 1, 0], a=[0, 1, 1], predicted=[0, 1, 1], labels=LABELS, attributes=PLACES)
    with pytest.raises(ValueError, match=says):
        group_report(**good | change)


# --- intervals


def test_wga_interval_covers_the_true_minimum_and_naive_ones_do_not():
    def scene(p, n, times=3000):
        n = np.array(n)
        k = np.random.default_rng(5).binomial(n, p, (times, len(n)))
        w = (k / n).argmin(1)
        t = min(p)
        naive = np.transpose([wilson(k[i, g], n[g])[1:] for i, g in enumerate(w)])
        lo, hi = minimum_interval(k, n)
        return (
            ((naive[0] <= t) & (t <= naive[1])).mean(),
            ((lo <= t) & (t <= hi)).mean(),
            (t > hi).mean(),
            (t < lo).mean(),
        )

    for p, n in (
        ([0.9] * 4, [100] * 4),
        ([0.95] * 8, [60] * 8),
        ([0.6] * 2, [25] * 2),
        ([0.97, 0.96, 0.96, 0.98], [200, 40, 40, 200]),
        ([0.99, 0.99, 0.5, 0.99], [50] * 4),
    ):
        naive, ours, above, below = scene(p, n)
        assert ours >= 0.94 and above < 0.035 and below < 0.035, (
            p,
            n,
        )  # 0.95 and 0.025 within three standard errors
    assert scene([0.9] * 4, [100] * 4)[0] < 0.87 and scene([0.95] * 8, [60] * 8)[0] < 0.87


def test_the_upper_end_is_adjusted_and_the_lower_end_is_not():
    lo, hi = minimum_interval([90] * 4, [100] * 4)
    one = minimum_interval([90], [100])
    assert (
        lo == one[0] and hi > one[1] and np.isclose(stats.binom.cdf(90, 100, hi), 1 - 0.975**0.25)
    )  # the Sidak level of four groups
    assert minimum_interval([90, 10], [100, 100])[0] == minimum_interval([10], [100])[0]


def test_minimum_interval_holds_the_observed_minimum_and_stays_in_range():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = rng.integers(1, 40, rng.integers(1, 6))
        k = rng.binomial(n, rng.choice([0, 0.5, 0.95, 1]))
        lo, hi = minimum_interval(k, n)
        assert 0 <= lo <= (k / n).min() <= hi <= 1
    for k, n in (([], []), ([3], [2]), ([-1], [2]), ([0], [0])):
        with pytest.raises(ValueError):
            minimum_interval(k, n)


def test_mean_interval_covers_and_knows_one_group():
    np.testing.assert_allclose(mean_interval([7], [9]), wilson(7, 9))
    lo, hi = mean_interval([20, 20], [20, 20])[1:]
    assert lo < 1 and hi == 1
    p, n, w = np.array([0.99, 0.7, 0.9, 0.85]), [40, 60, 200, 80], np.array([0.47, 0.03, 0.03, 0.47])
    k = np.random.default_rng(0).binomial(n, p, (1500, 4))
    for weights in (None, w):
        truth = p @ (np.full(4, 0.25) if weights is None else w)
        ends = np.array([mean_interval(r, n, weights)[1:] for r in k])
        assert 0.93 < ((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean() < 0.99
    np.testing.assert_allclose(mean_interval([5, 0], [10, 0], [1, 0]), wilson(5, 10))
    for weights in ([1], [0, 0], [1, -1], [1, np.nan]):
        with pytest.raises(ValueError, match="weights"):
            mean_interval([1, 1], [2, 2], weights)


# --- calibration


def test_calibration_error_does_not_depend_on_the_order_of_ties():
    rng = np.random.default_rng(0)
    c = rng.choice([0.6, 0.7, 0.9], 500)
    right = rng.random(500) < 0.7
    first = np.lexsort((right, c))
    assert np.isclose(calibration_error(c, right), calibration_error(c[first], right[first]))
    assert np.isclose(
        calibration_error(c, right),
        sum(abs(right[c == v].mean() - v) * (c == v).mean() for v in (0.6, 0.7, 0.9)),
    )


def test_calibration_error_of_calibrated_and_overconfident_answers():
    rng = np.random.default_rng(1)
    c = rng.uniform(0.5, 1, 4000)
    right = rng.random(4000) < c
    assert abs(
        np.mean([calibration_error(c, rng.random(4000) < c) for _ in range(60)]) - calibration_floor(c)
    ) < 0.0015 and calibration_error(c**0.3, right) > 5 * calibration_floor(c**0.3)
    assert calibration_floor(c[:60]) > 3 * calibration_floor(c)  # the bias that the floor is there to show


def test_ece_takes_the_confidence_of_the_prediction():
    y, a, p = data([25] * 4, [20] * 4)
    probs = np.full((100, 2), 0.1)
    probs[np.arange(100), p] = 0.9
    r = group_report(y, a, p, LABELS, PLACES, probs=probs)
    assert np.isclose(r.ece, 0.1) and r.metrics()["ece"][1] is None and r.ece_floor < 0.1
    assert report([25] * 4, [20] * 4).ece is None


# --- seeds and methods

SEEDS = [
    [45, 40, 30, 48],
    [46, 38, 33, 47],
    [44, 41, 28, 49],
    [47, 39, 35, 46],
    [45, 42, 31, 48],
    [46, 40, 29, 47],
]
METHOD = [report([50] * 4, k, i) for i, k in enumerate(SEEDS)]
BETTER = [report([50] * 4, [*k[:2], k[2] + 4, k[3]], i) for i, k in enumerate(SEEDS)]


def test_summary_over_seeds_is_the_bootstrap_of_the_seeds():
    t = summarise_seeds(METHOD).set_index("metric")
    assert list(t.index) == ["wga", "ba", "average", "gap"] and (t.n == 6).all() and (t.over == "seeds").all()
    np.testing.assert_allclose(
        t.loc["wga", ["value", "lo", "hi"]].astype(float), bootstrap([k[2] / 50 for k in SEEDS])
    )


def test_one_seed_has_the_interval_over_images_and_says_so():
    t = summarise_seeds(METHOD[:1]).set_index("metric")
    assert (
        (t.over == "images").all()
        and tuple(t.loc["wga", ["lo", "hi"]]) == METHOD[0].wga_interval
        and np.isnan(t.lo["gap"])
    )


def test_intervals_of_shares_stay_shares():
    t = summarise_seeds([report([50] * 4, [50] * 4), report([50] * 4, [50, 50, 30, 50])])
    assert (t.lo >= 0).all() and (t.hi <= 1).all()


def test_only_metrics_of_every_report_are_summarised():
    assert "average_reweighted" not in set(
        summarise_seeds([METHOD[0], report([50] * 4, [40] * 4, train_counts=[1] * 4)]).metric
    )


def test_paired_differences_are_sharper_than_two_means():
    d = paired_seeds(BETTER, METHOD).set_index("metric")
    assert (
        np.isclose(d.value["wga"], 0.08) and np.isclose(d.lo["wga"], 0.08) and np.isclose(d.hi["wga"], 0.08)
    )
    assert (
        np.allclose(paired_seeds(METHOD, BETTER).value, -d.value)
        and (paired_seeds(METHOD, METHOD)[["value", "lo", "hi"]] == 0).all().all()
    )


@pytest.mark.parametrize(
    "a, b, says",
    [
        (METHOD, METHOD[:3], "same seeds"),
        (METHOD[:1], METHOD[:1], "at least two"),
        ([], [], "no reports"),
        (METHOD[:2], [METHOD[0], report([51, 50, 50, 50], [40] * 4)], "no pairs"),
        ([1, 2], METHOD[:2], "int"),
    ],
)
def test_reports_that_are_no_pairs(a, b, says):
    with pytest.raises(ValueError, match=says):
        paired_seeds(a, b)


def test_different_groups_do_not_mix():
    other = group_report([0, 1], [0, 1], [0, 1], LABELS, ["x", "y"])
    for f in (
        lambda: summarise_seeds([METHOD[0], other]),
        lambda: compare(dict(a=METHOD, b=[other])),
        lambda: compare({}),
        lambda: compare(dict(a=METHOD, b=[])),
    ):
        with pytest.raises(ValueError):
            f()


def test_tables_of_methods():
    t = compare({"erm": METHOD, "group_dro": BETTER})
    assert list(t) == ["method", "metric", "value", "lo", "hi", "n", "over"]
    text = as_text(t, {"erm": {"groups": "none"}, "group_dro": {"groups": "train & val"}})
    row = t[(t.method == "erm") & (t.metric == "wga")].iloc[0]
    assert (
        list(text) == ["method", "groups", "seeds", "WGA, %", "BA, %", "average, %"]
        and text["WGA, %"][0] == f"{100 * row.value:.1f} [{100 * row.lo:.1f}, {100 * row.hi:.1f}]"
    )
    latex = text.to_latex(index=False, escape=True)
    assert r"group\_dro" in latex and r"train \& val" in latex and r"WGA, \%" in latex
    assert "| erm " in text.to_markdown(index=False)
    with pytest.raises(ValueError, match="nothing of group_dro"):
        as_text(t, {"erm": {}})
    with pytest.raises(ValueError, match="unknown metrics"):
        as_text(t, metrics=("wgaa",))


def test_figures():
    import matplotlib.pyplot as plt

    fig = METHOD[0].plot()
    heights = sorted(p.get_height() for p in fig.axes[0].patches if p.get_width() < 1)
    assert np.allclose(heights, sorted(METHOD[0].table.accuracy))
    fig = plot_methods(compare({f"method {i}": METHOD for i in range(12)}))
    assert len(fig.axes[0].get_xticklabels()) == 12 and [
        t.get_text() for t in fig.axes[0].get_legend().texts
    ] == ["WGA", "BA", "average"]
    plt.close("all")


def test_in_percent():
    assert (
        in_percent(0.921, 0.903, 0.938) == "92.1 [90.3, 93.8]"
        and in_percent(0.5) == "50.0"
        and in_percent(np.nan) == ""
        and in_percent(0.5, np.nan, np.nan) == "50.0"
    )


def test_numbers_fit_metrics_json(tmp_path):
    m = Metrics()
    for k, v in report([50, 50, 9, 50], [50, 40, 8, 45], train_counts=[5, 1, 1, 5]).metrics().items():
        m.add("x." + k, *v)
    m.save(tmp_path)
    back = Metrics.load(tmp_path)
    assert (
        back["x.wga"] == dict(value=0.8, ci=list(minimum_interval([50, 40, 8, 45], [50, 50, 9, 50])), n=50)
        and back["x.accuracy.waterbird_land"]["n"] == 9
    )


def test_names_are_escaped_in_html_and_latex():
    r = group_report([0, 1] * 40, [0, 1, 1, 0] * 20, [0, 1] * 40, ["<b>a</b>", "x_y"], PLACES)
    page = r._repr_html_()
    assert (
        "<b>a" not in page
        and "&lt;b&gt;a" in page
        and page.count("<svg") == len(r.frame())
        and r"x\_y" in r.to_latex()
    )
    assert "⚠" in report([3] * 4, [1] * 4)._repr_html_() and report([3] * 4, [1] * 4).to_latex().startswith(
        "% "
    )


# --- what predictions hang on


def test_a_perfect_spurious_predictor_scores_exactly_one_on_interleaved_rows():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 400)
    a = np.where(rng.random(400) < 0.95, y, rng.integers(0, 4, 400))
    s = attribute_signal(a, y, a)
    assert s.value == 1.0 and s.p == 0.001 and s.n == 400
    assert attribute_signal((a + 1) % 4, y, a).value == 1.0  # another code for the same thing


def test_noise_is_not_called_spurious():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 400)
    a = (rng.random(400) < 0.1).astype(int)
    noise = (rng.random((300, 400)) < 0.1).astype(int)
    assert np.mean(noise == a) > 0.8  # the share of matches calls all of them spurious
    p = np.array([attribute_signal(x, y, a, times=99).p for x in noise])
    assert (p <= 0.05).mean() < 0.09 and (p <= 0.5).mean() < 0.59
    q = np.array(
        [attribute_signal(rng.normal(size=(200, 3)), y[:200], a[:200], times=99).p for _ in range(80)]
    )
    assert (q <= 0.05).mean() < 0.13 and (q <= 0.5).mean() < 0.68


def test_knowing_the_class_is_not_spurious_though_class_and_attribute_go_together():
    rng = np.random.default_rng(2)
    y = rng.integers(0, 2, 1000)
    a = np.where(rng.random(1000) < 0.9, y, 1 - y)
    assert attribute_signal(y, y, a).p == 1 and attribute_signal(y ^ (rng.random(1000) < 0.05), y, a).p > 0.01
    core = y[:, None] + 0.3 * rng.normal(size=(1000, 3))
    assert attribute_signal(core, y, a).p > 0.01
    assert (
        attribute_signal(np.c_[core, a + 0.5 * rng.normal(size=1000)], y, a).p < 0.01
        and attribute_signal(np.where(rng.random(1000) < 0.2, a, y), y, a).p < 0.01
    )


def test_attribute_signal_bad_input():
    y, a = np.array([0, 1] * 10), np.array([0, 0, 1, 1] * 5)
    for args, says in (
        ((y, y, y), "told apart"),
        ((y[:5], y, a), "lengths"),
        ((np.full((20, 2), np.nan), y, a), "finite"),
        ((y, y, np.full(20, np.nan)), "nan"),
        (([], [], []), "no rows"),
        ((np.zeros((5, 2)), y, a), "features"),
    ):
        with pytest.raises(ValueError, match=says):
            attribute_signal(*args)
    with pytest.raises(ValueError, match="times"):
        attribute_signal(y, y, a, times=5)


# --- foreground sensitivity


class Rough(torch.nn.Module):
    "Says 'rough' where neighbouring pixels of `region` differ."

    def __init__(self, region, threshold):
        super().__init__()
        self.register_buffer("region", region[1:] / region[1:].sum())
        self.head = torch.nn.Linear(1, 2)
        self.head.weight.data, self.head.bias.data = (
            torch.tensor([[-100.0], [100.0]]),
            torch.tensor([1.0, -1.0]) * 100 * threshold,
        )

    def forward(self, x):
        return self.head(((x[:, :, 1:] - x[:, :, :-1]).abs().mean(1) * self.region).sum((1, 2))[:, None])


DISC = (torch.linspace(-1, 1, 32)[:, None] ** 2 + torch.linspace(-1, 1, 32) ** 2 < 0.4).float()


def only(region, threshold=0.05):
    return Classifier(Rough(region, threshold), ["smooth", "rough"])


GREY, DISCS = np.full((12, 32, 32, 3), 128, np.uint8), DISC.repeat(12, 1, 1).numpy()


def test_sign_of_foreground_sensitivity():
    fg = foreground_sensitivity(only(DISC), GREY, DISCS, [0] * 12, progress=False)
    bg = foreground_sensitivity(only(1 - DISC), GREY, DISCS, [0] * 12, progress=False)
    assert (fg.value, fg.a_bg, fg.a_fg, fg.clean) == (1, 1, 0, 1) and (bg.value, bg.a_bg, bg.a_fg) == (
        -1,
        0,
        1,
    )
    assert (
        foreground_sensitivity(only(torch.ones(32, 32), 0.001), GREY, DISCS, [0] * 12, progress=False).value
        == 0
    )  # always wrong under noise, wherever it is
    always = foreground_sensitivity(only(DISC, 9.0), GREY, DISCS, [0] * 12, progress=False)
    assert (always.a_bg, always.a_fg, always.value, always.interval) == (
        1,
        1,
        0,
        (-1, 1),
    )  # never wrong: nothing is known


def test_rfs_formula():
    np.testing.assert_allclose(rfs([0.9, 0.7, 0.3, 1, 0], [0.7, 0.9, 0.1, 1, 0]), [0.5, -0.5, 0.5, 0, 0])


def test_noise_falls_where_it_should_and_belongs_to_the_image():
    fg, bg = noisy_parts(GREY, DISCS)
    x = torch.full_like(fg, 128 / 255)
    inside = torch.tensor(DISCS)[:, None].expand_as(x) == 1
    assert (
        torch.allclose(fg[~inside], x[~inside])
        and torch.allclose(bg[inside], x[inside])
        and 0.2 < (fg - x)[inside].std() < 0.25
    )  # clipped at the range of pixels
    assert (
        not torch.equal(fg[0], fg[1])
        and torch.equal(noisy_parts(GREY[4:6], DISCS[4:6], first=4)[0], fg[4:6])
        and not torch.equal(noisy_parts(GREY, DISCS, trial=1)[0], fg)
    )


def test_classes_count_alike_and_batches_do_not_matter():
    y = [0] * 9 + [1] * 3
    clf = only(DISC, 0.135)
    one = foreground_sensitivity(clf, GREY, DISCS, y, sigma=0.13, progress=False)
    assert (
        one == foreground_sensitivity(clf, GREY, DISCS, y, sigma=0.13, batch=5, progress=False)
        and one.clean == 0.5
        and one.interval[0] <= one.value <= one.interval[1]
    )


@pytest.mark.parametrize(
    "change, says",
    [
        (dict(masks=DISCS[:5]), "one mask"),
        (dict(masks=DISCS[:, :8]), "one mask"),
        (dict(masks=2 * DISCS), r"\[0, 1\]"),
        (dict(masks=0 * DISCS), "no foreground"),
        (dict(masks=0 * DISCS + 1), "no background"),
        (dict(masks=np.nan * DISCS), r"\[0, 1\]"),
        (dict(y=[2] * 12), r"y\[0\] is 2"),
        (dict(sigma=0), "sigma"),
        (dict(trials=0), "trial"),
        (dict(y=[0] * 11), "one class"),
    ],
)
def test_foreground_sensitivity_bad_input(change, says):
    with pytest.raises(ValueError, match=says):
        foreground_sensitivity(
            **dict(clf=only(DISC), images=GREY, masks=DISCS, y=[0] * 12, progress=False) | change
        )
