"Verdicts, gates against cheating, and intervals: each test breaks if the number no longer means what its name says."

import tracemalloc
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.metrics.pairwise import cosine_distances

from spurious_core.data.miniworld import draw, get_world, sample
from spurious_core.evaluate.metrics import (
    bootstrap,
    check_roles,
    diversity,
    embed,
    in_distribution,
    judge,
    memorisation,
    metric_columns,
    paired_difference,
    roc_and_ap,
    spurious_scores,
    summarise,
    wilson,
)

torch.set_num_threads(1)


class Colour(torch.nn.Module):
    "Class i's logit is `gain` times the mean of colour channel i; a further class has the logit `bias`. Features: 4 x 4 mean colours."

    def __init__(self, name, labels=("red", "green", "blue"), gain=20.0, bias=6.0):
        super().__init__()
        self.name, self.labels, self.gain = name, list(labels), torch.nn.Parameter(torch.tensor(gain))
        self.bias = torch.nn.Parameter(torch.tensor(bias))
        self.seen = []
        self.eval()

    def features(self, x):
        return torch.nn.functional.adaptive_avg_pool2d(x, 4).flatten(1)

    def forward(self, x):
        z = self.gain * x.mean((2, 3))
        return torch.cat([z, self.bias.expand(len(x), len(self.labels) - 3)], 1)

    def probs(self, x, batch=64):
        x = x if torch.is_tensor(x) else torch.from_numpy(x).permute(0, 3, 1, 2) / 255
        with torch.no_grad():
            return torch.cat([self(x[s : s + batch].float()) for s in range(0, len(x), batch)]).softmax(1)


def flat(*colours):
    return np.stack([np.full((8, 8, 3), c, np.uint8) for c in colours])


JURY = [Colour("a", gain=20.0), Colour("b", gain=10.0)]
PRESENCE = Colour(
    "presence", ("red", "green", "blue", "nothing"), gain=12.0
)  # something is there from a mean of 0.5 = 127 on
DIM, BRIGHT, GREEN = (90, 60, 60), (200, 60, 60), (60, 100, 60)

# --- verdicts


def test_judge_gates_on_the_object():
    v = judge(flat(DIM, BRIGHT, GREEN), "red", JURY, PRESENCE)
    assert v.all_of_jury.tolist() == [True, True, False] and v.object_absent.tolist() == [True, False, True]
    assert v.consistency.tolist() == [True, False, False] and v.hit.tolist() == [
        1.0,
        0.0,
        0.0,
    ]  # drawing the object is never a success
    assert v.k.eq(0).all() and np.allclose(v.mean_p, v[["p.a", "p.b"]].mean(axis=1))


def test_another_object_is_no_success_either_but_it_is_not_the_object_of_the_class():
    blue = Colour("shifted", ("green", "blue", "red", "nothing"), gain=12.0)  # calls the red channel 'green'
    v = judge(flat(BRIGHT), "red", JURY, blue)
    assert v.all_of_jury[0] and not v.object_absent[0] and v.class_object_absent[0] and not v.consistency[0]


def test_a_half_visible_object_fails_the_stricter_gate():
    nearly = flat((120, 20, 20))
    assert judge(nearly, "red", JURY, PRESENCE).consistency[0]
    v = judge(nearly, "red", JURY, PRESENCE, present_at=0.2)
    assert v.object_absent[0] and not v.class_object_absent[0] and not v.consistency[0] and v.hit[0] == 0


def test_a_class_may_be_drawn_as_several_objects():
    assert (
        judge(flat(GREEN), "red", JURY, PRESENCE, label=("red", "green")).p_object[0]
        > judge(flat(GREEN), "red", JURY, PRESENCE).p_object[0]
    )


def test_a_split_jury():
    timid = Colour("timid", ("red", "green", "blue", "none"), gain=1.0)
    v = judge(flat(DIM), "red", [*JURY, timid], PRESENCE)
    assert (
        v.any_of_jury[0]
        and not v.all_of_jury[0]
        and not v.consistency[0]
        and np.isclose(v.hit[0], 2 / 3)
        and np.isclose(v.juror_rate[0], 2 / 3)
    )


def test_without_presence_nothing_is_called_a_success():
    assert not {"consistency", "hit", "object_absent"} & set(judge(flat(DIM), "red", JURY))


def test_index_name_arrays_and_tensors_agree_and_order_does_not_matter():
    ims = np.random.default_rng(0).integers(0, 256, (70, 8, 8, 3), dtype=np.uint8)
    x = torch.from_numpy(ims).permute(0, 3, 1, 2) / 255
    flip = np.arange(70)[::-1]
    v = judge(ims, "green", JURY, PRESENCE)
    pd.testing.assert_frame_equal(v, judge(ims, 1, JURY, PRESENCE))
    pd.testing.assert_frame_equal(v, judge(x, 1, JURY, PRESENCE))
    w = judge(ims[flip], 1, JURY, PRESENCE)
    pd.testing.assert_frame_equal(v.iloc[flip].reset_index(drop=True), w)
    pd.testing.assert_frame_equal(summarise(v), summarise(w))
    pd.testing.assert_frame_equal(
        spurious_scores(v[:30], v[30:]), spurious_scores(v[:30][::-1], v[30:][::-1])
    )


def test_names_are_looked_up_in_every_head():
    turned = Colour("turned", ("green", "red", "blue"), gain=9.0)  # its index 1 is red
    assert judge(flat(DIM), "red", [JURY[0], turned])["p.turned"][0] < 0.5
    with pytest.raises(ValueError, match="different labels"):
        judge(flat(DIM), 0, [JURY[0], turned])


def test_the_guide_is_not_a_juror():
    copy = deepcopy(JURY[1])
    copy.name = "guide"
    for guide in (JURY[1], "b", copy):
        with pytest.raises(ValueError, match="juror 1"):
            judge(flat(DIM), "red", JURY, PRESENCE, guide=guide)
    judge(flat(DIM), "red", JURY, PRESENCE, guide=Colour("guide", gain=3.0))
    with pytest.raises(ValueError, match="same classifier"):
        check_roles([JURY[0], JURY[0]])
    with pytest.raises(ValueError, match="features"):
        check_roles(JURY, features=JURY[0])
    with pytest.raises(ValueError, match="training mode"):
        check_roles([Colour("t").train()])


@pytest.mark.parametrize(
    "kw, match",
    [
        (dict(images=flat(DIM)[:0]), "no images"),
        (dict(images=torch.zeros(0, 3, 8, 8)), "no images"),
        (dict(images=torch.full((1, 3, 8, 8), 1.2)), r"expected \[0, 1\]"),
        (dict(images=torch.zeros(1, 8, 8, 3)), "expected float"),
        (dict(images=flat(DIM) / 255), "expected uint8"),
        (dict(images=torch.full((2, 3, 8, 8), float("nan"))), "NaN"),
        (dict(k="mauve"), "'mauve' is unknown to a"),
        (dict(k=3), "knows 0 to 2"),
        (dict(k=-1), "knows 0 to 2"),
        (dict(jury=[]), "jury is empty"),
        (dict(presence=Colour("p", gain=5.0)), "'nothing' is unknown to p"),
        (dict(label="mauve"), "mauve"),
        (dict(present_at=0), "present_at"),
    ],
)
def test_judge_refuses(kw, match):
    with pytest.raises(ValueError, match=match):
        judge(**dict(images=flat(DIM), k="red", jury=JURY, presence=PRESENCE) | kw)


# --- intervals


def test_bootstrap_covers_the_truth_with_few_and_with_many_values():
    rng = np.random.default_rng(0)
    for n in (3, 8, 60):
        x = rng.exponential(size=(n, 600))  # skewed, mean 1; each column an experiment
        _, lo, hi = bootstrap(x)
        covered = ((lo < 1) & (1 < hi)).mean()
        assert 0.86 < covered < 0.98, (n, covered)
    x = rng.normal(size=8)
    assert (
        np.isnan(bootstrap([0.4])[1:]).all()
        and bootstrap(x) == bootstrap(x[::-1])
        and bootstrap(x) != bootstrap(x, seed=1)
    )
    for bad in ([], [np.nan, 1], np.zeros((2, 2, 2))):
        with pytest.raises(ValueError):
            bootstrap(bad)


def test_wilson():
    assert (
        np.allclose(wilson(0, 10), (0, 0, 0.2775), atol=1e-4)
        and np.allclose(wilson(10, 10), (1, 0.7225, 1), atol=1e-4)
        and np.allclose(wilson(81, 263), (0.308, 0.2553, 0.3662), atol=1e-4)
    )  # Newcombe 1998, table I
    with pytest.raises(ValueError):
        wilson(3, 2)


def runs(seed, n_runs=8, n=60, gain=0.0, sd=0.25):
    "Images of runs whose difficulty varies; `gain` is what an arm adds. The same seed has the same runs."
    p = np.clip(np.random.default_rng(seed).normal(0.4, sd, n_runs), 0.02, 0.8)
    g = np.random.default_rng([seed, int(100 * gain)])
    return pd.DataFrame(
        dict(run=np.repeat(np.arange(n_runs), n), consistency=g.random(n_runs * n) < np.repeat(p + gain, n))
    )


def test_cluster_interval_covers_the_mean_over_runs_where_the_image_interval_does_not():
    truth = np.clip(np.random.default_rng(99).normal(0.4, 0.25, 10**6), 0.02, 0.8).mean()
    inside = {}
    for cluster in (None, "run"):
        inside[cluster] = np.mean(
            [
                (t := summarise(runs(s), cluster=cluster, n_boot=1000).iloc[0]).lo < truth < t.hi
                for s in range(150)
            ]
        )
    assert inside["run"] > 0.89 and inside[None] < 0.6, inside


def test_paired_difference_is_narrower_and_covers():
    inside, shorter = [], []
    for s in range(120):
        a, b = runs(s, gain=0.1), runs(s)
        d = paired_difference(a, b, n_boot=1000).iloc[0]
        own = [summarise(v, cluster="run", n_boot=1000).iloc[0] for v in (a, b)]
        inside.append(d.lo < 0.1 < d.hi)
        shorter.append((d.hi - d.lo) < 0.6 * np.hypot(*(t.hi - t.lo for t in own)))
        assert np.isclose(d.value, own[0].value - own[1].value) and d.n == 8
    assert np.mean(inside) > 0.89 and np.mean(shorter) > 0.95


def test_differences_need_the_same_runs_and_survive_a_single_one():
    a = runs(0)
    with pytest.raises(ValueError, match="one arm only"):
        paired_difference(a, a[a.run > 0])
    one = a[a.run == 0]
    d = paired_difference(one, one.assign(consistency=False)).iloc[0]
    assert d.value == one.consistency.mean() and d.lo < d.value < d.hi and d.n == 60
    assert np.isnan(paired_difference(one[:1], one[:1]).lo[0])
    keyed = a.assign(label="house", seed=a.run).drop(columns="run")
    assert paired_difference(keyed, keyed, by=["label", "seed"]).shape == (1, 5)


def test_summaries_of_unanimous_sets_still_have_doubt():
    v = pd.DataFrame(dict(run=np.repeat(range(5), 10), ok=True, score=0.5))
    t, c = summarise(v), summarise(v, cluster="run")
    assert (
        t.lo[0] == pytest.approx(wilson(50, 50)[1])
        and c.lo[0] == pytest.approx(wilson(5, 5)[1])
        and t.metric.tolist() == ["ok", "score"]
        and t.n.eq(50).all()
    )


def test_each_run_counts_once():
    v = pd.DataFrame(dict(run=[0] * 9 + [1], x=[0.0] * 9 + [1.0]))
    assert summarise(v, cluster="run").value[0] == 0.5 and summarise(v).value[0] == 0.1


def test_summaries_refuse():
    v = runs(0)
    for kw, match in ((dict(metrics=["nope"]), "nope"), (dict(cluster="nope"), "nope")):
        with pytest.raises(ValueError, match=match):
            summarise(v, **kw)
    with pytest.raises(ValueError, match="no verdicts"):
        summarise(v[:0])
    with pytest.raises(ValueError, match="missing values"):
        summarise(v.assign(x=np.nan))
    assert metric_columns(v.assign(k=1, seed=2, name="x")) == ["consistency"]


# --- the spurious score


def test_roc_and_ap_match_sklearn_with_ties_and_weights():
    rng = np.random.default_rng(0)
    for _ in range(20):
        p, q = rng.integers(0, 8, rng.integers(2, 30)) / 8, rng.integers(0, 6, rng.integers(2, 40)) / 8
        wp, wq = (
            rng.integers(0, 3, (2, len(p))) + np.eye(2, len(p)),
            rng.integers(0, 3, (2, len(q))) + np.eye(2, len(q)),
        )
        y, s = np.r_[np.ones(len(p)), np.zeros(len(q))], np.r_[p, q]
        assert np.allclose(roc_and_ap(p, q), (roc_auc_score(y, s), average_precision_score(y, s)))
        for b, (auc, ap) in enumerate(zip(*roc_and_ap(p, q, wp, wq))):
            w = np.r_[wp[b], wq[b]]
            assert np.allclose(
                (auc, ap),
                (roc_auc_score(y, s, sample_weight=w), average_precision_score(y, s, sample_weight=w)),
            )


def test_auc_and_average_precision_are_different_numbers():
    auc, ap = roc_and_ap([0.9, 0.2], [0.5] * 8)
    assert auc == 0.5 and np.isclose(ap, 0.5 * 1 + 0.5 * 2 / 10)  # by hand
    with pytest.raises(ValueError, match="0 negatives"):
        roc_and_ap([1.0], [])


def verdicts(p, k=0, **more):
    return pd.DataFrame({"k": k, "p.a": p[:, 0], "p.b": p[:, 1]} | more)


def test_spurious_scores_per_juror_and_mean():
    rng = np.random.default_rng(0)
    real, free = verdicts(rng.beta(4, 2, (80, 2))), verdicts(rng.beta(2, 3, (120, 2)))
    t = spurious_scores(real, free).set_index(["juror", "metric"])
    y = np.r_[np.ones(80), np.zeros(120)]
    for j in "ab":
        s = np.r_[real[f"p.{j}"], free[f"p.{j}"]]
        assert np.isclose(t.value[j, "roc_auc"], roc_auc_score(y, s)) and np.isclose(
            t.value[j, "average_precision"], average_precision_score(y, s)
        )
    assert (
        np.isclose(t.value["mean", "roc_auc"], np.mean([t.value[j, "roc_auc"] for j in "ab"]))
        and ((t.lo < t.value) & (t.value < t.hi)).all()
        and t.n.eq(200).all()
    )


def test_jurors_who_agree_do_not_shorten_the_interval_of_their_mean():
    rng = np.random.default_rng(1)
    p, q = rng.beta(4, 2, (60, 1)), rng.beta(2, 3, (60, 1))
    t = spurious_scores(verdicts(p.repeat(2, 1)), verdicts(q.repeat(2, 1)))
    width = (t.hi - t.lo)[t.metric == "roc_auc"].tolist()
    assert np.allclose(width, width[0])


def test_images_with_the_object_are_no_negatives():
    real, free = (
        verdicts(np.full((5, 2), 0.9)),
        verdicts(
            np.r_[np.full((4, 2), 0.1), np.full((4, 2), 0.99)], class_object_absent=[True] * 4 + [False] * 4
        ),
    )
    t = spurious_scores(real, free)
    assert t.value.eq(1).all() and t.n.eq(9).all()
    with pytest.raises(ValueError, match="no negatives"):
        spurious_scores(real, free[4:])
    with pytest.raises(ValueError, match="one class"):
        spurious_scores(real, verdicts(np.full((5, 2), 0.1), k=1))
    with pytest.raises(ValueError, match="juries"):
        spurious_scores(real, free.drop(columns="p.b"))


# --- variety, copies, plausibility

WORLD = get_world("imagenet_like")


def empty(split, n):
    return draw(sample(WORLD, n, split, object_free=1.0))


EYE = Colour("eye")


def test_diversity_is_the_mean_pairwise_distance():
    f = np.random.default_rng(0).normal(size=(30, 6))
    value, lo, hi = diversity(f)
    assert np.isclose(value, cosine_distances(f)[np.triu_indices(30, 1)].mean()) and lo < value < hi
    assert np.allclose(diversity(f[::-1]), (value, lo, hi)) and np.allclose(
        diversity(np.repeat(f[:1], 9, 0)), 0, atol=1e-9
    )
    with pytest.raises(ValueError, match="two"):
        diversity(f[:1])
    with pytest.raises(ValueError, match="clf="):
        diversity(flat(DIM, GREEN))


def test_the_diversity_interval_is_centred_on_the_value():
    "Counting an image that was drawn twice as a pair with itself would shift every interval downwards."
    rng = np.random.default_rng(0)

    def sample(n):
        return (
            rng.normal(size=(n, 5)) * rng.choice((0.3, 3), size=(n, 1)) + np.eye(5)[0]
        )  # half of the images alike

    truth = diversity(sample(3000), n_boot=2)[0]
    lo, hi = np.transpose([diversity(sample(16))[1:] for _ in range(300)])
    below, above = (hi < truth).mean(), (lo > truth).mean()
    assert below + above < 0.1 and below < 0.06, (below, above)


def test_embed_is_batched_and_takes_both_kinds():
    ims = empty("e", 9)
    x = torch.from_numpy(ims).permute(0, 3, 1, 2) / 255
    assert embed(ims, EYE).shape == (9, 48) and np.allclose(embed(ims, EYE, batch=2), embed(x, EYE))


def test_copies_are_memorised_and_new_images_are_not():
    refs, fresh = empty("refs", 12), empty("fresh", 150)
    darker = (refs * 0.97).astype(np.uint8)
    again = memorisation(np.concatenate([darker[::-1], empty("new", 60)]), refs, fresh, EYE)
    assert (
        again.memorised[:12].all()
        and again.memorised[12:].mean() < 0.1
        and again.nearest[:12].tolist() == list(range(12))[::-1]
        and (again.pixel_distance[:12] < 0.03).all()
    )
    shuffled = memorisation(darker, refs[::-1], fresh[::-1], EYE)
    assert shuffled.memorised.all() and shuffled.nearest.tolist() == list(range(12))[::-1]


def test_memorisation_at_full_size_is_exact_and_small():
    "All pairs of pixels at once once took 3 GB for sixty pictures of 512 x 512."
    fresh = np.random.default_rng(0).integers(0, 256, (60, 256, 256, 3), dtype=np.uint8)
    refs, ims = fresh[:6].copy(), fresh[20:22]
    refs[:, :128] = 0
    tracemalloc.start()
    got = memorisation(ims, refs, fresh, EYE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    true = np.sqrt(((ims[:, None] / 255 - refs[None] / 255) ** 2).mean((2, 3, 4)))
    assert (got.nearest == true.argmin(1)).all() and np.allclose(got.pixel_distance, true.min(1), rtol=1e-5)
    assert peak < 3 * fresh.nbytes, peak / fresh.nbytes


def test_memorisation_refuses():
    refs, fresh = empty("refs", 4), empty("fresh", 30)
    for args, match in (
        ((refs[:0], refs, fresh), "no images"),
        ((refs, refs[:0], fresh), "no images"),
        ((refs, refs, fresh[:5]), "calibrate"),
        ((refs[:, :32], refs, fresh), "different sizes"),
    ):
        with pytest.raises(ValueError, match=match):
            memorisation(*args, EYE)
    with pytest.raises(ValueError, match="quantile"):
        memorisation(refs, refs, fresh, EYE, quantile=0)


def test_in_distribution_keeps_its_promise_for_clusters_and_sees_outliers():
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 10, (5, 8))

    def clusters(n):
        return centres[rng.integers(0, 5, n)] + rng.normal(size=(n, 8))

    share = np.mean([in_distribution(clusters(100), clusters(200)).mean() for _ in range(40)])
    assert 0.94 < share < 0.975, share
    real = clusters(400)
    between = (centres[0] + centres[1:]) / 2  # between clusters: near the mean of one Gaussian
    assert not in_distribution(between, real).any() and not in_distribution(clusters(50) + 8, real).any()
    x = clusters(50)
    assert (in_distribution(x[::-1], real[::-1]) == in_distribution(x, real)[::-1]).all()


def test_in_distribution_on_renders():
    real = empty("real", 200)
    assert (
        in_distribution(empty("more", 100), real, EYE).mean() > 0.85
        and in_distribution(255 - real[:50], real, EYE).mean() < 0.4
    )
    with pytest.raises(ValueError, match="at least 60"):
        in_distribution(real, real[:20], EYE)
    with pytest.raises(ValueError, match="level"):
        in_distribution(real, real, EYE, level=1.0)
