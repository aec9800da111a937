"The checkup: what is there, what is missing, how much it takes; looking changes nothing and asks nobody."

import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from transformers import ResNetConfig, ResNetForImageClassification
from typer.testing import CliRunner

from spurious_core.app import doctor, machine
from spurious_core.app.cli import app
from spurious_core.app.doctor import examine
from spurious_core.core.settings import load_profile
from spurious_core.models.classifier import Classifier
from spurious_core.models.loading import save_classifier
from spurious_core.models.preprocessing import Preprocess
from support.hub_cache import fill_cache
from support.pipelines import build_pipeline

FIRST, SECOND = "a" * 40, "b" * 40  # commits


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    "No override of a profile, an empty hub cache, online."
    for name in list(os.environ):
        if name.startswith("SPURIOUS_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(doctor, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(doctor, "is_offline_mode", lambda: False)


@pytest.fixture
def sd15(tmp_path):
    "The profile with a guide; without one it has a problem of its own."
    guide = tmp_path / "guide.safetensors"
    save_file({"conv1.weight": torch.zeros(10, 100)}, guide)
    return replace(load_profile("sd15"), guide=str(guide))


def checkpoint(checkup, field):
    return checkup.checkpoints.set_index("field").loc[field]


def machine_row(checkup, what):
    return checkup.machine.set_index("what").loc[what]


def test_a_path_is_shown_as_text():
    shown = examine(replace(load_profile("mini"), guide="<script>alert(1)</script>"))
    assert any("<script>" in problem for problem in shown.problems)
    page = shown._repr_html_()
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 2  # in the table, and among the problems


def test_the_embedded_profile_runs():
    checkup = examine("mini")
    assert checkup.runnable
    assert checkup.problems == []
    away = checkup.checkpoints[~checkup.checkpoints.state.isin(["here", "built in"])]
    assert away.field.tolist() == ["instruct"]
    assert checkup.machine.fits.all()
    assert machine_row(checkup, "disk").wanted == ""
    assert machine_row(checkup, "torch").there == version("torch")
    assert "runnable" in checkup._repr_html_()


def test_what_sd15_would_download(sd15):
    checkup = examine(replace(sd15, precision="bf16"))
    pipeline, guide = checkpoint(checkup, "pipeline"), checkpoint(checkup, "guide")
    assert (pipeline.state, pipeline["size"]) == ("to download", "about 2.13 GB")
    assert not checkup.checkpoints.note.str.contains("not pinned").any()
    assert guide.state == "here"
    assert guide["size"] == f"{Path(sd15.guide).stat().st_size / 1e3:.3g} kB"
    assert checkpoint(checkup, "world").state == checkpoint(checkup, "scene").state == "none"
    assert machine_row(checkup, "hub").wanted == "11 to download"
    others = [problem for problem in checkup.problems if not problem.startswith("memory")]
    assert others == []  # this machine may be small


def test_full_precision_is_twice_the_download(sd15):
    assert checkpoint(examine(replace(sd15, precision="fp32")), "pipeline")["size"] == "about 4.26 GB"


def test_an_unknown_size_makes_the_totals_lower_bounds(sd15):
    checkup = examine(replace(sd15, pipeline="someone/private@v2"))
    expected = ["someone/private@v2", "to download", "unknown", ""]
    assert checkpoint(checkup, "pipeline").tolist() == expected
    for what in ("disk", "memory"):
        assert machine_row(checkup, what).wanted.startswith("at least")


def test_a_guide_that_nobody_can_download():
    expected = f"guide: {load_profile('sd15').guide} (no such file or folder)"
    assert examine("sd15").problems[0] == expected


def test_offline_nothing_can_be_downloaded(sd15, monkeypatch):
    monkeypatch.setattr(doctor, "is_offline_mode", lambda: True)
    checkup = examine(sd15)
    assert sum("HF_HUB_OFFLINE forbids" in problem for problem in checkup.problems) == 11
    assert not machine_row(checkup, "hub").fits


def test_the_cache_is_seen_with_its_commit(tmp_path, sd15):
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", num_labels=2)
    classifier = Classifier(ResNetForImageClassification(config), ["x", "y"], Preprocess())
    fill_cache(tmp_path / "hub", "org/sd", FIRST, build_pipeline(tmp_path / "p"))
    fill_cache(tmp_path / "hub", "org/clf", SECOND, save_classifier(classifier, tmp_path / "c"))
    profile = replace(sd15, pipeline="org/sd", jury=(f"org/clf@{SECOND}",), inpaint="", tiny_decoder="")
    checkup = examine(profile)
    pipeline, jury = checkpoint(checkup, "pipeline"), checkpoint(checkup, "jury")
    assert pipeline.state == jury.state == "cached"
    assert checkup.runnable
    assert pipeline.note == f"commit {FIRST}, not pinned"
    assert jury.note == f"commit {SECOND}"
    shutil.rmtree(tmp_path / "hub/models--org--sd/snapshots" / FIRST / "unet")
    pipeline = checkpoint(examine(profile), "pipeline")
    assert pipeline.state == "to download"
    assert "incomplete in the cache" in pipeline.note


def small_memory(patch):
    memory = SimpleNamespace(available=10**6, total=10**9)
    patch.setattr(machine.psutil, "virtual_memory", lambda: memory)


def small_disk(patch):
    patch.setattr(machine.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**6))


def old_diffusers(patch):
    patch.setattr(machine, "version", lambda name: "0.1" if name == "diffusers" else "99")


@pytest.mark.parametrize(
    "what, reduce", [("memory", small_memory), ("disk", small_disk), ("diffusers", old_diffusers)]
)
def test_too_little(what, reduce, sd15, monkeypatch):
    reduce(monkeypatch)
    checkup = examine(replace(sd15, device="cpu"))
    assert not checkup.runnable
    assert not machine_row(checkup, what).fits
    assert any(problem.startswith(f"{what}: ") for problem in checkup.problems)


def test_absent_device_and_unknown_world():
    checkup = examine(replace(load_profile("mini"), device="cuda:9", world="flat"))
    assert not machine_row(checkup, "device").fits
    assert any("cuda:9" in problem for problem in checkup.problems)
    assert any(problem.startswith("world: ") for problem in checkup.problems)


def run_doctor(*arguments):
    return CliRunner().invoke(app, ["doctor", *arguments])


def test_the_command_on_a_profile_that_runs():
    done = run_doctor()
    assert done.exit_code == 0
    assert done.output.rstrip().endswith("mini can run here")
    assert "tiny_decoder" in done.output
    assert "torch" in done.output


def test_the_command_on_profiles_that_do_not_run(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    done = run_doctor("--profile", "sd15")
    assert done.exit_code == 1
    assert "stable-diffusion-v1-5" in done.output
    assert "no such file or folder" in done.output.splitlines()[-1]
    done = run_doctor("--profile", "huge")
    assert done.exit_code == 2
    assert "known: mini, mini_permuted, mini_flow, sd15" in done.output
    assert len(done.output.splitlines()) == 1


# Python's audit hook sees whatever opens, makes, renames or connects. When imported, Python and torch
# try out their folders of temporary files, so these do not count.
WATCHED = """
    import os, sys

    CHANGES = ('os.mkdir', 'os.rename', 'os.remove', 'os.rmdir', 'os.link', 'os.symlink', 'shutil.')
    QUESTIONS = ('socket.connect', 'socket.getaddrinfo', 'socket.gethost')
    WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    seen = []

    def hook(event, args):
        if event == 'open' and args[0] != os.devnull and isinstance(args[2], int) and args[2] & WRITING:
            seen.append((event, str(args[0])))
        if event.startswith(CHANGES + QUESTIONS):
            seen.append((event, str(args)))

    sys.addaudithook(hook)
    from huggingface_hub import constants
    from spurious_core.app.cli import app

    for constants.HF_HUB_OFFLINE in (False, True):
        try:
            app(['doctor', '--profile', 'sd15'])
        except SystemExit as error:
            assert error.code == 1  # the guide is not there
    print([s for s in seen if not s[1].lstrip("('").startswith(os.environ['TMPDIR'])])
"""


def test_looking_changes_nothing_and_asks_nobody(tmp_path):
    "Python itself reports what the command opens, makes, renames and connects to, imports included."
    for name in ("home", "cwd", "temporary"):
        (tmp_path / name).mkdir()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "XDG_", "SPURIOUS_"))}
    places = dict(
        HOME=str(tmp_path / "home"),
        TMPDIR=str(tmp_path / "temporary"),
        TORCHINDUCTOR_CACHE_DIR=str(tmp_path / "temporary"),
        PYTHONDONTWRITEBYTECODE="1",
        COLUMNS="200",
    )
    command = [sys.executable, "-c", textwrap.dedent(WATCHED)]
    done = subprocess.run(command, cwd=tmp_path / "cwd", env=kept | places, capture_output=True, text=True)
    report = (done.stdout + done.stderr)[-2000:]
    assert done.returncode == 0, report
    assert done.stdout.splitlines()[-1] == "[]", report
    assert done.stdout.count("HF_HUB_OFFLINE forbids") == 11
    assert done.stdout.count("no such file or folder") == 4
    assert list((tmp_path / "home").rglob("*")) == []
    assert list((tmp_path / "cwd").iterdir()) == []
