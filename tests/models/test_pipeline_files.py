"Which files are needed, what is lacking, and what is asked of the hub."

import json
import os
import shutil
import subprocess
import sys
import textwrap

import pytest
import torch

from spurious_core.models.classifier import Classifier
from spurious_core.models.loading import save_classifier
from spurious_core.models.pipeline_files import (
    Part,
    first_line,
    lacking,
    lost_shards,
    networks_of,
    pipeline_parts,
    wanted_files,
    weight_files,
    weight_format,
)
from spurious_core.models.pipelines import load_pipeline
from support.networks import small_network
from support.pipelines import build_pipeline


@pytest.mark.parametrize(
    "name, form",
    [
        ("model.safetensors", (None, "safetensors")),
        ("diffusion_pytorch_model.fp16.bin", ("fp16", "bin")),
        ("pytorch_model.non_ema.safetensors", ("non_ema", "safetensors")),
        ("config.json", None),
        ("flax_model.msgpack", None),
        ("model.fp16.onnx", None),
        ("model-00002-of-00003.safetensors", (None, "safetensors")),
        ("model.fp16-00002-of-00003.safetensors", ("fp16", "safetensors")),
        ("diffusion_pytorch_model-00002-of-00003.fp16.bin", ("fp16", "bin")),
        ("model.safetensors.index.json", (None, "safetensors")),
        ("model.safetensors.index.fp16.json", ("fp16", "safetensors")),
        ("diffusion_pytorch_model.safetensors.fp16.index.json", ("fp16", "safetensors")),
        ("model-2-of-3.safetensors", None),
        ("model.fp16.ema.safetensors", None),
    ],
)
def test_names_of_weight_files(name, form):
    assert weight_format(name) == form


def test_which_of_several_files():
    names = ["config.json", "model.safetensors", "model.fp16.bin", "pytorch_model.bin", "model.ema.bin"]
    assert weight_files(names) == ["model.safetensors"]
    assert weight_files(names, half=True) == ["model.fp16.bin"]
    assert weight_files(names, "ema") == ["model.ema.bin"]
    assert weight_files(names, "non_ema") == []
    assert weight_files(names[2:3]) == ["model.fp16.bin"]
    assert weight_files(names[1:2], half=True) == ["model.safetensors"]


SHARDS = [f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3)]
INDEX = "model.safetensors.index.json"


def test_shards_count_as_one_file():
    names = ["config.json", "pytorch_model.bin", INDEX, *SHARDS, "model.fp16.safetensors"]
    assert weight_files(names) == [*SHARDS, INDEX]
    assert weight_files(names, half=True) == ["model.fp16.safetensors"]
    assert weight_files([INDEX, "pytorch_model.bin"]) == ["pytorch_model.bin"]
    assert weight_files([INDEX]) == []
    assert weight_files(["model.safetensors", *SHARDS, INDEX]) == ["model.safetensors"]


def test_which_shards_are_lost():
    assert lost_shards([*SHARDS, INDEX]) == lost_shards(["model.safetensors"]) == lost_shards([]) == []
    assert lost_shards([SHARDS[1], INDEX]) == [SHARDS[0], SHARDS[2]]
    assert lost_shards(SHARDS) == ["the index of model.safetensors"]


def test_what_a_folder_lacks(folder):
    assert lacking(folder) == []
    shutil.rmtree(folder / "vae")
    (folder / "tokenizer/vocab.json").unlink()
    assert lacking(folder) == ["tokenizer/tokenizer.json", "vae/config.json", "vae/ weights"]
    weights = [f"{part}/ weights (ema)" for part in networks_of(folder)]
    assert [lost for lost in lacking(folder, "ema") if "weights" in lost] == weights
    (folder / "model_index.json").unlink()
    assert lacking(folder) == ["model_index.json"]


def write_index(folder, **parts):
    (folder / "model_index.json").write_text(
        json.dumps(dict(_class_name="AnyPipeline", size=[3, 4], **parts))
    )
    return folder


def test_parts_are_what_the_index_names_and_is_not_null(tmp_path):
    folder = write_index(
        tmp_path,
        transformer=["diffusers", "SD3Transformer2DModel"],
        text_encoder_3=[None, None],
        tokenizer_2=["transformers", "T5TokenizerFast"],
        scheduler=["diffusers", "FlowMatchEulerDiscreteScheduler"],
        processor=["transformers", "Qwen2VLProcessor"],
        safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"],
        feature_extractor=["transformers", "CLIPImageProcessor"],
        requires_safety_checker=True,
    )
    assert list(pipeline_parts(folder)) == ["transformer", "tokenizer_2", "scheduler", "processor"]
    assert pipeline_parts(folder)["scheduler"] == Part("diffusers", "FlowMatchEulerDiscreteScheduler")
    assert networks_of(folder) == ["transformer"]
    small = ["tokenizer_2/tokenizer.json", "scheduler/scheduler_config.json"]
    lost = ["transformer/config.json", "transformer/ weights", *small, "processor/preprocessor_config.json"]
    assert lacking(folder) == lost


def test_a_lost_shard_is_named_and_all_shards_are_wanted(tmp_path):
    folder = write_index(tmp_path, text_encoder=["transformers", "T5EncoderModel"])
    (folder / "text_encoder").mkdir()
    for name in ["config.json", INDEX, *SHARDS[:2]]:
        (folder / "text_encoder" / name).touch()
    assert lacking(folder) == [f"text_encoder/{SHARDS[2]}"]
    names = ["config.json", INDEX, *SHARDS, "model.onnx"]
    wanted = wanted_files([f"text_encoder/{name}" for name in names], pipeline_parts(folder))
    assert wanted == [f"text_encoder/{name}" for name in ["config.json", *SHARDS, INDEX]]


def test_the_first_line_of_an_error():
    assert first_line(OSError("no route\nto the host")) == "no route"
    assert first_line(OSError()) == "OSError"


@pytest.fixture
def hub(tmp_path):
    "A cache with two revisions of a pipeline, of which the newer is incomplete, and of a classifier."
    first, second = "1" * 40, "2" * 40

    def snapshot(name, revision, commit, folder):
        root = tmp_path / "hub" / f"models--org--{name}"
        shutil.copytree(folder, root / "snapshots" / commit)
        (root / "refs").mkdir(exist_ok=True)
        (root / "refs" / revision).write_text(commit)

    torch.manual_seed(0)
    for seed, (commit, revision) in enumerate([(first, "v1"), (second, "main")]):
        snapshot("sd", revision, commit, build_pipeline(tmp_path / f"p{seed}", seed=seed))
        clf = Classifier(small_network(), [revision, "x", "y"])
        snapshot("clf", revision, commit, save_classifier(clf, tmp_path / revision))
    shutil.rmtree(tmp_path / "hub/models--org--sd/snapshots" / second / "vae")
    return tmp_path / "hub"


OFFLINE = """
    import socket

    def no(*args, **options):
        raise AssertionError("asked the network")

    socket.socket.connect = socket.getaddrinfo = no

    from safetensors.torch import load_file
    from spurious_core.models.loading import load_classifier
    from spurious_core.models.pipelines import load_pipeline, load_tiny_decoder

    def failure(load, source):
        try:
            load(source)
        except OSError as error:
            return str(error)

    kept = load_file("p0/unet/diffusion_pytorch_model.safetensors")["conv_in.weight"]
    for revision in ("v1", "1" * 40):
        assert (load_pipeline(f"org/sd@{revision}").unet.conv_in.weight == kept).all()
    incomplete = failure(load_pipeline, "org/sd")
    for part in ("is not whole in the hub cache", "lacks vae/config.json", "HF_HUB_OFFLINE"):
        assert part in incomplete, incomplete
    assert "HF_HUB_OFFLINE" in failure(load_pipeline, "org/none")
    assert "no local file" in failure(load_pipeline, "org/sd@v9")
    assert load_classifier("org/clf@v1").labels[0] == "v1"
    assert load_classifier("org/clf").labels[0] == "main"
    assert load_classifier("org/clf").name == "clf"
    assert failure(load_tiny_decoder, "org/taesd")
    assert failure(load_classifier, "org/none")
"""


@pytest.mark.slow
def test_the_hub_cache_offline_and_pinned(hub, tmp_path):
    "In a process of its own, because the hub's client reads its settings when it is imported."
    offline = dict(HF_HUB_OFFLINE="1", HF_HUB_CACHE=str(hub), HF_HOME=str(tmp_path))
    command = [sys.executable, "-c", textwrap.dedent(OFFLINE)]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | offline, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]


@pytest.fixture
def online(published, tmp_path, monkeypatch):
    "A hub that holds the published folder: what was asked of it, and where it puts files."
    folder, calls, got = published[0], [], tmp_path / "got"

    class Api:
        def list_repo_files(self, name, revision):
            calls.append((name, revision))
            files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
            return [*(file.as_posix() for file in files), "v1-5-pruned.ckpt"]

    def snapshot(name, revision, allow_patterns):
        calls.append((name, revision))
        for file in allow_patterns:
            (got / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / file, got / file)
        return str(got)

    monkeypatch.setattr("huggingface_hub.HfApi", Api)
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    monkeypatch.setattr("huggingface_hub.is_offline_mode", lambda: False)
    return calls, got


def test_only_what_is_needed_is_downloaded_at_the_pinned_revision(online):
    calls, got = online
    pipe = load_pipeline("org/never-cached@abc", dtype=torch.float16)
    assert calls == [("org/never-cached", "abc")] * 3  # the index, the list, and what is needed
    assert pipe.unet.dtype == torch.float16
    files = [path.relative_to(got).as_posix() for path in got.rglob("*") if path.is_file()]
    assert not any("safety" in file or "feature" in file for file in files)
    weights = [file for file in files if file.endswith(".safetensors")]
    assert len(weights) == 3
    assert all(".fp16." in file for file in weights)


def test_a_hub_that_does_not_answer(online, monkeypatch):
    def refuse(*args, **options):
        raise ConnectionError("no route")

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    text = "org/other is no local file or folder, and the hub did not give it .ConnectionError: no route"
    with pytest.raises(FileNotFoundError, match=text):
        load_pipeline("org/other")
