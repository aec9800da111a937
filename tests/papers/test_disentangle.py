"Dependency measures by hand, disentangling of known mixtures, kill and resume, probes, export, and the task with correlated pairs."

import math
import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from spurious_core.core.seeds import generator
from spurious_core.core.settings import load_profile
from spurious_core.data.datasets import GroupedImages
from spurious_core.mitigate.recipes import MitigationConfig, small_resnet
from spurious_core.models.classifiers import Classifier, load_classifier, save_classifier
from spurious_core.papers import disentangle as dis
from spurious_core.papers.dependency import (
    MEASURES,
    Canonical,
    Mine,
    Wasserstein,
    halving,
    label_vectors,
    normalised,
    train_critic,
)
from spurious_core.papers.disentangle import (
    CachedFeatures,
    Disentangled,
    Disentangling,
    disentangle,
    features_of,
    neighbours,
    on_features,
    probe,
    probes,
)
from spurious_core.papers.strong_correlation import (
    anticorrelated,
    anticorrelated_accuracy,
    correlated,
    linear_head,
    usual_backgrounds,
)

torch.set_num_threads(1)
K, B = 4, 5
LABELS, SCENES = [f"class {i}" for i in range(K)], [f"scene {i}" for i in range(B)]
VECTORS = label_vectors(2, 3, "test")


def mixed(n, seed, noise=0.2):
    "Six numbers of the class and six of the background, mixed by a fixed matrix with directions of unlike size."
    rng, fixed = np.random.default_rng([seed, 1]), np.random.default_rng(0)
    y, a = rng.integers(0, K, n), rng.integers(0, B, n)
    codes, mix = (
        fixed.normal(size=(2, 8, 6)),
        np.linalg.qr(fixed.normal(size=(12, 12)))[0] * np.geomspace(0.4, 2.5, 12),
    )
    z = np.concatenate([codes[0][y], codes[1][a]], 1) + noise * rng.normal(size=(n, 12))
    return CachedFeatures(z @ mix, y, a, LABELS, SCENES)


def pictures(n=120, seed=0, labels=LABELS, pairs=None, size=16):
    "A dark block whose height is the class on paper whose tint is the background."
    rng = np.random.default_rng(seed)
    y, a = (np.arange(n) % K, np.arange(n) // K % B) if pairs is None else np.array(pairs).T
    x = (
        rng.normal(120, 20, (len(y), size, size, 3))
        + np.eye(3)[a % 3][:, None, None] * 60 * (1 + a // 3)[:, None, None, None]
    )
    for i, k in enumerate(y):
        x[i, 3 * k : 3 * k + 4, 4:12] = 20
    return GroupedImages(
        pd.DataFrame(dict(y=y, a=a, split="train")),
        labels,
        SCENES,
        "blocks",
        x.clip(0, 255).astype(np.uint8),
        size=size,
    )


def small(seed=0):
    torch.manual_seed(seed)
    return small_resnet(LABELS, (8, 16))


QUICK = Disentangling(
    pretrain=2, steps=5, critic_steps=2, batch=24, background=0.25, widths=(16,), augment="crop"
)
TOY = Disentangling(background=0.5, linear=1.0, pretrain=30, steps=170, lr=1e-2, batch=96, widths=(64, 32))


def start():
    return on_features(LABELS, 12, None, "test")


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


# --- the measures


def with_net(measure, weight):
    measure.net = nn.Linear(weight.shape[1], 1, bias=False)
    measure.net.weight.data = weight.clone()
    return measure


def test_a_product_sample_keeps_its_features_and_takes_the_label_of_another_image():
    f, y, order = torch.randn(4, 2), torch.tensor([0, 1, 0, 1]), torch.tensor([1, 0, 3, 2])
    joint, product = Wasserstein(2, VECTORS, None, "raw").pairs(f, y, order)
    assert (
        torch.equal(joint[:, :2], product[:, :2])
        and torch.equal(joint[:, 2:], VECTORS[y])
        and torch.equal(product[:, 2:], VECTORS[y[order]])
    )


def test_wasserstein_losses_by_hand_for_a_linear_critic():
    w = torch.tensor([[1.0, 2.0, 0.5, -1.0, 0.0]])
    m = with_net(Wasserstein(2, VECTORS, None, "raw"), w)
    f, y, order = torch.randn(6, 2), torch.tensor([0, 1, 0, 1, 1, 1]), torch.tensor([1, 0, 3, 2, 4, 5])
    gap = ((VECTORS[y[order]] - VECTORS[y]) @ w[0, 2:]).mean().item()
    assert m.penalty(f, y, order).item() == pytest.approx(gap, abs=1e-5)
    assert m.critic_loss(f, y, order, generator(0)).item() == pytest.approx(
        -gap + 10 * (w.norm().item() - 1) ** 2, abs=1e-4
    )


def test_the_critic_and_the_features_pull_in_opposite_directions():
    f, y, order = (
        torch.randn(64, 4, generator=generator(0), requires_grad=True),
        torch.arange(64) % 2,
        torch.randperm(64, generator=generator(1)),
    )
    for M in MEASURES.values():
        m = M(4, VECTORS, (8,), "raw", 1)
        if M is Wasserstein:
            m.gradient_penalty = 0.0
        (a,) = torch.autograd.grad(m.critic_loss(f, y, order, generator(2)), f)
        (b,) = torch.autograd.grad(m.penalty(f, y, order), f)
        assert (
            nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0) < -0.999
        )  # with the first batch the running mean of MINE is that of the batch


def test_mine_divides_by_the_running_mean_of_the_exponentials():
    w = torch.tensor([[0.3, -0.2, 0.5, -0.4, 0.1]])
    m = with_net(Mine(2, VECTORS, None, "raw"), w)
    means = []
    for seed in range(3):
        f, y, order = (
            torch.randn(32, 2, generator=generator(seed)),
            torch.arange(32) % 2,
            torch.randperm(32, generator=generator(seed)),
        )
        now = (torch.cat([f, VECTORS[y[order]]], 1) @ w[0]).exp().mean().item()
        means.append(now if not means else 0.9 * means[-1] + 0.1 * now)
        joint = (torch.cat([f, VECTORS[y]], 1) @ w[0]).mean().item()
        assert m.critic_loss(f, y, order).item() == pytest.approx(now / means[-1] - joint, abs=1e-5)
        assert m.penalty(f, y, order).item() == pytest.approx(joint - math.log(now), abs=1e-5)
    assert "mean_exp" in m.state_dict()


def test_mine_reports_dependence_that_is_not_there_where_the_critic_knows_the_samples():
    f, y = torch.randn(32, 6, generator=generator(1)), torch.arange(32) % 2
    m = Mine(6, VECTORS, (64, 64), "standard", 0)
    train_critic(m, lambda s: (f, y), 400, 5e-3)
    fresh, t = torch.randn(2000, 6, generator=generator(2)), torch.arange(2000) % 2
    with torch.no_grad():
        assert (
            m.penalty(f, y, torch.randperm(32, generator=generator(3))) > 0.2
            and m.penalty(fresh, t, torch.randperm(2000, generator=generator(4))) < 0.05
        )


@pytest.mark.parametrize("how, dull", [("raw", True), ("standard", False), ("white", False)])
def test_only_normalised_features_can_not_hide_by_being_small(how, dull):
    y = torch.arange(200) % 2
    f = 0.01 * (2 * y - 1)[:, None] + 0.001 * torch.randn(200, 1, generator=generator(0))
    m = Wasserstein(1, torch.tensor([[-1.0, 0.0], [1.0, 0.0]]), (16,), how, 0)
    train_critic(m, lambda s: (f, y), 150)
    with torch.no_grad():
        assert (m.penalty(f, y, torch.randperm(200, generator=generator(1))) < 0.1) == dull


def test_canonical_is_the_dependence_of_gaussians_with_the_same_canonical_correlations():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    x = rng.normal(size=(400, 4)) @ rng.normal(size=(4, 4))
    x[:, 0] += y
    x0, t = x - x.mean(0), np.eye(3)[y] - np.eye(3)[y].mean(0)
    inv = np.linalg.pinv
    squares = np.linalg.eigvals(inv(x0.T @ x0) @ x0.T @ t @ inv(t.T @ t) @ t.T @ x0).real
    truth = -np.log(1 - squares).sum()
    assert 0.1 < truth < 3
    assert Canonical(4, 3, 0.0, 1e-7)(
        torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    ).item() == pytest.approx(truth, rel=1e-3)
    c = Canonical(4, 3, 0.9, 1e-7)
    halves = [torch.tensor(v) for v in (x[:200], x[200:])], [torch.tensor(v) for v in (y[:200], y[200:])]
    for f, t in zip(*halves):
        value = c(f.float(), t)
    assert value.item() == pytest.approx(truth, rel=0.2)


def test_canonical_pushes_where_the_label_is_read_perfectly():
    y = torch.arange(60) % 3
    f = (torch.eye(3)[y] + 0.02 * torch.randn(60, 3, generator=generator(0)))[:, :2].requires_grad_(True)
    c = Canonical(2, 3, 0.0)
    c(f, y).backward()
    moved = f.detach() - f.grad / f.grad.norm() * 2
    assert Canonical(2, 3, 0.0)(moved, y) < 0.5 * Canonical(2, 3, 0.0)(f.detach(), y)


def test_halving_and_whitening():
    assert halving(10) == (5, 2) and halving(3) == ()
    x = torch.randn(300, 5, generator=generator(0)) @ torch.randn(5, 5, generator=generator(1))
    w = normalised(x, "white", 0.0)
    assert torch.allclose(w.T @ w / 300, torch.eye(5), atol=1e-3)


# --- settings and data


@pytest.mark.parametrize(
    "bad",
    [
        dict(penalty="kl"),
        dict(weight=-1),
        dict(linear=math.nan),
        dict(background=0),
        dict(normalise="whiten"),
        dict(steps=0),
        dict(critic_steps=1.5),
        dict(batch=1),
        dict(lr=0),
        dict(critic_lr=-1),
        dict(memory=1.0),
        dict(augment="blur"),
        dict(widths=(0,)),
        dict(vector=0),
        dict(pretrain=-1),
        dict(lr_schedule="step"),
        dict(clip=0),
    ],
)
def test_bad_settings_name_themselves(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Disentangling(**bad)


def test_data_without_a_class_or_a_background_is_refused_and_missing_pairs_are_told():
    d = mixed(200, 0)
    for rows, name in ((d.y != 2, "class class 2"), (d.a != 4, "background scene 4")):
        with pytest.raises(ValueError, match=name):
            disentangle(start(), CachedFeatures(d.pixels[rows], d.y[rows], d.a[rows], LABELS, SCENES), TOY)
    rows = d.group != 7
    with pytest.warns(UserWarning, match="1 of 20 pairs"):
        dis.check_pairs(CachedFeatures(d.pixels[rows], d.y[rows], d.a[rows], LABELS, SCENES))


def test_pairs_are_drawn_evenly_from_lopsided_data():
    d = pictures(pairs=[(i % K, (i % K) if i > 60 else i // K % B) for i in range(400)])
    t = dis._Training(small(), d, QUICK, 0, torch.device("cpu"))
    counts = np.zeros((K, B))
    for s in range(100):
        _, y, a, _ = t.draw(s)
        np.add.at(counts, (y.numpy(), a.numpy()), 1)
    assert (
        np.bincount(d.group).max() > 10 * np.bincount(d.group)[np.bincount(d.group) > 0].min()
        and counts.max() < 1.5 * counts.min()
    )


def test_whitening_needs_more_images_in_a_batch_than_features():
    with pytest.raises(ValueError, match="batches larger than the 6 features"):
        disentangle(start(), mixed(300, 0), Disentangling(batch=6, background=0.5))


# --- the network with two heads


def test_the_head_keeps_its_foreground_columns_and_rows_move_with_their_class():
    net = small()
    order = [2, 0, 3]
    d = pictures(pairs=[(i % 3, i // 3 % B) for i in range(60)], labels=[LABELS[k] for k in order])
    t = dis._Training(net, d, QUICK, 0, torch.device("cpu"))
    cut = t.model.cut
    assert (
        cut == 12
        and torch.equal(t.model.clf.head.weight[:, :cut], net.head.weight[order][:, :cut])
        and torch.equal(t.model.clf.head.bias, net.head.bias[order])
        and not t.model.clf.head.weight[:, cut:].any()
    )


@pytest.mark.parametrize("penalty", ["wasserstein", "mine", "none"])
def test_the_exported_classifier_sees_the_foreground_alone_and_survives_saving(penalty, tmp_path):
    from dataclasses import replace

    images = pictures()
    model = disentangle(
        small(), images, replace(QUICK, penalty=penalty, linear=0.3 * (penalty != "none")), progress=False
    )
    clf = model.clf
    assert not clf.head.weight[:, model.cut :].any() and not clf.training
    x = torch.from_numpy(images.pixels[:8]).permute(0, 3, 1, 2) / 255
    fg, bg, y_hat, _ = model(x)
    assert torch.allclose(clf(x), y_hat, atol=1e-5) and bg.abs().max() > 0
    again = load_classifier(save_classifier(clf, tmp_path, torch.float32))
    assert torch.allclose(again(x), clf(x), atol=1e-6) and again.labels == LABELS


@pytest.mark.parametrize("juror", [0, 1, 2, 3])
def test_every_kind_of_network_in_the_jury_can_be_split(juror):
    clf = load_classifier(load_profile("mini").jury[juror])
    model = Disentangled(clf, 90, SCENES)
    x = torch.rand(2, 3, 64, 64)
    fg, bg, y_hat, a_hat = model(x)
    assert fg.shape == (2, 90) and a_hat.shape == (2, B) and torch.allclose(y_hat, clf(x), atol=1e-4)


# --- training


@pytest.fixture(scope="module")
def parts():
    return mixed(600, 1), mixed(1200, 2), mixed(600, 3)


def read(model, fit_on, test, kinds=("linear",)):
    p = probes(model.clf, model.cut, fit_on, test, kinds)
    return p.set_index(["kind", "probe"]).value


@pytest.mark.parametrize("penalty", ["wasserstein", "mine"])
def test_a_known_mixture_is_taken_apart(penalty, parts):
    from dataclasses import replace

    train, fit_on, test = parts
    v = read(
        disentangle(start(), train, replace(TOY, penalty=penalty), progress=False),
        fit_on,
        test,
        ("linear", "mlp"),
    )
    assert v["linear", "fg_from_fg"] > 0.93 and v["linear", "bg_from_bg"] > 0.93
    for kind in ("linear", "mlp"):
        assert v[kind, "bg_from_fg"] < 1 / B + 0.15 and v[kind, "fg_from_bg"] < 1 / K + 0.15, (
            kind,
            v[kind].to_dict(),
        )


def test_a_critic_too_weak_leaves_the_label_to_probes_although_its_penalty_is_small(parts):
    from dataclasses import replace

    train, fit_on, test = parts
    weak = replace(TOY, linear=0.0, normalise="raw", widths=(2,), critic_lr=1e-4)
    model = disentangle(start(), train, weak, progress=False)
    v = read(model, fit_on, test)
    assert model.history.penalty_fg.iloc[-20:].mean() < 0.1 and v["linear", "bg_from_fg"] > 1 / B + 0.3


def test_same_seed_same_result_and_other_seeds_differ():
    d = pictures()
    a, b, c = (disentangle(small(), d, QUICK, s, progress=False) for s in (0, 0, 1))
    assert same(a.state_dict(), b.state_dict()) and not same(a.state_dict(), c.state_dict())


@pytest.mark.parametrize("penalty", ["wasserstein", "mine"])
def test_killed_and_called_again_it_ends_as_if_nothing_had_happened(penalty, tmp_path, killed, monkeypatch):
    from dataclasses import replace

    config, d = replace(QUICK, penalty=penalty), pictures()
    whole = disentangle(small(), d, config, 3, progress=False)
    step = dis._Training.step

    def die(self, k):
        if k == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self, k)

    def child():
        dis._Training.step = die
        disentangle(small(), d, config, 3, out_dir=tmp_path / "run", progress=False, checkpoint_seconds=0)

    assert killed(child) == -signal.SIGKILL and (tmp_path / "run" / dis.CHECKPOINT).exists()
    seen = []
    monkeypatch.setattr(dis._Training, "step", lambda self, k: seen.append(k) or step(self, k))
    again = disentangle(small(), d, config, 3, out_dir=tmp_path / "run", progress=False)
    assert seen == [5, 6] and same(again.state_dict(), whole.state_dict())
    pd.testing.assert_frame_equal(again.history, whole.history)
    seen.clear()
    assert (
        same(
            disentangle(small(), d, config, 3, out_dir=tmp_path / "run", progress=False).state_dict(),
            whole.state_dict(),
        )
        and not seen
    )
    for other in (
        dict(seed=4),
        dict(train=pictures(seed=1)),
        dict(config=replace(config, weight=2.0)),
        dict(backbone=small(1)),
    ):
        with pytest.raises(ValueError, match="holds another run"):
            disentangle(
                **dict(
                    backbone=small(), train=d, config=config, seed=3, out_dir=tmp_path / "run", progress=False
                )
                | other
            )


@pytest.mark.parametrize("penalty", ["wasserstein", "mine", "none"])
def test_a_loss_that_is_not_finite_stops_with_a_message_and_keeps_the_checkpoint(penalty, tmp_path):
    from dataclasses import replace

    d = pictures()
    net = small()
    disentangle(net, d, replace(QUICK, penalty=penalty), out_dir=tmp_path / "good", progress=False)
    wild = replace(
        QUICK, penalty=penalty, linear=0.0, lr=1e30, normalise="raw", steps=20, lr_schedule="constant"
    )
    with pytest.raises(FloatingPointError, match="not finite; .*a?lower"):
        disentangle(net, d, wild, out_dir=tmp_path / "bad", progress=False, checkpoint_seconds=0)
    from spurious_core.core.checkpoints import read_tensors

    tensors, meta = read_tensors(tmp_path / "bad" / dis.CHECKPOINT)
    assert meta["step"] == len(meta["rows"]) >= 1 and not (tmp_path / "bad" / dis.RESULT).exists()


# --- probes and neighbours


def test_a_linear_probe_is_blind_to_what_the_small_network_reads():
    rng = np.random.default_rng(0)
    x = rng.choice([-1.0, 1.0], (3000, 2)) + 0.1 * rng.normal(size=(3000, 2))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    linear, mlp = (probe(x[:2000], y[:2000], x[2000:], y[2000:], k) for k in ("linear", "mlp"))
    assert (
        linear["value"] < 0.6 < 0.95 < mlp["value"]
        and mlp["n"] == 1000
        and linear["lo"] < linear["value"] < linear["hi"]
    )
    with pytest.raises(ValueError, match="allowed: linear, mlp"):
        probe(x, y, x, y, "tree")


def test_chance_is_the_share_of_the_most_frequent_label():
    x, y = np.zeros((10, 1)), [0] * 6 + [1] * 4
    assert (
        probe(x, y, x, [0, 1, 1, 1, 1, 1, 0, 0, 0, 1])["chance"] == 0.4 and probe(x, y, x, y)["value"] == 0.6
    )


def test_features_do_not_depend_on_the_batch_and_leave_the_mode():
    clf, d = small(), pictures(30)
    clf.train()
    a, b = features_of(clf, d, 7), features_of(clf, d)
    assert np.allclose(a, b, atol=1e-5) and clf.training and a.shape == (30, 16)


def test_neighbours_are_others_by_angle():
    x = np.array([[1.0, 0], [2.0, 0.1], [0, 1], [0.1, 3], [-1, -1], [-2, -2.2]])
    assert neighbours(x, [0, 2, 4], 1)[:, 0].tolist() == [1, 3, 5]
    with pytest.raises(ValueError, match="k=6 must lie between"):
        neighbours(x, [0], 6)


# --- correlated pairs


def test_correlated_training_and_anticorrelated_test_are_what_they_say():
    d = pictures(1200)
    usual = usual_backgrounds(d, 1)
    assert len({*usual}) == K and (usual != usual_backgrounds(d, 2)).any()
    for share in (1.0, 0.8):
        c = correlated(d, usual, share, 0)
        own = c.a == usual[c.y]
        assert own.mean() == pytest.approx(share, abs=0.01) and (np.bincount(c.y[own]) == 60).all()
        if share < 1:
            assert len(np.unique(c.group)) == K * B  # the rest is spread over all other backgrounds
    anti = anticorrelated(d, usual)
    assert (
        set(anti.a) == set(usual)
        and not (anti.a == usual[anti.y]).any()
        and len(np.unique(anti.group)) == K * (K - 1)
    )
    with pytest.raises(ValueError, match="as many backgrounds"):
        usual_backgrounds(GroupedImages(d.manifest.assign(a=0), LABELS, ["one"], pixels=d.pixels))
    with pytest.raises(ValueError, match="class class 0 has 60 images before .* of the 540 others"):
        correlated(d, usual, 0.1)


def test_a_linear_head_is_the_logistic_regression_of_its_part(tmp_path):
    clf, d = small(), pictures()
    cut = 10
    head = linear_head(clf, d, "fg", cut)
    x = features_of(clf, d)[:, :cut]
    z = (x - x.mean(0)) / (x.std(0) + 1e-8)
    p = LogisticRegression(C=1.0, max_iter=500).fit(z, d.y).predict_proba(z)
    assert np.allclose(head.probs(d.images()).numpy(), p, atol=1e-3)
    assert not head.head.weight[:, cut:].any() and clf.head.weight[:, cut:].any()
    again = load_classifier(save_classifier(head, tmp_path, torch.float32))
    assert torch.allclose(again.probs(d.images()), head.probs(d.images()), atol=1e-5)
    for bad in (dict(part="bg"), dict(part="fg"), dict(part="all", cut=3)):
        with pytest.raises(ValueError, match="give part"):
            linear_head(clf, d, **bad)


def test_heads_on_a_foreground_that_knows_no_background_win_where_pairs_disagree(parts):
    "The features are made: the foreground part is of the class alone, though noisy; the rest tells the background clearly."

    class Made(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(9, K)

        def forward(self, x):
            y, a, noise = (x[:, 0, 0, :3] * 255).round().long().T
            return self.head(
                torch.cat(
                    [
                        torch.eye(K)[y] + 0.5 * torch.sin(noise[:, None] * torch.arange(1.0, K + 1) * 7),
                        3 * torch.eye(B)[a],
                    ],
                    1,
                )
            )

    rng = np.random.default_rng(0)
    y, a = rng.integers(0, K, 4000), rng.integers(0, B, 4000)
    x = np.zeros((4000, 8, 8, 3), np.uint8)
    x[:, 0, :3, :] = np.stack([y, a, rng.integers(0, 256, 4000)], 1)[..., None]
    d = GroupedImages(pd.DataFrame(dict(y=y, a=a, split="train")), LABELS, SCENES, "made", x)
    net = Classifier(Made(), LABELS, nn.Identity(), "made").eval()
    half = np.arange(4000) < 2000
    usual = usual_backgrounds(d)
    cor, anti = correlated(d.subset(half), usual, 0.97), anticorrelated(d.subset(~half), usual)
    t = anticorrelated_accuracy(
        cor,
        anti,
        net,
        {"all": (net, None), "foreground": (net, K)},
        ("ERM",),
        MitigationConfig(epochs=1),
        progress=False,
    ).set_index("method")
    assert (
        list(t.index) == ["ERM", "all", "foreground"]
        and t.lo["foreground"] > t.hi["all"]
        and (t.n == len(anti)).all()
    )
