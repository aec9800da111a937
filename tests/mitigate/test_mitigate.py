"Core maths of the cures, kill and resume, and faults of data and settings."

import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from spurious_core.core.checkpoints import read_tensors
from spurious_core.data.datasets import GroupedImages
from spurious_core.mitigate import group_training as gt
from spurious_core.mitigate.last_layer import afr_weights, dfr_head, halves, held_out
from spurious_core.mitigate.mitigate import METHODS, PRESETS, fit, methods_table, preset
from spurious_core.mitigate.recipes import (
    Batch,
    MitigationConfig,
    new_classifier,
    scores,
    small_resnet,
    weighted,
)
from spurious_core.mitigate.robust_training import (
    CVaR,
    GroupDRO,
    LfF,
    Masked,
    Mixup,
    cvar,
    gce,
    grad_cams,
    jtt_weights,
    lisa_batches,
    lisa_partners,
)
from spurious_core.models.classifiers import Classifier, Preprocess, load_classifier, save_classifier

torch.set_num_threads(1)
LABELS, ATTRIBUTES = ["dark", "light"], ["red", "blue"]
FAST = MitigationConfig(lr=1e-2, epochs=3, batch=16)


def images(n=80, agree=0.85, seed=0, split="train", size=16):
    "Brightness is the class (often hard to see), the colour of a corner the attribute (easy)."
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    a = np.where(rng.random(n) < agree, y, 1 - y)
    a[:4] = [0, 0, 1, 1]
    x = rng.normal(120, 30, (n, size, size, 3)) + (18 * rng.random(n) * (2 * y - 1))[:, None, None, None]
    x[:, :6, :6] = np.array([[200, 30, 30], [30, 30, 200]])[a][:, None, None]
    return GroupedImages(
        pd.DataFrame(dict(y=y, a=a, split=split)),
        LABELS,
        ATTRIBUTES,
        "corners",
        x.clip(0, 255).astype(np.uint8),
        size=size,
    )


class Small(nn.Module):
    "A convolution with batch norm and dropout, so that a resumed run needs running means and random numbers."

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.drop, self.head = (
            nn.Conv2d(3, 6, 5, 2),
            nn.BatchNorm2d(6),
            nn.Dropout(0.3),
            nn.Linear(6 * 4, 2),
        )

    def forward(self, x):
        return self.head(
            self.drop(nn.functional.adaptive_avg_pool2d(self.norm(self.conv(x)).relu(), 2).flatten(1))
        )


def small():
    return Classifier(Small(), LABELS, Preprocess(), "small")


def quick(method, train=None, val=None, config=FAST, backbone=small, **kw):
    return fit(
        method,
        train if train is not None else images(),
        val if val is not None else images(60, 0.5, 1, "val"),
        backbone,
        config,
        progress=False,
        **kw,
    )


def weights(fitted):
    return fitted.clf.state_dict()


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


class Fixed(nn.Module):
    "Logits that are parameters, one row per image; an image is its number."

    def __init__(self, z):
        super().__init__()
        self.z = nn.Parameter(torch.as_tensor(z, dtype=torch.float32))

    def forward(self, x):
        return self.z[x.long()]


def batch(index, y):
    i = torch.tensor(index)
    return Batch(i, torch.tensor(y), i, torch.Generator().manual_seed(0))


# --- the maths of each method


def test_group_dro_follows_the_published_update_step_by_step():
    z = [[1.0, 0.0], [0.0, 0.0], [0.0, 2.0], [3.0, 0.0]]
    groups, eta = np.array([0, 0, 5, 5]), 0.5
    loss = lambda i, y: -torch.tensor(z[i]).log_softmax(0)[y].item()
    dro = GroupDRO(Fixed(z), groups, eta)
    assert len(dro.q) == 2  # a group that nobody is in takes no part
    total = dro(batch([0, 1, 2, 3], [0, 0, 0, 0]))
    means = [(loss(0, 0) + loss(1, 0)) / 2, (loss(2, 0) + loss(3, 0)) / 2]
    raw = [0.5 * np.exp(eta * m) for m in means]
    q = np.array(raw) / sum(raw)
    assert np.allclose(dro.q, q, atol=1e-6) and total.item() == pytest.approx(q @ means, abs=1e-6)
    dro(batch([0, 1], [0, 0]))
    again = q * np.array([np.exp(eta * means[0]), 1.0])  # the absent group keeps its share but for the norm
    assert np.allclose(dro.q, again / again.sum(), atol=1e-6) and "q" in dro.state_dict()


def test_cvar_has_gradient_only_on_the_worst_share():
    net = Fixed(
        np.array(
            [[4.0, 0.0], [0.0, 4.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [5.0, 0.0], [6.0, 0.0], [7.0, 0.0]]
        )
    )
    CVaR(net, 0.25)(batch(list(range(8)), [0] * 8)).backward()
    assert set(net.z.grad.abs().sum(1).nonzero()[:, 0].tolist()) == {1, 3}
    assert cvar(torch.arange(10.0), 1.0).item() == 4.5 and cvar(torch.arange(3.0), 0.01).item() == 2


def test_gce_is_between_cross_entropy_and_absolute_error():
    z, y = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 3
    p = z.softmax(1)[torch.arange(20), y]
    assert torch.allclose(gce(z, y, 1.0), 1 - p, atol=1e-6) and torch.allclose(
        gce(z, y, 1e-3), -p.log(), atol=1e-2
    )


def test_lff_weights_what_the_biased_net_finds_hard_by_running_losses():
    y = torch.tensor([0, 0, 1, 1])
    hard, easy = [[0.0, 3.0], [0.0, 0.0]], [[3.0, 0.0], [0.0, 3.0]]
    biased, debiased = (
        Fixed([easy[0], hard[0], easy[1], easy[1]]),
        Fixed([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
    )
    lff = LfF(debiased, biased, y, 0.7, 0.7)
    lff(batch([0, 1, 2, 3], y.tolist())).backward()
    first = lff.ema.clone()
    g = debiased.z.grad.abs().sum(1)
    assert g[1] > 2 * g[0] and g[0] > 0
    ce = nn.functional.cross_entropy(biased.z.detach(), y, reduction="none")
    assert torch.allclose(first[0], ce, atol=1e-6)  # the first visit counts in full
    with torch.no_grad():
        biased.z.zero_()
    lff(batch([1], [0]))
    assert lff.ema[0, 1].item() == pytest.approx(
        0.7 * ce[1].item() + 0.3 * np.log(2), abs=1e-5
    ) and torch.equal(lff.ema[:, 2:], first[:, 2:])


def test_jtt_draws_errors_as_often_as_promised():
    errors = np.arange(200) < 10
    drawn = np.concatenate([np.concatenate(weighted(jtt_weights(errors, 20), 32, "s")(e)) for e in range(60)])
    rate = np.bincount(drawn, minlength=200) / 60
    assert rate[:10].mean() / rate[10:].mean() == pytest.approx(20, rel=0.05) and len(drawn) == 60 * 200


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_lisa_pairs_obey_the_rule(p):
    rng = np.random.default_rng(0)
    y, a = rng.choice(3, 400, p=(0.7, 0.2, 0.1)), rng.choice(2, 400, p=(0.9, 0.1))
    kinds = []
    for b in lisa_batches(y, a, 20, p, "k")(3):
        i, j = np.split(b, 2)
        label, attribute = y[i] == y[j], a[i] == a[j]
        assert (label != attribute).all()
        kinds += label.tolist()
    assert np.mean(kinds) == pytest.approx(p, abs=0.08) and len(kinds) == 400


def test_lisa_takes_the_other_kind_of_pair_where_one_kind_is_missing():
    y, a = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0])
    j = lisa_partners(y, a, 1.0, np.random.default_rng(0))
    assert (y != y[j]).all()


def test_mixup_mixes_pixels_and_labels_by_the_same_weight():
    class Sum(nn.Module):
        def forward(self, x):
            self.seen = x
            return torch.stack([x.mean((1, 2, 3)), x.mean((1, 2, 3)) * 0], 1)

    net = Sum()
    x = torch.cat([torch.ones(2, 3, 4, 4), torch.zeros(2, 3, 4, 4)])
    y = torch.tensor([0, 0, 1, 1])
    loss = Mixup(net)(Batch(x, y, torch.arange(4), torch.Generator().manual_seed(3)))
    lam = net.seen[0, 0, 0, 0].item()
    assert 0 < lam < 1 and loss.item() == pytest.approx(
        np.log(1 + np.exp(lam)) - lam * lam, abs=1e-5
    )  # -lam log p0 - (1-lam) log p1 with logits (lam, 0)


def test_afr_weights_by_hand():
    w = afr_weights(torch.tensor([0.9, 0.1, 0.5]), torch.tensor([0, 0, 1]), 2.0)
    raw = np.array([np.exp(-1.8) / 2, np.exp(-0.2) / 2, np.exp(-1.0)])
    assert np.allclose(w, raw / raw.sum(), atol=1e-6)
    assert np.allclose(afr_weights(torch.rand(4), torch.tensor([0, 0, 0, 1]), 0.0), [1 / 6] * 3 + [1 / 2])


def test_dfr_finds_the_core_feature_for_three_classes():
    rng = np.random.default_rng(0)

    def draw(n, agree):
        y = rng.integers(0, 3, n)
        a = np.where(rng.random(n) < agree, y, (y + rng.integers(1, 3, n)) % 3)
        return (
            np.concatenate(
                [2.2 * np.eye(3)[y] + rng.normal(size=(n, 3)), 4 * np.eye(3)[a] + rng.normal(size=(n, 3))], 1
            ),
            y,
            3 * y + a,
        )

    from sklearn.linear_model import LogisticRegression

    (x, y, g), (xt, yt, ft) = draw(3000, 0.98), draw(3000, 1 / 3)
    erm = LogisticRegression(max_iter=500).fit(x, y).predict(xt)
    w, b, chosen = dfr_head(x, y, g, 3, Cs=(1.0, 0.1), refits=5)
    worst = lambda p: scores(p, yt, ft)["wga"]
    assert worst((xt @ w.T + b).argmax(1)) > worst(erm) + 0.15 and chosen["C"] in (1.0, 0.1)


def test_halves_and_held_out_parts_keep_every_group():
    g = np.repeat([0, 1, 2], [50, 3, 2])
    a, b = halves(g, 1)
    assert set(g[a]) == set(g[b]) == {0, 1, 2} and not set(a) & set(b) and len(a) + len(b) == 55
    kept, out = held_out(np.repeat([0, 1], [50, 3]), 0.2, 1)
    assert len(out) == 12 and len(kept) == 41


def test_grad_cam_and_mask_are_where_the_evidence_is():
    net = nn.Sequential(
        nn.Conv2d(3, 2, 1, bias=False),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2, 2, bias=False),
    )
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])[..., None, None])
        net[4].weight.copy_(torch.eye(2))
    clf = Classifier(net, LABELS, Preprocess(mean=(0,) * 3, std=(1,) * 3))
    x = torch.zeros(1, 3, 8, 8)
    x[0, 0, 1, 2] = 1
    x[0, 2, 6, 6] = 1
    red, blue = (grad_cams(clf, x, torch.tensor([k]))[0] for k in (0, 1))
    assert red.argmax() == 8 + 2 and blue.argmax() == 6 * 8 + 6 and (red > 0).sum() == 1
    loss = Masked(clf, red[None])(Batch(x, torch.tensor([0]), torch.tensor([0]), None))
    assert loss.item() == pytest.approx(
        np.log(1 + np.exp(1 / 64)), abs=1e-5
    )  # the red pixel is hidden, the blue one not


# --- one call


@pytest.mark.parametrize("method", METHODS)
def test_every_method_fits_and_says_what_it_did(method):
    f = quick(
        method,
        config=FAST.but(
            epochs=2,
            **{
                k: v
                for k, v in dict(jtt_T=1, dfr_refits=3, afr_epochs=20, spufix_top=4).items()
                if k in METHODS[method].knobs
            },
        ),
    )
    test = images(100, 0.5, 2, "test")
    p = f.predict(test)
    assert (
        p.shape == (100,)
        and set(p) <= {0, 1}
        and f.selection == "wga"
        and f.seconds > 0
        and len(f.history) >= 2
    )
    report = f.report(test)
    assert (
        0 <= report.wga <= report.average <= 1
        and report.table.train.tolist() == np.bincount(images().group, minlength=4).tolist()
    )
    assert method in f._repr_markdown_()


def test_group_methods_beat_erm_where_a_shortcut_was_planted():
    train, val, test = images(400, 0.95), images(200, 0.5, 1, "val"), images(400, 0.5, 2, "test")
    config = MitigationConfig(lr=1e-2, epochs=6, batch=32)
    erm = quick("ERM", train, val, config, selection="average")
    wga = {m: quick(m, train, val, config).report(test).wga for m in ("Resample", "GroupDRO")} | {
        "DFR": quick("DFR", train, val, config, base=erm.clf).report(test).wga
    }
    assert min(wga.values()) > erm.report(test).wga + 0.1, wga


def test_selection_keeps_the_best_epoch_by_its_own_criterion():
    val = images(60, 0.5, 1, "val")
    for selection in ("wga", "average", "worst_class"):
        f = quick("ERM", val=val, config=FAST.but(epochs=5), selection=selection)
        best = f.history.loc[f.history[f"val_{selection}"].idxmax()]
        right = f.predict(val) == val.y
        got = dict(
            average=right.mean(),
            worst_class=min(right[val.y == k].mean() for k in (0, 1)),
            wga=min(right[val.group == g].mean() for g in range(4)),
        )
        assert got[selection] == pytest.approx(best[f"val_{selection}"]) and f.selection == selection
    f = fit("ERM", images(), None, small, FAST, progress=False)
    assert f.selection == "last" and "val_wga" not in f.history


def test_global_random_numbers_neither_matter_nor_change():
    torch.manual_seed(1)
    np.random.seed(1)
    state = torch.random.get_rng_state()
    a = quick("LISA")
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(2)
    np.random.seed(2)
    b = quick("LISA")
    assert same(weights(a), weights(b)) and not same(weights(a), weights(quick("LISA", seed=1)))


def test_a_backbone_is_copied_and_its_head_made_anew_only_for_other_classes(tmp_path):
    torch.manual_seed(0)
    clf = small_resnet(["a", "b", "c"], (4, 8)).eval().requires_grad_(False)
    before = {k: v.clone() for k, v in clf.state_dict().items()}
    f = quick("ERM", backbone=clf)
    assert same(before, clf.state_dict()) and f.clf.labels == LABELS and f.clf.head.out_features == 2
    again = load_classifier(save_classifier(f.clf, tmp_path / "c", torch.float32))
    assert again.labels == LABELS  # a plain transformers folder, with the new head
    x = torch.rand(2, 3, 16, 16)
    assert torch.allclose(again(x), f.clf(x), atol=1e-5)
    kept = new_classifier(f.clf, LABELS)
    assert torch.equal(kept.head_weight, f.clf.head_weight) and kept.head_weight.requires_grad


def test_images_on_disk_train_the_same_network(tmp_path):
    def lazy(d, name):
        (tmp_path / name).mkdir()
        files = [f"{name}/{i}.png" for i in range(len(d))]
        for f, x in zip(files, d.pixels):
            Image.fromarray(x).save(tmp_path / f)
        return GroupedImages(
            d.manifest.assign(file=files), LABELS, ATTRIBUTES, d.name, root=tmp_path, size=16
        )

    train, val = images(), images(60, 0.5, 1, "val")
    assert same(
        weights(quick("GroupDRO", lazy(train, "train"), lazy(val, "val"))),
        weights(quick("GroupDRO", train, val)),
    )


def test_a_given_base_gives_what_training_it_first_gives():
    base = quick("ERM").clf
    for m in ("DFR", "SpuFix", "MaskTune"):
        x = images(30, 0.5, 2).pixels
        a, b = quick(m).clf.probs(x), quick(m, base=base).clf.probs(x)
        assert torch.equal(a, b)


def test_dfr_without_validation_holds_out_training_images():
    f = fit(
        "DFR", images(120), None, small, FAST, progress=False
    )  # sampling from a set raised TypeError in a peer on Python 3.11
    assert (
        f.details["held out of training"] >= 20
        and f.selection == "last"
        and f.details["C"] in METHODS["DFR"].knobs["dfr_C"].default
    )


def test_bf16_trains_and_predicts_in_full_precision():
    f = quick("GroupDRO", precision="bf16")
    assert np.isfinite(f.history.loss).all() and f.clf.dtype == torch.float32
    assert not same(weights(f), weights(quick("GroupDRO")))


# --- kill and resume


def _fit_and_die(folder, method, at):
    calls, write = [], gt.write_tensors

    def dies(path, tensors, **meta):
        calls.append(path)
        if len(calls) == at[0] and not at[1]:
            os.kill(os.getpid(), signal.SIGKILL)
        if len(calls) == at[0]:
            os.replace = lambda *_: os.kill(
                os.getpid(), signal.SIGKILL
            )  # half-way: written, not yet in place
        write(path, tensors, **meta)

    gt.write_tensors = dies
    quick(method, config=RESUMED[method], out_dir=folder, checkpoint_seconds=0.0)


RESUMED = dict(
    ERM=FAST.but(augment="flip", optimiser="sgd"),
    GroupDRO=FAST.but(eta=0.3, augment="crop"),
    JTT=FAST.but(jtt_T=1, jtt_lambda=5.0),
    LfF=FAST,
    LISA=FAST,
    MaskTune=FAST,
)


@pytest.mark.parametrize(
    "method, kills",
    [
        ("ERM", [(3, False), (6, True)]),
        ("GroupDRO", [(7, True)]),
        ("JTT", [(3, False), (2, True), (8, False)]),
        ("LfF", [(9, False)]),
        ("LISA", [(4, True)]),
        ("MaskTune", [(12, False), (8, True)]),
    ],
)
def test_killed_and_called_again_it_ends_in_the_same_weights(method, kills, killed, tmp_path):
    whole = quick(method, config=RESUMED[method])
    for at in kills:
        assert killed(_fit_and_die, tmp_path / "run", method, at) == -9
    left = (tmp_path / "run" / gt.CHECKPOINT).exists()
    assert left
    resumed = quick(method, config=RESUMED[method], out_dir=tmp_path / "run", checkpoint_seconds=0.0)
    assert same(weights(whole), weights(resumed))
    same_rows = lambda f: f.history.drop(columns="seconds")
    pd.testing.assert_frame_equal(same_rows(whole), same_rows(resumed))
    assert not [p for p in (tmp_path / "run").iterdir() if p.name.startswith(".") or p.name == gt.CHECKPOINT]


def test_checkpoint_holds_optimiser_position_and_group_weights(killed, tmp_path):
    assert killed(_fit_and_die, tmp_path, "GroupDRO", (8, False)) == -9
    tensors, at = read_tensors(tmp_path / gt.CHECKPOINT)
    assert (
        at["step"] == 7
        and at["stage"] == "net"
        and len(at["rows"]) == 1
        and at["images"] == 32
        and "net.q" in tensors
        and any(k.endswith("exp_avg_sq") for k in tensors)
        and any(k.startswith("best.") for k in tensors)
    )
    assert (tensors["net.q"] - 0.25).abs().max() > 1e-3


@pytest.mark.parametrize("method", ["ERM", "JTT", "DFR", "AFR", "SpuFix"])
def test_a_finished_folder_gives_its_result_at_once(method, tmp_path, monkeypatch):
    f = quick(
        method, out_dir=tmp_path, config=FAST.but(epochs=2, **({"jtt_T": 1} if method == "JTT" else {}))
    )
    monkeypatch.setattr(gt, "train_stage", lambda *a, **k: pytest.fail("trained again"))
    monkeypatch.setattr(gt, "make_optimiser", lambda *a: pytest.fail("trained again"))
    again = quick(method, out_dir=tmp_path, config=f.config)
    x = images(30, 0.5, 2).pixels
    assert (
        torch.equal(f.clf.probs(x), again.clf.probs(x))
        and again.details == f.details
        and again.seconds == pytest.approx(f.seconds, abs=0.05)
    )
    pd.testing.assert_frame_equal(f.history, again.history)


def test_a_folder_of_another_run_is_refused(tmp_path):
    quick("ERM", out_dir=tmp_path)
    for change, said in (
        (dict(seed=1), "seed=0 there and 1 here"),
        (dict(config=FAST.but(lr=0.5)), "lr=0.01 there and 0.5 here"),
        (dict(train=images(80, 0.85, 5)), "train="),
        (dict(selection="average"), "selection='wga' there"),
    ):
        with pytest.raises(ValueError, match=said):
            quick("ERM", out_dir=tmp_path, **change)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds no run"):
        quick("ERM", out_dir=tmp_path / "other")


# --- faults


def test_settings_that_a_method_does_not_have_are_errors():
    with pytest.raises(ValueError, match="JTT has no setting 'eta'; it knows jtt_T, jtt_lambda"):
        quick("JTT", config=FAST.but(eta=0.1))
    with pytest.raises(ValueError, match="ERM has no setting .*none of its own"):
        quick("ERM", config=FAST.but(jtt_T=1))
    with pytest.raises(ValueError, match="cvar_alpha=2 must be a number from"):
        quick("CVaR-DRO", config=FAST.but(cvar_alpha=2))
    for Cs in ((), 0.1, (0.0,)):
        with pytest.raises(ValueError, match="dfr_C=.* must be a list of numbers"):
            quick("DFR", config=FAST.but(dfr_C=Cs))
    with pytest.raises(ValueError, match="jtt_T=True"):
        quick("JTT", config=FAST.but(jtt_T=True))
    for bad in (
        dict(lr=0),
        dict(epochs=1.5),
        dict(batch=0),
        dict(warmup=1.0),
        dict(clip=-1),
        dict(augment="colour"),
        dict(lr_schedule="step"),
        dict(weight_decay=-1),
    ):
        with pytest.raises(ValueError, match=next(iter(bad))):
            MitigationConfig(**bad)
    with pytest.raises(ValueError, match="name of a preset"):
        quick("ERM", config={"lr": 1})
    with pytest.raises(ValueError, match="there are waterbirds, celeba"):
        quick("ERM", config="cats")
    with pytest.raises(ValueError, match="selection=.best. is unknown"):
        quick("ERM", selection="best")
    with pytest.raises(ValueError, match="precision=.int8."):
        quick("ERM", precision="int8")
    with pytest.raises(ValueError, match="AFR trains its network itself"):
        quick("AFR", base=small())
    with pytest.raises(ValueError, match="method .magic. is unknown; there are ERM"):
        quick("magic")
    with pytest.raises(ValueError, match="expected a Classifier or a function"):
        quick("ERM", backbone="resnet50")


def test_data_that_a_method_cannot_use_is_named():
    train, val = images(), images(60, 0.5, 1, "val")
    with pytest.raises(ValueError, match="no training images of light"):
        quick("ERM", train.subset(train.y == 0), val)
    lost = train.subset(train.group != 2)
    for m in ("Resample", "SUBG", "GroupDRO", "LISA"):
        with pytest.raises(
            ValueError, match=rf"{m} balances groups, but training has no images of \(light, red\)"
        ):
            quick(m, lost, val)
    assert quick("CVaR-DRO", lost, val).clf  # needs no groups
    with pytest.raises(ValueError, match=r"at least 2 validation images .* fewer of \(light, red\)"):
        quick("DFR", train, val.subset(val.group != 2))
    with pytest.raises(ValueError, match=r"at least 3 training images .* fewer of \(light, red\)"):
        fit(
            "DFR",
            train.subset(np.r_[np.flatnonzero(train.group != 2), 1 * np.flatnonzero(train.group == 2)[:2]]),
            None,
            small,
            FAST,
            progress=False,
        )
    other = GroupedImages(val.manifest, ["x", "y"], ATTRIBUTES, "other", val.pixels)
    with pytest.raises(ValueError, match="classes or attributes differ"):
        quick("ERM", train, other)


def test_groups_of_generated_images_only_are_no_hindrance():
    train, val = images(), images(60, 0.5, 1, "val")
    m = train.manifest.copy()
    m.loc[train.group == 2, "g"] = "generated"
    mixed = GroupedImages(m, LABELS, ATTRIBUTES, "mixed", train.pixels)
    assert quick("DFR", mixed, val.subset(val.group != 2)).details["C"]


def test_an_empty_error_set_comes_with_advice_and_nothing_is_lost(tmp_path):
    easy = images(60, 1.0, 3)
    easy.pixels[:] = np.where(easy.y == 1, 220, 30)[:, None, None, None]
    for m, config in (("JTT", FAST.but(jtt_T=6)), ("EIIL", FAST.but(eiil_T=6))):
        with pytest.raises(ValueError, match="Train it less long"):
            quick(m, easy, config=config, out_dir=tmp_path / m)
        assert (tmp_path / m / "kept.first.safetensors").exists()


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_checkpoint(tmp_path):
    train = images()
    seen = []

    class Sick(Small):
        def forward(self, x):
            seen.append(1)
            return super().forward(x) * (float("nan") if self.training and len(seen) > 8 else 1)

    with pytest.raises(
        FloatingPointError, match="ERM, erm: the loss at step .* is not finite; try a lower lr than 0.01"
    ):
        quick(
            "ERM",
            train,
            backbone=lambda: Classifier(Sick(), LABELS),
            out_dir=tmp_path,
            checkpoint_seconds=0.0,
        )
    assert all(
        torch.isfinite(v).all()
        for v in read_tensors(tmp_path / gt.CHECKPOINT)[0].values()
        if v.is_floating_point()
    )


def test_presets_are_for_every_method_and_tables_say_who_knows_groups():
    assert (
        all(set(p) == set(METHODS) for p in PRESETS.values())
        and preset("waterbirds", "jtt").knobs["jtt_T"] == 60
    )
    t = methods_table(selection="average")
    assert t.index[t.train_groups].tolist() == ["Resample", "SUBG", "GroupDRO", "LISA"] and t.index[
        t.val_groups
    ].tolist() == ["DFR", "SpuFix"]
    assert methods_table().val_groups.all()
