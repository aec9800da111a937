"Discoveries that are none: chance, edits that harm by themselves, rare phrases, classes of unequal size; and what must be found."

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit

from spurious_core.data.miniworld import draw, get_world, sample
from spurious_core.find.discover import (
    borrowed_alternatives,
    cluster_phrases,
    cooccurrence,
    exact_edits,
    judge_edits,
    log_odds,
    mark,
    normalise,
    phrase_table,
    plan_edits,
    planted_phrases,
    rank_features,
    ranked,
    show_discoveries,
    sign_flip,
    similarity,
)

LABELS = ["cat", "dog"]


def said(n, things=("ball", "sofa", "lamp"), places=("beach", "park", "room"), seed=0):
    g = np.random.default_rng(seed)
    return pd.DataFrame(
        dict(
            foreground=[[str(g.choice(things))] for _ in range(n)],
            background=[[str(g.choice(places))] for _ in range(n)],
            alternative=["moon"] * n,
        )
    )


def noise_edits(phrases, seed, harm=0.0, evidence={}, sure=0.0):
    "Edits whose sham and outcome differ by chance alone, after a choice of confident pictures; `harm`: what any edit costs; `evidence`: what a (label, cluster) really matters; all in log-odds."
    g = np.random.default_rng(seed)
    n = len(phrases)
    before = g.uniform(0, 4, n) + sure
    noise = lambda: g.normal(0, 1.5, n) - harm
    real = np.array([evidence.get((r.label, r.cluster), 0) for r in phrases.itertuples()])
    y = phrases.y.to_numpy()
    sham, after = before + noise(), before + noise() - real
    t = phrases.assign(
        p_before=expit(before), p_sham=expit(sham), p_after=expit(after), pred_before=y, evidence=sham - after
    )
    return t.assign(
        pred_after=np.where(after >= 0, y, 1 - y),
        pred_sham=np.where(sham >= 0, y, 1 - y),
        effect=t.p_sham - t.p_after,
    ).assign(flip=lambda t: t.pred_after != y)


def test_pure_noise_on_90_to_10_labels_is_not_called_spurious():
    "Our answer to a detector that flags pure noise on unequal classes: over many worlds, a false alarm in at most about one of twenty."
    alarms = paper = together = 0
    for s in range(120):
        y = (np.random.default_rng(s).random(150) < 0.1).astype(int)
        t = phrase_table(said(150, seed=s), y, LABELS)
        edits = noise_edits(t, s, harm=2.0)
        r = rank_features(edits, t, min_evidence=0.0, n_perm=499, seed=s)
        alarms += r.spurious.any()
        paper += (r.flips > 0).any()
        together += cooccurrence(t, y).spurious.any()
    assert alarms <= 13 and together <= 13  # 6 expected of 120; more than 13 has chance 0.005
    assert paper == 120  # where a flip is enough, there is always something


def test_p_values_are_uniform_or_larger_for_any_number_of_images():
    g = np.random.default_rng(0)
    for n in (3, 8, 30):
        p = np.array([sign_flip(g.standard_cauchy(n), 499, i) for i in range(600)])
        for a in (0.05, 0.2, 0.5):
            assert (p <= a).mean() <= a + 3 * np.sqrt(a * (1 - a) / 600)
    assert sign_flip([0.1] * 4) == 1 / 16 and sign_flip([-0.1] * 4) == 1 and sign_flip([0.0] * 6) == 1
    with pytest.raises(ValueError, match="finite numbers"):
        sign_flip([np.nan, 1.0])
    with pytest.raises(ValueError, match="finite numbers"):
        sign_flip([])


def test_a_real_feature_is_found_and_a_rare_flip_is_not():
    t = phrase_table(said(200), np.arange(200) % 2, LABELS)
    rare = dict(
        image=200, y=0, label="cat", kind="foreground", phrase="comet", cluster="comet", alternative=None
    )
    t = pd.concat([t, pd.DataFrame([rare])], ignore_index=True)
    edits = noise_edits(t, 1, evidence={("cat", "sofa"): 4.0, ("cat", "comet"): 9.0})
    r = rank_features(edits, t, n_perm=1999)
    cat = r[r.label == "cat"].set_index("cluster")
    assert (
        cat.spurious.sum() == 1
        and cat.loc["sofa", "spurious"]
        and cat.loc["sofa", "rank"] == 1
        and not r[r.label == "dog"].spurious.any()
    )
    assert (
        cat.score.idxmax() == "comet"
        and cat.loc["comet", "score"] == 1
        and cat.loc["comet", "p"] == 0.5
        and np.isnan(cat.loc["comet", "lo"])
    )
    assert (r.groupby("label")["rank"].apply(list).map(lambda v: v == list(range(1, len(v) + 1)))).all() and (
        r.q >= r.p
    ).all()
    assert (
        rank_features(edits.sample(frac=1, random_state=0), t, n_perm=1999)[
            ["label", "cluster", "spurious"]
        ].values
        == r[["label", "cluster", "spurious"]].values
    ).all()


def test_pictures_are_the_units_and_occurrences_count_pictures_without_edits():
    t = phrase_table(
        pd.DataFrame(
            dict(
                foreground=[["red ball", "ball", "balls"]] * 6 + [["ball"]] * 6,
                background=[[]] * 12,
                alternative=[""] * 12,
            )
        ),
        [0] * 12,
        LABELS,
    )
    assert set(t.cluster) == {"ball"} and len(t) == 24
    edits = noise_edits(t[t.image < 6], 0).assign(effect=0.3, evidence=2.0, flip=True)
    r = rank_features(edits, t).iloc[0]
    assert (
        r.edits == 6
        and r.p == 1 / 64
        and r.effect == pytest.approx(0.3)
        and r.evidence == pytest.approx(2)
        and r.occurrences == 24
        and r.flips == 18
        and r.score == pytest.approx(6 / 6 + 6 / 12 + 6 / 6)
    )


def test_a_trifle_is_not_spurious_however_sure():
    t = phrase_table(said(4000, things=("ball",)), np.zeros(4000, int), LABELS)
    edits = noise_edits(t, 0, evidence={("cat", "ball"): 0.4})
    r = rank_features(edits, t, n_perm=1999).set_index("cluster").loc["ball"]
    assert r.q < 0.01 and not r.spurious
    with pytest.raises(ValueError, match="fdr=2"):
        rank_features(edits, t, fdr=2)
    with pytest.raises(ValueError, match="min_evidence=-1"):
        rank_features(edits, t, min_evidence=-1)


def test_what_matters_is_found_where_confidence_is_at_its_end():
    "A network that is sure of every picture loses no confidence worth the name, and never flips, yet most of its evidence may be the lamp."
    t = phrase_table(said(200), np.arange(200) % 2, LABELS)
    edits = noise_edits(t, 2, evidence={("cat", "lamp"): 4.0}, sure=14.0)
    r = rank_features(edits, t, n_perm=1999)
    found = r[r.spurious]
    assert found[["label", "cluster"]].values.tolist() == [["cat", "lamp"]] and found["rank"].iloc[0] == 1
    assert (
        found.effect.iloc[0] < 0.001
        and not edits.flip.any()
        and found.lo.iloc[0] > 2
        and found.hi.iloc[0] < 6
    )


def test_the_surest_comes_first_and_more_evidence_breaks_ties():
    t = phrase_table(
        pd.DataFrame(
            dict(
                foreground=[["sofa", "lamp", "ball"]] * 8 + [["sofa"]] * 22,
                background=[[]] * 30,
                alternative=[""] * 30,
            )
        ),
        [0] * 30,
        LABELS,
    )
    g = np.random.default_rng(0)
    edits = noise_edits(t, 0).assign(
        evidence=[dict(sofa=2, lamp=5, ball=6)[c] + g.uniform(-0.5, 0.5) for c in t.cluster], effect=0.1
    )
    r = rank_features(edits, t)
    assert (
        r.spurious.all()
        and r.cluster.tolist() == ["sofa", "ball", "lamp"]
        and r.p.tolist()[1:] == [1 / 256] * 2
        and r.p[0] < 1 / 256
    )  # 30 pictures say more than 8
    assert (
        rank_features(edits, t, min_evidence=3.0).cluster.tolist() == ["ball", "lamp", "sofa"]
        and "sure" not in r
    )


def test_log_odds_have_no_end_and_take_no_note_of_scale():
    z = np.float32([[40, 0, 0], [0, 40, 0], [0, 0, 0]])
    got = log_odds(z, [0, 0, 2])
    assert got == pytest.approx([40 - np.log(2), -40, -np.log(2)], abs=1e-5) and got.dtype == float
    assert (
        log_odds(z + 1000, [0, 0, 2]) == pytest.approx(got, abs=1e-3)
        and log_odds([[800.0, 0.0]], [0])[0] == 800
        and log_odds(torch.tensor([[0.0, 3.0]]), torch.tensor([1]))[0] == 3
    )
    p = np.random.default_rng(0).dirichlet(np.ones(5), 7)
    y = np.arange(7) % 5
    q = p[np.arange(7), y]
    assert log_odds(np.log(p), y) == pytest.approx(np.log(q / (1 - q)))


def test_phrases():
    assert [
        normalise(p)
        for p in (
            "The GLASSES",
            "bus",
            "berries",
            "on a beach",
            "the two of them",
            "grass",
            "boxes",
            "T-shirts",
            "rivières",
        )
    ] == ["glass", "bus", "berry", "beach", "them", "grass", "box", "t shirt", "rivière"]
    assert similarity("red ball", "ball") == pytest.approx(0.707, abs=1e-3) and similarity("", "ball") == 0
    of = cluster_phrases(["ball"] * 4 + ["red ball"] * 2 + ["red wooden ball", "red box", "a"])
    assert (
        of["red ball"] == of["ball"] == "ball"
        and of["red wooden ball"] == "red wooden ball"
        and of["red box"] == "red box"
        and of["a"] == ""
    )  # no chain from box over red ball to ball
    assert (
        cluster_phrases([]) == {}
        and cluster_phrases(["ball", "red ball"], threshold=0.8)["red ball"] == "red ball"
    )
    with pytest.raises(ValueError, match="threshold=0"):
        cluster_phrases(["a"], 0)
    t = phrase_table(
        pd.DataFrame(
            dict(
                foreground=[["ball", "ball"], []], background=[["a beach"], ["the"]], alternative=["", "moon"]
            )
        ),
        [1, 0],
        LABELS,
    )
    assert (
        t[["image", "label", "kind", "cluster"]].values.tolist()
        == [[0, "dog", "foreground", "ball"], [0, "dog", "background", "beach"]]
        and t.alternative.isna().all()
    )
    with pytest.raises(ValueError, match="1 rows of phrases for 2 images"):
        phrase_table(said(1), [0, 1], LABELS)


def test_alternatives_come_from_other_classes():
    y = np.arange(60) % 2
    e = said(60, places=("beach", "park"))
    e["background"] = [["a beach"] if k == 0 else ["park"] for k in y]
    t = phrase_table(e, y, LABELS)
    b = borrowed_alternatives(t, 3)
    places = b[b.kind == "background"]
    assert (
        (places[places.y == 0].alternative == "park").all()
        and (places[places.y == 1].alternative == "a beach").all()
        and b[b.kind == "foreground"].alternative.isna().all()
    )
    only = borrowed_alternatives(t[t.y == 0])
    assert (only[only.kind == "background"].alternative == "moon").all() and (
        t[t.kind == "background"].alternative == "moon"
    ).all()


def test_plans_edit_right_pictures_only_and_not_too_many():
    y = np.arange(90) % 2
    t = phrase_table(said(90), y, LABELS)
    right = np.random.default_rng(0).random(90) < 0.7
    plan = plan_edits(t, right, most=5, seed=1)
    assert (
        right[plan.image].all()
        and plan.groupby(["y", "kind", "cluster"]).size().max() == 5
        and plan.equals(plan_edits(t, right, most=5, seed=1))
        and not plan.equals(plan_edits(t, right, most=5, seed=2))
    )
    less = plan_edits(t[t.y == 0], right, most=5, seed=1)
    assert (less.image.to_numpy() == plan[plan.y == 0].image.to_numpy()).all()  # other classes don't matter
    assert (plan_edits(t.assign(alternative=None), right).kind == "foreground").all()
    n = t[right[t.image]].groupby(["y", "kind", "cluster"]).image.nunique()
    enough = plan_edits(t, right, most=2, least=10)
    assert 0 < (n < 10).sum() < len(n)
    assert (
        set(map(tuple, enough[["y", "kind", "cluster"]].to_numpy())) == set(n.index[n >= 10])
        and enough.groupby(["y", "kind", "cluster"]).size().max() == 2
    )  # counted before the choice
    with pytest.raises(ValueError, match="least=0"):
        plan_edits(t, right, least=0)
    with pytest.raises(ValueError, match="nothing to edit"):
        plan_edits(t, np.zeros(90, bool))
    with pytest.raises(ValueError, match="most=0"):
        plan_edits(t, right, most=0)


def test_cooccurrence_finds_the_planted_and_sorts_by_certainty():
    y = np.arange(200) % 2
    e = said(200)
    e["foreground"] = [["sofa"] if k == 0 and i % 10 else f for i, (k, f) in enumerate(zip(y, e.foreground))]
    r = cooccurrence(phrase_table(e, y, LABELS), y)
    top = r[(r.label == "cat") & (r["rank"] == 1)].iloc[0]
    assert (
        top.cluster == "sofa"
        and top.spurious
        and top.lift > 2
        and "sofa" not in set(r[r.spurious & (r.label == "dog")].cluster)
    )


def test_marks():
    truth = {"cat": [{"sofa"}, {"beach", "park"}], "dog": []}
    t = ranked(
        pd.DataFrame(
            [
                dict(y=0, label="cat", cluster=c, spurious=s, effect=e)
                for c, s, e in (
                    ("old sofa", True, 0.5),
                    ("lamp", True, 0.4),
                    ("park", True, 0.3),
                    ("beach", True, 0.2),
                    ("moon", False, 0.9),
                )
            ]
            + [dict(y=1, label="dog", cluster="ball", spurious=False, effect=0.1)]
        ),
        ["spurious", "effect"],
    )
    assert t[t.label == "cat"].cluster.tolist() == ["old sofa", "lamp", "park", "beach", "moon"]
    assert mark(t, truth) == dict(
        recall_at_1=(1, 2), recall_at_3=(2, 2), precision_at_3=(2, 3), null_discoveries=(1, 2)
    )
    assert mark(t.assign(spurious=False), truth)["recall_at_3"] == (0, 2)
    w = planted_phrases(get_world("waterbirds"))
    assert (
        w["landbird"] == [{"forest", "grass"}]
        and planted_phrases(get_world("imagenet_like"))["house"] == [{"fence"}]
        and not any(planted_phrases(get_world("clean")).values())
    )


def test_perfect_edits_change_what_they_should_only():
    m = sample(get_world("imagenet_like"), 40, seed=3)
    m = m[m.prop.isin(["lamp", "flag", "fence", "kite"]) & (m.opacity == 1)].head(4).reset_index(drop=True)
    x, obj, _ = draw(m, masks=True)
    from spurious_core.data.miniworld import PROPS

    plan = pd.DataFrame(
        [
            dict(
                image=i,
                kind=k,
                phrase=PROPS[m.prop[i]] if k == "foreground" else m.scene[i],
                alternative=None if k == "foreground" else "in water" if m.scene[i] != "water" else "sand",
            )
            for i in range(4)
            for k in ("foreground", "background")
        ]
    )
    after, sham = exact_edits(m, plan, 0)
    for k, r in plan.iterrows():
        inside = obj[r.image] == 1
        assert (
            (abs(after[k].astype(int) - x[r.image])[inside] <= 1).all()
            and (abs(sham[k].astype(int) - x[r.image])[inside] <= 1).all()
            and (after[k] != sham[k]).any()
        )
    with pytest.raises(ValueError, match="no background 'moon'"):
        exact_edits(m, plan.assign(kind="background", alternative="moon"))


class Half:
    "Confident in class 0 by how bright a picture is; the logits are of any scale and offset."

    labels = LABELS

    def batched(self, f, images):
        p = torch.as_tensor(np.asarray(images).mean((1, 2, 3)) / 255).float()
        return torch.stack([p.log(), (1 - p).log()], 1) + 7


def test_judging_pairs_every_edit_with_its_own_picture():
    images = np.stack([np.full((4, 4, 3), v, np.uint8) for v in (250, 10, 200)])
    plan = pd.DataFrame(
        dict(
            image=[2, 0, 1],
            y=[0, 0, 1],
            label=["cat", "cat", "dog"],
            kind="foreground",
            phrase="ball",
            cluster="ball",
        )
    )
    after, sham = (
        np.stack([np.full((4, 4, 3), v, np.uint8) for v in vs]) for vs in ((50, 240, 20), (190, 250, 10))
    )
    t = judge_edits(plan, Half(), images, after, sham)
    assert (
        t.flip.tolist() == [True, False, False]
        and t.p_before.to_numpy() == pytest.approx([200 / 255, 250 / 255, 245 / 255])
        and t.effect.to_numpy() == pytest.approx([140 / 255, 10 / 255, 10 / 255])
    )
    o = lambda v: np.log(v / (255 - v))
    assert t.evidence.to_numpy() == pytest.approx([o(190) - o(50), o(250) - o(240), o(20) - o(10)], abs=1e-4)
    with pytest.raises(ValueError, match="3 edits were planned, 2 images edited"):
        judge_edits(plan, Half(), images, after[:2], sham)
    r = rank_features(t, plan.assign(alternative=None))
    assert show_discoveries(t, r, images, after, sham, "cat", n=2)
    with pytest.raises(ValueError, match="class 'cow' has no ranked"):
        show_discoveries(t, r, images, after, sham, "cow")
