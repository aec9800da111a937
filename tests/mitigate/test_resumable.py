"Finished parts are not computed again, and folders know whose they are."

import json
import os
import signal
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from torch import nn

from spurious_core.mitigate import resumable, trainer
from spurious_core.mitigate.resumable import ResumableRun, fingerprint, weights_digest
from spurious_core.papers.real.feature_images import FeatureImages
from support.mitigation import FAST, images, quick, same, small, validation, weights
from support.read_only import read_only


def test_a_part_is_computed_once_for_a_run_and_its_folder(tmp_path):
    calls = []

    def make():
        calls.append(1)
        return dict(x=torch.arange(3))

    for _ in range(2):
        run = ResumableRun()
        run.out = tmp_path
        assert run.once("part", make)["x"].tolist() == [0, 1, 2]
        assert run.once("part", make) is run.kept["part"]
    assert len(calls) == 1


def test_a_part_whose_file_is_damaged_is_computed_again(tmp_path):
    def part():
        run = ResumableRun()
        run.out = tmp_path
        return run.once("part", lambda: dict(x=torch.arange(3)))["x"].tolist(), run.history

    part()
    (tmp_path / "kept.part.safetensors").write_bytes(b"")
    with pytest.warns(UserWarning, match="kept.part.safetensors is damaged"):
        assert part() == ([0, 1, 2], [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert part() == ([0, 1, 2], [])


def test_a_part_is_laid_out_alike_whether_computed_or_read(tmp_path):
    for _ in range(2):
        run = ResumableRun()
        run.out = tmp_path
        x = run.once("part", lambda: dict(x=torch.arange(6).view(2, 3).T))["x"]
        assert x.is_contiguous()
        assert x.tolist() == [[0, 3], [1, 4], [2, 5]]


def fit_and_die_before_cleaning_up(folder):
    "A fit that is killed when its last part is written, and the checkpoint not yet removed."
    write = resumable.write_tensors

    def dies(path, tensors, **header):
        write(path, tensors, **header)
        if path.name == "kept.erm.safetensors":
            os.kill(os.getpid(), signal.SIGKILL)

    resumable.write_tensors = dies
    quick("ERM", out_dir=folder, checkpoint_seconds=0.0)


def test_a_checkpoint_left_by_a_kill_is_removed_by_the_next_call(killed, tmp_path):
    assert killed(fit_and_die_before_cleaning_up, tmp_path) == -signal.SIGKILL
    assert (tmp_path / resumable.TRAINING_CHECKPOINT).exists()
    quick("ERM", out_dir=tmp_path)
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == ["config.json", "kept.erm.safetensors"]


def test_a_finished_fit_is_read_where_nothing_can_be_written(tmp_path):
    first = quick("ERM", out_dir=tmp_path)
    with read_only():
        assert same(weights(first), weights(quick("ERM", out_dir=tmp_path)))
        (kept,) = tmp_path.glob("kept.*")
    kept.unlink()
    with read_only(), pytest.raises(OSError, match=f"cannot write {kept}: Read-only file system"):
        quick("ERM", out_dir=tmp_path)


def test_a_damaged_checkpoint_is_no_checkpoint(killed, tmp_path):
    whole = quick("ERM")
    (tmp_path / resumable.TRAINING_CHECKPOINT).write_bytes(b"half")
    (tmp_path / "config.json").write_text(json.dumps(identity_of_erm(tmp_path / "other")))
    with pytest.warns(UserWarning, match="checkpoint.safetensors is damaged"):
        resumed = quick("ERM", out_dir=tmp_path)
    assert same(weights(whole), weights(resumed))


def identity_of_erm(folder):
    quick("ERM", out_dir=folder)
    return json.loads((folder / "config.json").read_text())


def test_data_and_networks_are_told_apart():
    assert fingerprint(None) is None
    assert fingerprint(images()) == fingerprint(images())
    assert fingerprint(images()) != fingerprint(images(seed=1))
    assert fingerprint(images()) != fingerprint(images(size=17))
    torch.manual_seed(0)
    one, other = nn.Linear(2, 1), nn.Linear(2, 1)
    assert weights_digest(one) == weights_digest(one) != weights_digest(other)


@pytest.fixture
def on_disk(tmp_path):
    "A data set whose pictures are files, and the folder that they lie in."
    data = images(20)
    files = [f"{i}.png" for i in range(len(data))]
    for name, pixels in zip(files, data.pixels, strict=True):
        Image.fromarray(pixels).save(tmp_path / name)
    return replace(data, manifest=data.manifest.assign(file=files), pixels=None, root=tmp_path, size=16)


def test_a_picture_that_was_corrected_under_its_old_name_is_other_data(on_disk):
    before = fingerprint(on_disk)
    assert fingerprint(on_disk) == before
    picture = np.asarray(Image.open(on_disk.root / "3.png")).copy()
    picture[0, 0, 0] ^= 1
    Image.fromarray(picture).save(on_disk.root / "3.png")
    assert fingerprint(on_disk) != before
    boxes = [(0, 0, 8, 8)] + [None] * (len(on_disk) - 1)
    assert fingerprint(replace(on_disk, manifest=on_disk.manifest.assign(box=boxes))) != before
    (on_disk.root / "3.png").unlink()
    assert fingerprint(on_disk) != before  # its reader will say that it is missing


def test_features_are_told_apart_by_their_values(on_disk):
    manifest = on_disk.manifest.assign(row=range(len(on_disk)))
    one, other = torch.zeros(len(manifest), 3), torch.ones(len(manifest), 3)
    names = dict(labels=on_disk.labels, attributes=on_disk.attributes)
    sets = [FeatureImages(manifest, **names, features=features) for features in (one, other)]
    assert fingerprint(sets[0]) != fingerprint(sets[1])


def other():
    torch.manual_seed(1)
    return small()


@pytest.mark.parametrize("start", [other, other()], ids=["a function", "a network"])
def test_a_fit_from_another_network_is_another_fit(tmp_path, start):
    torch.manual_seed(0)
    first = small()
    quick("ERM", out_dir=tmp_path, backbone=first)
    with pytest.raises(ValueError, match="backbone='.*' there and '.*' here"):
        quick("ERM", out_dir=tmp_path, backbone=start)
    quick("ERM", out_dir=tmp_path, backbone=first)


@pytest.mark.parametrize("method", ["ERM", "JTT", "DFR", "AFR", "SpuFix"])
def test_a_finished_folder_gives_its_result_at_once(method, tmp_path, monkeypatch):
    config = FAST.with_(epochs=2, **(dict(jtt_T=1) if method == "JTT" else {}))
    fitted = quick(method, out_dir=tmp_path, config=config)
    monkeypatch.setattr(trainer, "train_stage", lambda *_, **__: pytest.fail("trained again"))
    monkeypatch.setattr(trainer, "make_optimiser", lambda *_: pytest.fail("trained again"))
    again = quick(method, out_dir=tmp_path, config=fitted.config)
    x = images(30, 0.5, 2).pixels
    assert torch.equal(fitted.clf.probs(x), again.clf.probs(x))
    assert again.details == fitted.details
    assert again.seconds == pytest.approx(fitted.seconds, abs=0.05)
    pd.testing.assert_frame_equal(fitted.history, again.history)


def test_a_folder_of_another_run_is_refused(tmp_path):
    quick("ERM", out_dir=tmp_path / "run", val=validation())
    for change, said in (
        (dict(seed=1), "seed=0 there and 1 here"),
        (dict(config=FAST.with_(lr=0.5)), "lr=0.01 there and 0.5 here"),
        (dict(train=images(80, 0.85, 5)), "train="),
        (dict(selection="average"), "selection='wga' there"),
    ):
        with pytest.raises(ValueError, match=said):
            quick("ERM", out_dir=tmp_path / "run", **change)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds no run"):
        quick("ERM", out_dir=tmp_path / "other")


def test_the_names_of_files_are_those_of_earlier_versions():
    assert resumable.TRAINING_CHECKPOINT == "checkpoint.safetensors"
    assert resumable.TRAINING_SCRATCH == ("kept.", "checkpoint.")
