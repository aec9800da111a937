"What could go wrong between a picture and its recomposition: ranks by the wrong loss, labels that stay with the old class, pixels that change outside, a pruning that asks about the wrong class, parts that outweigh each other."

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file

from spurious_core.data.grouped import GroupedImages
from spurious_core.data.manifests import sample
from spurious_core.data.worlds import get_world
from spurious_core.diffusion.adapters import EMBEDS, use_adapter
from spurious_core.diffusion.config import PersonalizeConfig
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.mitigate.config import MitigationConfig
from spurious_core.mitigate.fitting import fit
from spurious_core.mitigate.networks import small_resnet
from spurious_core.mitigate.objectives import Batch
from spurious_core.models.classifier import Classifier
from spurious_core.models.masks import feather, grow
from spurious_core.models.preprocessing import as_pixels
from spurious_core.papers.causal_tokens import (
    captions_of,
    convergence,
    image_losses,
    inversion_rows,
    learn_tokens,
    token_of,
)
from spurious_core.papers.ddb import (
    Composed,
    check_gamma,
    composed_batches,
    composed_head,
    fit_ddb,
    held_out_agreement,
    part_weights,
    parts_of,
)
from spurious_core.papers.prune import (
    Rule,
    agreement,
    attributions,
    candidate_rules,
    choose_rule,
    folds,
    old_class,
    painted_part,
    pruning_examples,
    pruning_plot,
)
from spurious_core.papers.recompose import (
    Recomposed,
    cut_and_paste,
    filled,
    majority_rows,
    other_classes,
    recompose,
    rendered_parts,
)
from support.pipelines import build_pipeline


def grouped(counts, g="real", split="train", seed=0, side=16, labels=("no", "yes")):
    "Interleaved pictures: class in the red channel of the middle, attribute in the blue one of the rest."
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    y, a = group // 2, group % 2
    q = side // 4
    x = rng.integers(0, 30, (len(y), side, side, 3)).astype(np.uint8)
    x[..., 2] += (100 * a).astype(np.uint8)[:, None, None]
    x[:, q:-q, q:-q, 0] += (100 * y).astype(np.uint8)[:, None, None]
    return GroupedImages(
        pd.DataFrame(dict(y=y, a=a, split=split, g=g)), list(labels), ["left", "right"], pixels=x
    )


def middle(n, side=16):
    m = np.zeros((n, side, side), np.float32)
    m[:, 6:10, 6:10] = 1
    return m


class Toy(Classifier):
    "Logits: 8 times the mean of red, of green and of blue over the left half (as many as there are labels)."

    def __init__(self, labels):
        super().__init__(torch.nn.Sequential(torch.nn.Linear(len(labels), len(labels))), labels, name="toy")
        with torch.no_grad():
            self.head.weight.copy_(torch.eye(len(labels)) * 8)
            self.head.bias.zero_()

    def logits_and_features(self, x):
        f = x[..., : x.shape[-1] // 2].mean((2, 3))[:, : len(self.labels)]
        return self.head(f), f


DATA = grouped([40, 3, 2, 40])


def net(labels=DATA.labels):
    return small_resnet(list(labels), (4, 8))


# --- choosing images


def test_losses_are_of_single_images():
    "The released code ranks by the mean loss of a batch; then what is picked would depend on the company."
    torch.manual_seed(0)
    clf = net()
    own = np.array(
        [
            F.cross_entropy(clf.eval()(as_pixels(DATA.images([i]))), torch.tensor(DATA.y[[i]])).item()
            for i in range(len(DATA))
        ]
    )
    for batch in (1, 7, 64):
        assert np.allclose(image_losses(clf, DATA, batch), own, atol=1e-4)
    order = np.random.default_rng(0).permutation(len(DATA))
    assert np.allclose(image_losses(clf, DATA.subset(order), 5)[np.argsort(order)], own, atol=1e-4)


def test_majority_images_are_those_of_lowest_loss_whatever_their_batch():
    rng = np.random.default_rng(0)
    losses, y = rng.random(64), rng.integers(0, 3, 64)
    rows = majority_rows(losses, y, 5)
    for k in range(3):
        own = np.flatnonzero(y == k)
        assert set(rows[y[rows] == k]) == set(own[np.argsort(losses[own])[:5]])
    by_batch = np.repeat(losses.reshape(8, 8).mean(1), 8)
    assert set(majority_rows(by_batch, y, 5)) != set(rows)
    order = rng.permutation(64)
    assert set(order[majority_rows(losses[order], y[order], 5)]) == set(rows)
    for bad, why in (
        ((losses, y, 0), "k=0 must lie in"),
        ((losses[:9], y, 2), "as many classes"),
        ((losses * np.nan, y, 2), "finite"),
    ):
        with pytest.raises(ValueError, match=why):
            majority_rows(*bad)


def test_words_are_learned_from_the_minority_first():
    rows = inversion_rows(DATA, 10)
    assert all(
        (DATA.group[r[:n]] == g).all() for r, g, n in ((rows["no"], 1, 3), (rows["yes"], 2, 2))
    ) and all(len(r) == 10 for r in rows.values())
    assert all((DATA.group[r[n:]] == g).all() for r, g, n in ((rows["no"], 0, 3), (rows["yes"], 3, 2)))
    losses = np.random.default_rng(1).random(len(DATA))
    by_loss = inversion_rows(DATA, 6, losses)
    for k, l in enumerate(DATA.labels):
        assert losses[by_loss[l]].min() >= np.sort(losses[DATA.y == k])[-6] and np.all(
            np.diff(losses[by_loss[l]]) <= 0
        )
    with pytest.raises(ValueError, match="3 losses for 85 images"):
        inversion_rows(DATA, 4, [1, 2, 3])


def test_captions_do_not_depend_on_how_many_are_asked_for():
    assert captions_of("blond woman", 9, 3)[:4] == captions_of("blond woman", 4, 3) and all(
        "<blond-woman>" in c for c in captions_of("blond woman", 9, 3)
    )
    assert len(set(captions_of("x", 40))) > 1 and token_of("a  b") == "<a-b>"


# --- words

WORDS = PersonalizeConfig(
    method="textual_inversion",
    instance_prompt="<concept>",
    initializer="photo",
    steps=3,
    batch_size=2,
    lr=1e-1,
    validate_every=2,
)


def test_all_words_come_in_one_file_that_diffusers_reads(tiny_pipeline, tmp_path):
    rows = inversion_rows(DATA, 4)
    out = learn_tokens(tiny_pipeline, DATA, rows, WORDS, tmp_path / "w", sheet=2, progress=False)
    words = load_file(out / EMBEDS)
    assert sorted(words) == ["<no>", "<yes>"] and not torch.equal(words["<no>"], words["<yes>"])
    with use_adapter(tiny_pipeline, out) as p:
        assert {"<no>", "<yes>"} <= set(p.tokenizer.get_vocab())
    assert "<no>" not in tiny_pipeline.tokenizer.get_vocab()
    seen = (
        {k: json.loads((out / k / "config.json").read_text())["captions"] for k in ("no", "yes")}
        if (out / "no" / "config.json").exists()
        else {}
    )
    assert all(token_of(k) in c for k, cs in seen.items() for c in np.ravel(cs))
    stamp = (out / "no" / "result.json").stat().st_mtime_ns
    learn_tokens(tiny_pipeline, DATA, rows, WORDS, out, sheet=2, progress=False)
    assert (out / "no" / "result.json").stat().st_mtime_ns == stamp and len(convergence(out).axes) == 4
    with pytest.raises(FileNotFoundError, match="no sheets"):
        convergence(tmp_path)


def test_a_word_may_start_from_the_name_of_its_class(monkeypatch, tmp_path):
    import spurious_core.papers.causal_tokens as c

    began = []
    monkeypatch.setattr(c, "load_file", lambda f: {})
    monkeypatch.setattr(
        c, "personalize", lambda pipe, images, config, out, **_: began.append(config.initializer) or out
    )
    for start in ("a {}", "animal"):
        learn_tokens(
            None, DATA, inversion_rows(DATA, 2), replace(WORDS, initializer=start), tmp_path, progress=False
        )
    assert began == ["a no", "a yes", "animal", "animal"]


# --- recomposition


def made_of(pipe, rows, out=None, data=DATA, **kw):
    return recompose(
        pipe, None, data, rows, middle(len(rows)), 3, out, margin=1 / 16, edge=1 / 16, steps=3, **kw
    )


def test_the_new_class_is_the_label_and_the_surroundings_stay(tiny_pipeline):
    rows = np.flatnonzero(DATA.group % 3 == 0)[:8]
    made = made_of(tiny_pipeline, rows)
    t = made.table
    assert (
        (t.origin == rows).all()
        and (t.y_was == DATA.y[rows]).all()
        and (t.y == 1 - DATA.y[rows]).all()
        and (t.a == DATA.a[rows]).all()
    )
    outside = feather(grow(middle(8), 1), 1) == 0
    assert (made.images[outside] == DATA.images(rows)[outside]).all() and (
        made.images[~outside] != DATA.images(rows)[~outside]
    ).any()
    g = made.grouped(DATA)
    assert (
        (g.y == t.y).all()
        and set(g.manifest.g) == {"generated"}
        and set(g.manifest.split) == {"train"}
        and (g.labels, g.attributes) == (DATA.labels, DATA.attributes)
    )


def test_what_is_painted_does_not_depend_on_the_company_and_its_provenance_is_kept(tiny_pipeline, tmp_path):
    rows = np.flatnonzero(DATA.group == 0)[:6]
    whole = made_of(tiny_pipeline, rows, tmp_path / "a", batch_size=4)
    few = made_of(tiny_pipeline, rows[[4, 1]])
    assert abs(few.images.astype(int) - whole.images[[4, 1]]).max() <= 1
    t = load_image_set(tmp_path / "a" / "images")
    assert (
        t.origin.tolist() == rows.tolist()
        and set(t.y) == {1}
        and set(t.y_was) == {0}
        and set(t.edit) == {"recompose"}
        and t.prompt.str.contains("yes").all()
    )


def test_words_of_one_pipeline_are_painted_by_another(tiny_pipeline, tmp_path):
    "Stable Diffusion learns words with its ordinary U-Net and fills masks with another, which shares the text encoder."
    words = learn_tokens(tiny_pipeline, DATA, inversion_rows(DATA, 4), WORDS, tmp_path / "w", progress=False)
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "inpaint", unet_in=9))
    with_words, without = (recompose(pipe, w, DATA, [0, 1], middle(2), steps=2).images for w in (words, None))
    assert (with_words != without).any()


def test_killed_and_called_again_it_goes_on_to_the_same_pictures(tiny_folder, tmp_path, killed):
    rows = np.flatnonzero(DATA.group == 3)[:6]
    fresh = lambda: StableDiffusionPipeline.from_pretrained(tiny_folder)

    def die():
        import spurious_core.diffusion.generate as g

        save = g._save

        def saved(folder, *args):
            save(folder, *args)
            os.kill(os.getpid(), signal.SIGKILL)

        g._save = saved
        torch.set_num_threads(1)
        made_of(fresh(), rows, tmp_path / "k", batch_size=2)

    assert killed(die) == -9 and len(list((tmp_path / "k" / "images").glob("*.png"))) == 2
    assert (
        made_of(fresh(), rows, tmp_path / "k", batch_size=2).images
        == made_of(fresh(), rows, batch_size=2).images
    ).all()


def test_pictures_without_a_causal_part_are_left_out(tiny_pipeline):
    masks = middle(4)
    masks[2] = 0
    with pytest.warns(UserWarning, match="in 1 of 4 images"):
        made = recompose(tiny_pipeline, None, DATA, [0, 1, 2, 3], masks, steps=2)
    assert made.table.origin.tolist() == [0, 1, 3] and len(made.masks) == len(made.images) == 3
    with pytest.raises(ValueError, match="4 masks for 2 rows"):
        recompose(tiny_pipeline, None, DATA, [0, 1], masks)
    with pytest.raises(ValueError, match="the pipeline draws 16 x 16"):
        recompose(tiny_pipeline, None, grouped([2, 2, 2, 2], side=32), [0], middle(1, 32))


@pytest.mark.parametrize("k", [2, 3, 5])
def test_every_class_goes_to_all_others_equally_often(k):
    y = np.random.default_rng(0).integers(0, k, 200)
    new = other_classes(y, k)
    assert (new != y).all() and new.min() == 0 and new.max() == k - 1
    for c in range(k):
        n = np.bincount(new[y == c], minlength=k)
        assert n[c] == 0 and np.ptp(np.delete(n, c)) <= 1


def test_cut_and_paste_shows_the_other_class_at_the_same_place():
    rows = np.r_[np.flatnonzero(DATA.group == 0)[:4], np.flatnonzero(DATA.group == 3)[:4]]
    masks = middle(8)
    pasted = cut_and_paste(DATA, rows, masks, edge=0.0)
    red = pasted.images[:, 6:10, 6:10, 0].mean((1, 2))
    assert ((red > 80) == (pasted.table.y == 1)).all() and (
        pasted.images[masks == 0][:, 2] > 80
    ).mean() == pytest.approx((DATA.images(rows)[masks == 0][:, 2] > 80).mean(), abs=0.03)
    im = np.full((1, 16, 16, 3), 90, np.uint8)
    im[0, 6:10, 6:10] = 250
    assert (filled(im, middle(1)) == 90).all()


def test_rendered_parts_leave_the_shortcut_alone():
    w = get_world("waterbirds")
    t = sample(w, 20)
    m = rendered_parts(w, t)
    assert m.shape == (20, 64, 64) and (m.max((1, 2)) == 1).all()  # faint objects have whole masks
    with pytest.raises(ValueError, match="has no attribute"):
        rendered_parts(get_world("imagenet_like"), t)
    with pytest.raises(ValueError, match="show no object"):
        rendered_parts(w, sample(w, 10, object_free=1.0))


# --- pruning


def painted(colours, right=()):
    "Old pictures are red on the left; new ones have there the colours given. Those in `right` are painted on the other side instead."
    old = np.zeros((len(colours), 8, 8, 3), np.uint8)
    old[..., 0] = 200
    new = old.copy()
    masks = np.zeros((len(colours), 8, 8), np.float32)
    for i, c in enumerate(colours):
        side = slice(4, 8) if i in right else slice(0, 4)
        new[i, :, side] = c
        masks[i, :, side] = 1
    return Recomposed(old, new, masks, pd.DataFrame(dict(origin=range(len(colours)), y_was=0, y=1, a=0)))


def test_attribution_is_for_the_new_class_from_the_old_picture():
    clf, made = (
        Toy(["red", "green", "blue"]).eval(),
        painted([(0, 200, 0), (0, 0, 200), (200, 0, 0), (0, 200, 0)], right=(3,)),
    )
    maps = attributions(clf, made, batch=3)
    rho = painted_part(maps, made.masks)
    assert (
        rho[0] > 1 and abs(rho[1:]).max() < 1e-5
    )  # green is the new class; blue is another; nothing changed; painted where nobody looks
    z = lambda x: clf(as_pixels(x))[:, 1].detach().numpy()
    assert np.allclose(maps.sum((1, 2)), z(made.images) - z(made.originals), atol=1e-4)
    made.table.y = 0
    assert (
        painted_part(attributions(clf, made), made.masks)[0] < -1
    )  # for the old class the same picture speaks against
    made.table.y = 1
    made.originals[:] = made.images
    assert abs(attributions(clf, made)).max() < 1e-6  # no change from the baseline, nothing to attribute
    with pytest.raises(ValueError, match="maps of shape"):
        painted_part(maps, made.masks[:, ::2])


def test_psi_is_the_old_class_against_its_real_mean():
    clf, made = Toy(["red", "green"]).eval(), painted([(0, 200, 0), (200, 0, 0), (200, 200, 0)])
    s = old_class(clf, made)
    p = clf.probs(made.originals)[:, 0].mean().item()
    assert (
        s.psi[0] < 0.1
        and s.psi[1] > 0.9
        and np.allclose(s.limit, p)
        and s.psi[2] == pytest.approx(0.5, abs=1e-4)
    )
    made.table.loc[2, ["y_was", "y"]] = [1, 0]
    s = old_class(clf, made)
    assert s.limit[2] == pytest.approx(1 - p, abs=1e-4) and s.limit[0] == pytest.approx(p, abs=1e-4)


def test_each_criterion_can_be_switched_off_and_boundaries_are_pruned():
    s = pd.DataFrame(dict(psi=[0.5, 0.49, 0.1], limit=0.5, rho=[9.0, 0.3, 0.31], agreement=[1.0, 1.0, 0.0]))
    for rule, keep in (
        (Rule(), [0, 0, 1]),
        (Rule(rho=None), [0, 1, 1]),
        (Rule(None), [1, 0, 1]),
        (Rule(None, None), [1, 1, 1]),
        (Rule(None, None, 1.0), [1, 1, 0]),
        (Rule(agreement=0.5), [0, 0, 0]),
    ):
        assert rule.keep(s).tolist() == [bool(k) for k in keep], rule
    with pytest.raises(ValueError, match="lack rho"):
        Rule(None).keep(s[["psi"]])
    for bad in (dict(factor=0.0), dict(rho=float("nan")), dict(agreement=2.0)):
        with pytest.raises(ValueError, match="must"):
            Rule(**bad)


def test_thresholds_come_from_validation():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 120)
    s = pd.DataFrame(dict(psi=rng.random(120), limit=0.8, rho=rng.random(120)))
    calls = []
    best, tried = choose_rule(
        s, y, lambda keep: calls.append(keep) or (s.rho[keep].mean() if keep.any() else 0)
    )
    assert (
        best.rho is not None
        and len(tried) == len(calls)
        and tried.value.max() == pytest.approx(s.rho[best.keep(s)].mean())
    )
    same, _ = choose_rule(s, y, lambda keep: 1.0)
    assert same.keep(s).all()  # of equals, the one that prunes nothing
    assert (
        any(r == Rule(None, None) for r in candidate_rules(s))
        and {r.rho is None for r in candidate_rules(s, by=("factor",))} == {True}
        and len(candidate_rules(s, by=("factor", "rho"))) == 16
    )
    with pytest.raises(ValueError, match="truth is unknown"):
        candidate_rules(s, by=("truth",))
    with pytest.raises(ValueError, match="keeps 100 pictures of each class"):
        choose_rule(s, y, lambda k: 1.0, least=100)
    with pytest.raises(ValueError, match="least=0 must be at least 1"):
        choose_rule(s, y, lambda k: 1.0, least=0)
    assert choose_rule(s, y, lambda keep: -keep.sum(), least=40)[1].kept.min() >= 80


def test_nobody_judges_what_he_was_trained_on():
    made = painted([(0, 200, 0), (190, 0, 0)])
    clf, other = Toy(["red", "green"]).eval(), Toy(["red", "green"]).eval()
    other.head.weight.data *= -1
    seen = [[True, False], [False, True]]
    a, b = (c.probs(made.images)[:, 1].numpy() for c in (clf, other))
    assert np.allclose(agreement([clf, other], made), (a + b) / 2) and np.allclose(
        agreement([clf, other], made, seen), [b[0], a[1]]
    )
    for bad, why in (([[True, True]], "2 pictures have no classifier"), ([[True]], "seen has shape")):
        with pytest.raises(ValueError, match=why):
            agreement([clf], made, bad)
    assert (
        sorted(np.bincount(folds(11, 3, 5))) == [3, 4, 4]
        and (folds(11, 3, 5) == folds(11, 3, 5)).all()
        and (folds(11, 3, 5) != folds(11, 3, 6)).any()
    )
    for k in (1, 12):
        with pytest.raises(ValueError, match="expected at least two folds"):
            folds(11, k)


def test_folds_are_trained_without_the_pictures_they_judge(monkeypatch):
    import spurious_core.papers.ddb as d

    given = []
    monkeypatch.setattr(
        d,
        "fit_ddb",
        lambda train, made, *a, **k: (
            given.append(set(made.manifest.origin)) or type("F", (), dict(clf=Toy(["red", "green"]).eval()))()
        ),
    )
    made = painted([(0, 200, 0)] * 9)
    held_out_agreement(grouped([3, 3, 3, 3], side=8, labels=("red", "green")), made, None, None, None, k=3)
    assert (
        len(given) == 3
        and all(len(g) == 6 for g in given)
        and all(sum(o not in g for g in given) == 1 for o in range(9))
    )


def test_pictures_of_pruning(tmp_path):
    made = painted([(0, 200, 0)] * 5)
    s = pd.DataFrame(dict(psi=[0.1] * 5, limit=0.5, rho=[1.0] * 5))
    assert (
        pruning_plot(s, [1, 0, 1, 1, 0], [0, 1, 0, 0, 0]).axes
        and pruning_examples(made, [True] * 5, n=3).axes
        and pruning_examples(made, [True, False] * 2 + [True], n=3).axes
    )


# --- retraining


def test_the_loss_is_a_weighted_sum_of_means():
    torch.manual_seed(0)
    clf = net()
    x, y = torch.rand(9, 3, 16, 16), torch.tensor([0, 1, 0, 1, 0, 0, 0, 1, 1])
    parts = [0, 0, 0, 0, 1, 1, 1, 2, 2]
    loss = Composed(clf.eval(), parts, check_gamma((6, 10), 2))(Batch(x, y, torch.arange(9), None))
    each = F.cross_entropy(clf(x), y, reduction="none")
    assert torch.allclose(loss, each[:4].mean() + 6 * each[4:7].mean() + 10 * each[7:].mean())
    w = part_weights(parts, check_gamma((6, 10), 2))
    assert np.allclose(np.bincount(parts, w) / w[:4].sum(), [1, 6, 10]) and w.mean() == pytest.approx(1)


def test_real_images_are_seen_once_an_epoch_and_painted_ones_equally_often():
    parts = np.array([0] * 23 + [1] * 7 + [2] * 3)
    b = composed_batches(parts, 8, 4, "x")
    seen = np.concatenate([i for e in range(7) for i in b(e)])
    n = np.bincount(seen, minlength=33)
    assert (
        (n[:23] == 7).all()
        and np.ptp(n[23:30]) <= 1
        and np.ptp(n[30:]) <= 1
        and all(
            (b(e)[i] == composed_batches(parts, 8, 4, "x")(e)[i]).all() for e in range(2) for i in range(3)
        )
    )


MADE = grouped([0, 20, 6, 0], "generated", seed=5)
VAL = grouped([10] * 4, split="val", seed=1)
CONFIG = MitigationConfig(lr=3e-3, epochs=3, batch=16)


@pytest.fixture(scope="module")
def base():
    return fit("ERM", DATA, VAL, net, CONFIG, seed=1, progress=False).clf


@pytest.mark.parametrize("layers", ["all", "last"])
def test_retraining_uses_the_label_of_the_new_class(base, layers):
    "Generated pictures of the missing groups teach the class; with the old class as their label they would teach the shortcut."
    test = grouped([30] * 4, seed=9)
    config = CONFIG.with_(ddb_layers=layers, ddb_gamma=4.0, epochs=12)
    wrong = GroupedImages(
        MADE.manifest.assign(y=1 - MADE.y), MADE.labels, MADE.attributes, pixels=MADE.pixels
    )
    right, old = (
        fit_ddb(DATA, m, VAL, base, config, selection="last", progress=False).report(test).wga
        for m in (MADE, wrong)
    )
    assert right > old + 0.2


def test_last_layer_alone_leaves_the_features(base):
    f = fit_ddb(DATA, MADE, VAL, base, CONFIG.with_(ddb_layers="last"), progress=False)
    assert np.allclose(
        f.clf.features(as_pixels(VAL.pixels)).detach(),
        base.features(as_pixels(VAL.pixels)).detach(),
        atol=1e-5,
    )
    assert (
        not torch.allclose(f.clf.head_weight, base.head_weight)
        and f.details["generated"] == {"no": 20, "yes": 6}
        and parts_of(f.train).tolist() == [0] * 85 + (1 + MADE.y).tolist()
    )
    whole = fit_ddb(DATA, MADE, VAL, base, CONFIG, progress=False)
    assert not np.allclose(
        whole.clf.features(as_pixels(VAL.pixels)).detach(),
        base.features(as_pixels(VAL.pixels)).detach(),
        atol=1e-3,
    )


@pytest.mark.parametrize("selection", ["wga", "worst_class", "last"])
def test_the_epoch_is_chosen_with_or_without_groups(base, selection):
    f = fit_ddb(DATA, MADE, VAL, base, CONFIG, selection=selection, progress=False)
    assert f.selection == selection and len(f.history) == 3
    if selection != "last":
        p, right = f.predict(VAL), None
        right = p == VAL.y
        key = VAL.group if selection == "wga" else VAL.y
        assert min(right[key == k].mean() for k in np.unique(key)) == pytest.approx(
            f.history[f"val_{selection}"].max()
        )


def test_retraining_killed_goes_on_to_the_same_network(base, tmp_path, killed):
    plain = fit_ddb(DATA, MADE, VAL, base, CONFIG, progress=False)

    def die():
        import spurious_core.mitigate.group_training as g

        step, n = g._step, [0]

        def stepped(*args):
            n[0] += 1
            if n[0] == 9:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*args)

        g._step = stepped
        torch.set_num_threads(1)
        fit_ddb(DATA, MADE, VAL, base, CONFIG, progress=False, out_dir=tmp_path / "r", checkpoint_seconds=0.0)

    assert killed(die) == -9
    again = fit_ddb(
        DATA, MADE, VAL, base, CONFIG, progress=False, out_dir=tmp_path / "r", checkpoint_seconds=0.0
    )
    assert all(
        torch.equal(a, b) for a, b in zip(plain.clf.state_dict().values(), again.clf.state_dict().values())
    )
    with pytest.raises(ValueError):
        fit_ddb(
            DATA,
            grouped([0, 8, 8, 0], "generated", seed=6),
            VAL,
            base,
            CONFIG,
            progress=False,
            out_dir=tmp_path / "r",
        )


def test_networks_of_folds_are_kept_and_read_again(base, tmp_path, monkeypatch):
    "A folder holds one network for each fold; called again, nothing is trained and the same is said."
    made = Recomposed(
        MADE.pixels,
        MADE.pixels,
        middle(len(MADE)),
        pd.DataFrame(dict(origin=range(len(MADE)), y_was=1 - MADE.y, y=MADE.y, a=MADE.a)),
    )
    ask = lambda **kw: held_out_agreement(DATA, made, VAL, base, CONFIG, k=2, progress=False, **kw)
    plain, first = ask(), ask(out_dir=tmp_path)
    assert np.array_equal(plain, first) and len(list(tmp_path.iterdir())) == 2
    import spurious_core.mitigate.group_training as g

    monkeypatch.setattr(g, "_step", lambda *a: pytest.fail("trained again"))
    assert np.array_equal(ask(out_dir=tmp_path), first)


def test_bad_input_is_refused(base):
    for kw, why in (
        (dict(made=DATA), "holds real images"),
        (dict(train=MADE), "holds generated images"),
        (dict(base=net(["a", "b"])), "base knows"),
        (dict(config=CONFIG.with_(ddb_gamma=(1, 2, 3))), "must be a number from 0 up"),
        (dict(config=CONFIG.with_(ddb_layers="some")), "allowed: all, last"),
    ):
        with pytest.raises(ValueError, match=why):
            fit_ddb(**(dict(train=DATA, made=MADE, val=VAL, base=base, config=CONFIG, progress=False) | kw))
    with pytest.raises(ValueError, match="no samples with weight of class"):
        composed_head(np.eye(4), [0, 0, 1, 1], [1, 1, 0, 0], 2)
