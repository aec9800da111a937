"Known mixtures disentangled, pairs missing or lopsided, kill and resume, losses that are not finite."

import os
import signal
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.core.checkpoints import read_tensors
from spurious_core.core.locks import LOCK_FILE, FolderInUse, hold_folder
from spurious_core.models.loading import load_classifier, save_classifier
from spurious_core.papers.d3s import training
from spurious_core.papers.d3s.disentangling import Disentangling
from spurious_core.papers.d3s.features import CachedFeatures
from spurious_core.papers.d3s.probing import probes
from spurious_core.papers.d3s.training import (
    DISENTANGLING_CHECKPOINT,
    DISENTANGLING_RESULT,
    check_pairs,
    disentangle,
)
from support.d3s import LABELS, N_CLASSES, N_SCENES, QUICK, SCENES, mixed, pictures, small_network, start

torch.set_num_threads(1)
CPU = torch.device("cpu")
TOY = Disentangling(background=0.5, linear=1.0, pretrain=30, steps=170, lr=1e-2, batch=96, widths=(64, 32))


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def some_of(data, rows):
    return CachedFeatures(data.pixels[rows], data.y[rows], data.a[rows], LABELS, SCENES)


# --- data


def test_data_without_a_class_or_a_background_is_refused_and_missing_pairs_are_named():
    data = mixed(200, 0)
    for rows, name in ((data.y != 2, "class class 2"), (data.a != 4, "background scene 4")):
        with pytest.raises(ValueError, match=name):
            disentangle(start(), some_of(data, rows), TOY)
    with pytest.warns(UserWarning, match="1 of 20 pairs"):
        check_pairs(some_of(data, data.group != 7))


def test_pairs_are_drawn_evenly_from_lopsided_data():
    lopsided = [(i % N_CLASSES, i % N_CLASSES if i > 60 else i // N_CLASSES % N_SCENES) for i in range(400)]
    data = pictures(pairs=lopsided)
    batches = training._PairBatches(data, QUICK, 0, CPU)
    counts = np.zeros((N_CLASSES, N_SCENES))
    for step in range(100):
        _, y, a, _ = batches.draw(step)
        np.add.at(counts, (y.numpy(), a.numpy()), 1)
    images = np.bincount(data.group)
    assert images.max() > 10 * images[images > 0].min()
    assert counts.max() < 1.5 * counts.min()


def test_whitening_needs_more_images_in_a_batch_than_features():
    with pytest.raises(ValueError, match="batches larger than the 6 features"):
        disentangle(start(), mixed(300, 0), Disentangling(batch=6, background=0.5))


# --- the network


def test_the_head_keeps_its_foreground_columns_and_rows_move_with_their_class():
    net, order = small_network(), [2, 0, 3]
    labels = [LABELS[k] for k in order]
    data = pictures(pairs=[(i % 3, i // 3 % N_SCENES) for i in range(60)], labels=labels)
    model = training._Training(net, data, QUICK, 0, CPU).model
    head = model.clf.head
    assert model.cut == 12
    assert torch.equal(head.weight[:, :12], net.head.weight[order][:, :12])
    assert torch.equal(head.bias, net.head.bias[order])
    assert not head.weight[:, 12:].any()


@pytest.mark.parametrize("penalty", ["wasserstein", "mine", "none"])
def test_the_exported_classifier_sees_the_foreground_alone_and_survives_saving(penalty, tmp_path):
    images = pictures()
    config = replace(QUICK, penalty=penalty, linear=0.3 * (penalty != "none"))
    model = disentangle(small_network(), images, config, progress=False)
    clf = model.clf
    assert not clf.head.weight[:, model.cut :].any()
    assert not clf.training
    x = torch.from_numpy(images.pixels[:8]).permute(0, 3, 1, 2) / 255
    _, background, class_logits, _ = model(x)
    assert torch.allclose(clf(x), class_logits, atol=1e-5)
    assert background.abs().max() > 0
    again = load_classifier(save_classifier(clf, tmp_path, torch.float32))
    assert torch.allclose(again(x), clf(x), atol=1e-6)
    assert again.labels == LABELS


# --- training


@pytest.fixture(scope="module")
def parts():
    return mixed(600, 1), mixed(1200, 2), mixed(600, 3)


def read(model, fit_on, test, kinds=("linear",)):
    "Accuracy by kind and probe."
    return probes(model.clf, model.cut, fit_on, test, kinds).set_index(["kind", "probe"]).value


@pytest.mark.slow
@pytest.mark.parametrize("penalty", ["wasserstein", "mine"])
def test_a_known_mixture_is_taken_apart(penalty, parts):
    train, fit_on, test = parts
    model = disentangle(start(), train, replace(TOY, penalty=penalty), progress=False)
    value = read(model, fit_on, test, ("linear", "mlp"))
    assert value["linear", "fg_from_fg"] > 0.93
    assert value["linear", "bg_from_bg"] > 0.93
    for kind in ("linear", "mlp"):
        assert value[kind, "bg_from_fg"] < 1 / N_SCENES + 0.15, value[kind].to_dict()
        assert value[kind, "fg_from_bg"] < 1 / N_CLASSES + 0.15, value[kind].to_dict()


@pytest.mark.slow
def test_a_critic_too_weak_leaves_the_label_to_probes_although_its_penalty_is_small(parts):
    train, fit_on, test = parts
    weak = replace(TOY, linear=0.0, normalise="raw", widths=(2,), critic_lr=1e-4)
    model = disentangle(start(), train, weak, progress=False)
    assert model.history.penalty_fg.iloc[-20:].mean() < 0.1
    assert read(model, fit_on, test)["linear", "bg_from_fg"] > 1 / N_SCENES + 0.3


def test_same_seed_same_result_and_other_seeds_differ():
    data = pictures()
    one, again, other = (
        disentangle(small_network(), data, QUICK, seed, progress=False).state_dict() for seed in (0, 0, 1)
    )
    assert same(one, again)
    assert not same(one, other)


@pytest.mark.parametrize("penalty", ["wasserstein", "mine"])
def test_killed_and_called_again_it_ends_as_if_nothing_had_happened(penalty, tmp_path, killed, monkeypatch):
    data, folder = pictures(), tmp_path / "run"
    request = dict(backbone=small_network(), train=data, config=replace(QUICK, penalty=penalty), seed=3)
    request |= dict(progress=False)
    whole = disentangle(**request)
    step = training._Training.step

    def die(self, number):
        if number == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self, number)

    def child():
        training._Training.step = die
        disentangle(**request, out_dir=folder, checkpoint_seconds=0)

    assert killed(child) == -signal.SIGKILL
    assert (folder / DISENTANGLING_CHECKPOINT).exists()
    seen = []

    def count(self, number):
        seen.append(number)
        return step(self, number)

    monkeypatch.setattr(training._Training, "step", count)
    again = disentangle(**request, out_dir=folder)
    assert seen == [5, 6]
    assert same(again.state_dict(), whole.state_dict())
    pd.testing.assert_frame_equal(again.history, whole.history)
    seen.clear()
    assert same(disentangle(**request, out_dir=folder).state_dict(), whole.state_dict())
    assert not seen
    for other in (
        dict(seed=4),
        dict(train=pictures(seed=1)),
        dict(config=replace(request["config"], weight=2.0)),
        dict(backbone=small_network(1)),
    ):
        with pytest.raises(ValueError, match="holds another run"):
            disentangle(**request | other, out_dir=folder)


def test_what_a_killed_call_left_half_written_is_swept_and_nothing_else(tmp_path):
    left = [f".{name}.tmp" for name in (DISENTANGLING_CHECKPOINT, DISENTANGLING_RESULT)]
    for name in (*left, ".kept.another.safetensors.tmp"):
        (tmp_path / name).write_bytes(b"half")
    disentangle(small_network(), pictures(), QUICK, out_dir=tmp_path, progress=False)
    hidden = {path.name for path in tmp_path.glob(".*")} - {LOCK_FILE}
    assert hidden == {".kept.another.safetensors.tmp"}


def test_one_training_at_a_time_works_in_a_folder(tmp_path):
    with hold_folder(tmp_path), pytest.raises(FolderInUse, match="is in use by process"):
        disentangle(small_network(), pictures(), QUICK, out_dir=tmp_path, progress=False)
    assert not (tmp_path / "config.json").exists()
    disentangle(small_network(), pictures(), QUICK, out_dir=tmp_path, progress=False)


def die_before_cleaning_up(folder):
    "Trains, and is killed when the result is written."
    save = training._save

    def deadly(path, *args):
        save(path, *args)
        if path.name == DISENTANGLING_RESULT:
            os.kill(os.getpid(), signal.SIGKILL)

    training._save = deadly
    disentangle(small_network(), pictures(), QUICK, out_dir=folder, progress=False, checkpoint_seconds=0)


def test_what_is_finished_is_read_cleaned_up_and_made_again_if_damaged(tmp_path, killed, monkeypatch):
    whole = disentangle(small_network(), pictures(), QUICK, progress=False).state_dict()
    assert killed(die_before_cleaning_up, tmp_path) == -signal.SIGKILL
    assert (tmp_path / DISENTANGLING_CHECKPOINT).exists()
    options = dict(out_dir=tmp_path, progress=False)
    with monkeypatch.context() as patched:
        patched.setattr(training._Training, "step", lambda *_: pytest.fail("trained again"))
        assert same(disentangle(small_network(), pictures(), QUICK, **options).state_dict(), whole)
    assert not (tmp_path / DISENTANGLING_CHECKPOINT).exists()
    (tmp_path / DISENTANGLING_RESULT).write_bytes(b"")
    with pytest.warns(UserWarning, match="disentangled.safetensors is damaged"):
        assert same(disentangle(small_network(), pictures(), QUICK, **options).state_dict(), whole)


def test_a_checkpoint_holds_network_critics_moments_and_both_optimisers(tmp_path):
    disentangle(small_network(), pictures(), QUICK, out_dir=tmp_path, progress=False)
    tensors, header = read_tensors(tmp_path / DISENTANGLING_RESULT)
    assert {name.partition(".")[0] for name in tensors} == {"model", "critics", "linear", "opt", "critic_opt"}
    assert {"opt.0.exp_avg", "opt.0.exp_avg_sq", "opt.0.step"} <= set(tensors)
    assert set(header) == {"step", "rows"}
    assert header["step"] == len(header["rows"]) == 7


@pytest.mark.parametrize("penalty", ["wasserstein", "mine", "none"])
def test_a_loss_that_is_not_finite_stops_with_a_message_and_keeps_the_checkpoint(penalty, tmp_path):
    data, net = pictures(), small_network()
    good, bad = replace(QUICK, penalty=penalty), tmp_path / "bad"
    disentangle(net, data, good, out_dir=tmp_path / "good", progress=False)
    wild = replace(good, linear=0.0, lr=1e30, normalise="raw", steps=20, lr_schedule="constant")
    with pytest.raises(FloatingPointError, match="not finite; .*a?lower"):
        disentangle(net, data, wild, out_dir=bad, progress=False, checkpoint_seconds=0)
    _, header = read_tensors(bad / DISENTANGLING_CHECKPOINT)
    assert header["step"] == len(header["rows"]) >= 1
    assert not (bad / DISENTANGLING_RESULT).exists()
