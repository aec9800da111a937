"Where a checkpoint is: here, in the cache, to download or missing, and what is known of it."

import shutil

import pytest
import torch
from transformers import ResNetConfig, ResNetForImageClassification

from spurious_core.app.checkpoint_lookup import look_up, look_up_language_model
from spurious_core.core.settings import real_folder
from spurious_core.models.classifier import Classifier
from spurious_core.models.loading import save_classifier
from spurious_core.models.preprocessing import Preprocess
from support.hub_cache import fill_cache
from support.pipelines import build_pipeline

COMMIT = "b" * 40


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def network():
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", num_labels=2)
    return ResNetForImageClassification(config)


def save(network, folder, *dtype):
    return save_classifier(Classifier(network, ["x", "y"], Preprocess()), folder, *dtype)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_weights_are_counted_whatever_their_precision(network, tmp_path, dtype):
    there = sum(values.numel() for values in network.state_dict().values())
    assert look_up(str(save(network, tmp_path / "net", dtype)))["weights"] == there


def test_weights_of_a_pickle_are_guessed_from_its_size(tmp_path):
    torch.save(torch.zeros(1000), tmp_path / "w.pt")
    found = look_up(str(tmp_path / "w.pt"))
    assert 1000 <= found["weights"] < 1500
    assert "pickle" in found["note"]


def test_damaged_and_partial_pipelines(tmp_path):
    folder = build_pipeline(tmp_path / "p")
    assert look_up(str(folder), True)["state"] == "here"
    file = folder / "vae/diffusion_pytorch_model.safetensors"
    file.write_bytes(b"no weights")
    assert look_up(str(folder), True)["note"].startswith("damaged")
    file.unlink()
    found = look_up(str(folder), True)
    assert (found["state"], found["note"]) == ("missing", "the folder lacks vae/ weights")


def test_an_empty_folder_and_no_folder(tmp_path):
    assert look_up(str(tmp_path))["note"] == "the folder lacks config.json, weights"
    assert look_up(str(tmp_path / "none"))["note"] == "no such file or folder"
    lost = real_folder() / "classifiers" / "none"
    assert (
        look_up(str(lost))["note"] == "no such file or folder; SPURIOUS_REAL names the folder of real things"
    )


def test_the_cache_is_known_by_its_revision(network, tmp_path):
    fill_cache(tmp_path / "hub", "org/clf", COMMIT, save(network, tmp_path / "net"))
    pinned, newest = look_up(f"org/clf@{COMMIT}"), look_up("org/clf")
    assert pinned["state"] == newest["state"] == "cached"
    assert pinned["note"] == f"commit {COMMIT}"
    assert newest["note"] == f"commit {COMMIT}, not pinned"
    assert look_up("org/clf@other")["state"] == "to download"  # cached at another revision


def test_an_incomplete_cache_is_to_be_completed(tmp_path):
    fill_cache(tmp_path / "hub", "org/sd", COMMIT, build_pipeline(tmp_path / "p"))
    shutil.rmtree(tmp_path / "hub/models--org--sd/snapshots" / COMMIT / "unet")
    found = look_up("org/sd", True)
    assert found["state"] == "to download"
    assert found["note"] == "not pinned, incomplete in the cache"


def test_what_a_download_takes():
    sd15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
    assert look_up(sd15, True, half=True)["bytes"] * 2 == look_up(sd15, True)["bytes"] == 4264 * 10**6
    assert look_up("microsoft/resnet-50", half=True)["bytes"] == 4 * look_up("microsoft/resnet-50")["weights"]
    assert look_up("someone/private")["bytes"] is None


def test_language_models(monkeypatch):
    assert look_up_language_model("grammar")["state"] == "built in"
    assert look_up_language_model("local:org/some")["state"] == "to download"
    assert look_up_language_model("openai:m")["note"] == "set OPENAI_API_KEY or OPENAI_BASE_URL"
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    found = look_up_language_model("openai:m")
    assert (found["state"], found["note"]) == ("server", "captions are sent to OpenAI")
    assert "http://here/v1" in look_up_language_model("openai:m@http://here/v1")["note"]
