"The checkup: what is there, what is missing, how much it takes, and that looking changes nothing and asks nobody."

import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from transformers import ResNetConfig, ResNetForImageClassification
from typer.testing import CliRunner

from spurious_core.app import doctor
from spurious_core.app.cli import app
from spurious_core.app.doctor import examine, look_up
from spurious_core.core.settings import load_profile
from spurious_core.models.classifier import Classifier
from spurious_core.models.loading import save_classifier
from spurious_core.models.preprocessing import Preprocess
from support.pipelines import build_pipeline


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    "No override of a profile, an empty hub cache, online."
    for k in list(os.environ):
        if k.startswith("SPURIOUS_"):
            monkeypatch.delenv(k)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(doctor, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(doctor, "is_offline_mode", lambda: False)


@pytest.fixture
def guide(tmp_path):
    save_file({"conv1.weight": torch.zeros(10, 100)}, tmp_path / "guide.safetensors")
    return str(tmp_path / "guide.safetensors")


def row(checkup, field):
    return checkup.checkpoints.set_index("field").loc[field]


def machine(checkup, what):
    return checkup.machine.set_index("what").loc[what]


def cache(tmp_path, repo, sha, folder):  # as the hub's client lays it out
    root = tmp_path / "hub" / f"models--{repo.replace('/', '--')}"
    shutil.copytree(folder, root / "snapshots" / sha)
    (root / "refs").mkdir(exist_ok=True)
    (root / "refs/main").write_text(sha)


def test_the_embedded_profile_runs(monkeypatch):
    c = examine("mini")
    assert c.runnable
    assert c.problems == []
    assert c.checkpoints[~c.checkpoints.state.isin(["here", "built in"])].field.tolist() == ["instruct"]
    assert c.machine.fits.all()
    assert machine(c, "disk").wanted == ""
    assert machine(c, "torch").there == version("torch")
    assert "runnable" in c._repr_html_()


def test_what_sd15_would_download(guide):
    c = examine(replace(load_profile("sd15"), guide=guide, precision="bf16"))
    assert row(c, "pipeline").state == "to download"
    assert row(c, "pipeline")["size"] == "about 2.13 GB"
    assert not c.checkpoints.note.str.contains("not pinned").any()
    assert row(c, "guide").tolist()[1:3] == ["here", f"{Path(guide).stat().st_size / 1e3:.3g} kB"]
    assert row(c, "world").state == row(c, "scene").state == "none"
    assert machine(c, "hub").wanted == "11 to download"
    assert c.problems == [p for p in c.problems if p.startswith("memory")]  # this machine may be small
    full = examine(replace(load_profile("sd15"), guide=guide, precision="fp32"))
    assert row(full, "pipeline")["size"] == "about 4.26 GB"
    unknown = examine(replace(load_profile("sd15"), guide=guide, pipeline="someone/private@v2"))
    assert row(unknown, "pipeline").tolist() == ["someone/private@v2", "to download", "unknown", ""]
    assert machine(unknown, "disk").wanted.startswith("at least")
    assert machine(unknown, "memory").wanted.startswith("at least")


def test_a_guide_that_nobody_can_download():
    assert examine("sd15").problems[0] == f"guide: {load_profile('sd15').guide} (no such file or folder)"


def test_offline_nothing_can_be_downloaded(guide, monkeypatch):
    monkeypatch.setattr(doctor, "is_offline_mode", lambda: True)
    c = examine(replace(load_profile("sd15"), guide=guide))
    assert sum("HF_HUB_OFFLINE forbids" in p for p in c.problems) == 11
    assert not machine(c, "hub").fits


def test_the_cache_is_seen_with_its_commit(tmp_path, guide):
    net = ResNetForImageClassification(
        ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", num_labels=2)
    )
    cache(tmp_path, "org/sd", "a" * 40, build_pipeline(tmp_path / "p"))
    cache(
        tmp_path,
        "org/clf",
        "b" * 40,
        save_classifier(Classifier(net, ["x", "y"], Preprocess()), tmp_path / "c"),
    )
    p = replace(
        load_profile("sd15"),
        pipeline="org/sd",
        jury=("org/clf@" + "b" * 40,),
        guide=guide,
        inpaint="",
        tiny_decoder="",
    )
    c = examine(p)
    assert row(c, "pipeline").state == row(c, "jury").state == "cached"
    assert c.runnable
    assert row(c, "pipeline").note == f"commit {'a' * 40}, not pinned"
    assert row(c, "jury").note == f"commit {'b' * 40}"
    shutil.rmtree(tmp_path / "hub/models--org--sd/snapshots" / ("a" * 40) / "unet")
    c = examine(p)
    assert row(c, "pipeline").state == "to download"
    assert "incomplete in the cache" in row(c, "pipeline").note
    assert look_up("org/clf@other")["state"] == "to download"  # cached at another revision


def test_weights_are_counted_whatever_their_precision(tmp_path):
    net = ResNetForImageClassification(
        ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", num_labels=2)
    )
    n = sum(v.numel() for v in net.state_dict().values())
    for dtype in (torch.float16, torch.float32):
        assert (
            look_up(
                str(save_classifier(Classifier(net, ["x", "y"], Preprocess()), tmp_path / str(dtype), dtype))
            )["weights"]
            == n
        )
    torch.save(torch.zeros(1000), tmp_path / "w.pt")
    found = look_up(str(tmp_path / "w.pt"))
    assert 1000 <= found["weights"] < 1500
    assert "pickle" in found["note"]


def test_damaged_and_partial_checkpoints(tmp_path):
    folder = build_pipeline(tmp_path / "p")
    assert look_up(str(folder), True)["state"] == "here"
    file = folder / "vae/diffusion_pytorch_model.safetensors"
    file.write_bytes(b"no weights")
    assert look_up(str(folder), True)["note"].startswith("damaged")
    file.unlink()
    found = look_up(str(folder), True)
    assert (found["state"], found["note"]) == ("missing", "the folder lacks vae/ weights")
    (tmp_path / "clf").mkdir()
    assert look_up(str(tmp_path / "clf"))["note"] == "the folder lacks config.json, weights"


@pytest.mark.parametrize(
    "what, patch",
    [
        (
            "memory",
            lambda m: m.setattr(
                doctor.psutil, "virtual_memory", lambda: type("V", (), dict(available=10**6, total=10**9))
            ),
        ),
        ("disk", lambda m: m.setattr(doctor.shutil, "disk_usage", lambda p: type("D", (), dict(free=10**6)))),
        ("diffusers", lambda m: m.setattr(doctor, "version", lambda n: "0.1" if n == "diffusers" else "99")),
    ],
)
def test_too_little(what, patch, guide, monkeypatch):
    patch(monkeypatch)
    c = examine(replace(load_profile("sd15"), guide=guide, device="cpu"))
    assert not c.runnable
    assert not machine(c, what).fits
    assert any(p.startswith(f"{what}: ") for p in c.problems)


def test_absent_device_and_unknown_world():
    c = examine(replace(load_profile("mini"), device="cuda:9", world="flat"))
    assert not machine(c, "device").fits
    assert any("cuda:9" in p for p in c.problems)
    assert any(p.startswith("world: ") for p in c.problems)


def test_the_command(monkeypatch, guide):
    def go(*a):
        return CliRunner().invoke(app, ["doctor", *a])

    r = go()
    assert r.exit_code == 0
    assert r.output.rstrip().endswith("mini can run here")
    assert "tiny_decoder" in r.output
    assert "torch" in r.output
    monkeypatch.setenv("COLUMNS", "200")
    r = go("--profile", "sd15")
    assert r.exit_code == 1
    assert "stable-diffusion-v1-5" in r.output
    assert "no such file or folder" in r.output.splitlines()[-1]
    r = go("--profile", "huge")
    assert r.exit_code == 2
    assert "known: mini, sd15" in r.output
    assert len(r.output.splitlines()) == 1


def test_looking_changes_nothing_and_asks_nobody(tmp_path):
    "Python itself reports what the command opens, makes, renames and connects to, imports included."
    code = """
        import os, sys
        seen = []
        def hook(event, args):
            if event == 'open' and args[0] != os.devnull and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC): seen.append((event, str(args[0])))
            if event.startswith(('socket.connect', 'socket.getaddrinfo', 'socket.gethost', 'os.mkdir', 'os.rename', 'os.remove', 'os.rmdir', 'os.link', 'os.symlink', 'shutil.')): seen.append((event, str(args)))
        sys.addaudithook(hook)
        from huggingface_hub import constants
        from spurious_core.app.cli import app
        for constants.HF_HUB_OFFLINE in (False, True):
            try: app(['doctor', '--profile', 'sd15'])
            except SystemExit as e: assert e.code == 1      # the guide is not there
        print([s for s in seen if not s[1].lstrip("('").startswith(os.environ['TMPDIR'])])     # when imported, Python and torch try out their folders of temporary files
    """
    for n in ("home", "cwd", "temporary"):
        (tmp_path / n).mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "XDG_", "SPURIOUS_"))} | dict(
        HOME=str(tmp_path / "home"),
        TMPDIR=str(tmp_path / "temporary"),
        TORCHINDUCTOR_CACHE_DIR=str(tmp_path / "temporary"),
        PYTHONDONTWRITEBYTECODE="1",
        COLUMNS="200",
    )
    r = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path / "cwd",
        env=env,
        capture_output=True,
        text=True,
    )
    assert r.returncode == 0 and r.stdout.splitlines()[-1] == "[]", (r.stdout + r.stderr)[-2000:]
    assert r.stdout.count("HF_HUB_OFFLINE forbids") == 11
    assert r.stdout.count("no such file or folder") == 4
    assert list((tmp_path / "home").rglob("*")) == []
    assert list((tmp_path / "cwd").iterdir()) == []
