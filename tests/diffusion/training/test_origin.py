"What an adapter's file says of where it is from."

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from spurious_core.core.files import checkpoint_hash
from spurious_core.core.settings import source_commit
from spurious_core.diffusion.image_sets import pipeline_hash
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.origin import add_header, base_of, origin_of
from support.training import train


def header_of(file):
    with safe_open(file, "pt") as opened:
        return opened.metadata()


@pytest.mark.parametrize(
    "recipe, name, others",
    [
        (
            PersonalizeConfig("a photo of sks", rank=3, lora_alpha=6.0, steps=1, seed=7),
            "pytorch_lora_weights.safetensors",
            {"modelspec.architecture": "sd/lora", "ss_network_dim": "3", "ss_network_alpha": "3"},
        ),
        (
            PersonalizeConfig("a <concept>", method="textual_inversion", steps=1, seed=7),
            "learned_embeds.safetensors",
            {"modelspec.architecture": "sd/textual-inversion", "modelspec.title": "a <concept>"},
        ),
    ],
    ids=["lora", "word"],
)
def test_a_trained_file_says_where_it_is_from(recipe, name, others, tiny_pipeline, tmp_path):
    out = train(tiny_pipeline, recipe, tmp_path / "run")
    header = header_of(out / name)
    assert header["base_model_hash"] == pipeline_hash(tiny_pipeline)
    assert header["base_model_class"] == "StableDiffusionPipeline"
    assert header["base_model"] == header["ss_sd_model_name"] == Path(tiny_pipeline.config._name_or_path).name
    assert header.get("commit") == source_commit()["commit"]
    assert json.loads(header["config"])["steps"] == 1
    assert (header["ss_seed"], header["ss_max_train_steps"]) == ("7", "1")
    assert {key: header[key] for key in others} == others


def test_a_folders_place_is_kept_to_oneself(tiny_pipeline):
    tiny_pipeline.register_to_config(_name_or_path="/home/someone/models/mine")
    assert origin_of(tiny_pipeline, PersonalizeConfig())["base_model"] == "mine"
    tiny_pipeline.register_to_config(_name_or_path="someone/model")
    assert origin_of(tiny_pipeline, PersonalizeConfig())["base_model"] == "someone/model"


def test_what_is_not_known_is_left_out(tiny_pipeline, tmp_path):
    assert "base_model_hash" not in origin_of(tiny_pipeline, PersonalizeConfig(), base_of(tmp_path))


def test_matrices_and_the_rest_of_a_header_stay(tmp_path):
    file = tmp_path / "lora.safetensors"
    save_file(dict(down=torch.randn(2, 3)), file, metadata=dict(format="pt"))
    before = load_file(file)["down"]
    add_header(file, dict(origin="here"))
    assert header_of(file) == dict(format="pt", origin="here")
    assert torch.equal(load_file(file)["down"], before)


def test_the_same_training_is_the_same_file(tmp_path):
    "Its hash stands in the rows of what it draws."
    entries, matrices = {str(number): "x" for number in range(9)}, dict(down=torch.randn(2, 3))
    files = [tmp_path / f"{number}.safetensors" for number in range(5)]
    for file in files:
        save_file(matrices, file, metadata=dict(format="pt"))
        add_header(file, entries)
    assert len({checkpoint_hash(file) for file in files}) == 1


def test_a_snapshot_in_the_hubs_cache_is_called_by_id_and_commit(tiny_pipeline, monkeypatch):
    cached = "/home/me/.cache/huggingface/hub/models--some--model-1.5/snapshots/46216598"
    monkeypatch.setitem(tiny_pipeline._internal_dict, "_name_or_path", cached)
    assert origin_of(tiny_pipeline, PersonalizeConfig())["base_model"] == "some/model-1.5@46216598"
