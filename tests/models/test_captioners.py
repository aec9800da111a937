"Captioners from the public formats: what they say, and what is no captioner."

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoTokenizer,
    BlipForConditionalGeneration,
    GitForCausalLM,
)

from spurious_core.core.settings import load_profile
from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.models.captioners import load_captioner
from spurious_core.models.preprocessing import as_pixels
from support.captioners import PREPROCESS, copy, network

torch.set_num_threads(1)


def test_captions_are_those_of_plain_transformers(saved, pictures):
    kind, folder = saved
    c = load_captioner(folder)
    said = c(pictures)
    net = dict(git=GitForCausalLM, blip=BlipForConditionalGeneration)[kind].from_pretrained(folder).eval()
    tok = AutoTokenizer.from_pretrained(folder)
    x = PREPROCESS[kind](as_pixels(pictures))
    with torch.no_grad():
        ids = net.generate(pixel_values=x, do_sample=False, max_new_tokens=10)
    assert said == [" ".join(t.split()) for t in tok.batch_decode(ids, skip_special_tokens=True)]
    assert len(set(said)) > 1  # they depend on the picture


def test_independent_of_batch_layout_and_repetition(saved, pictures):
    c = load_captioner(saved[1])
    said = c(pictures)
    assert c(pictures, batch=1) == said
    assert c(pictures[::-1].copy(), batch=3) == said[::-1]
    assert c(as_pixels(pictures), batch=2) == said
    assert c(pictures) == said
    assert c(pictures[:0]) == []


def test_a_long_caption_stops_where_the_positions_end(saved, pictures):
    c = load_captioner(saved[1])
    assert c(pictures, max_new_tokens=500) == c(pictures, max_new_tokens=10)  # there are twelve positions
    assert all(len(s.split()) <= 2 for s in c(pictures, max_new_tokens=2))


def test_bad_images_and_arguments(saved, pictures):
    c = load_captioner(saved[1])
    with pytest.raises(ValueError, match=r"expected uint8 \[N, H, W, 3\]"):
        c(pictures.astype(int))
    with pytest.raises(ValueError, match="batch=0"):
        c(pictures, batch=0)


def test_another_kind_is_named(tmp_path):
    p = load_profile()
    with pytest.raises(
        ValueError,
        match="is a ResNetForImageClassification; a captioner is one of GitForCausalLM, Blip",
    ):
        load_captioner(p.guide)
    with pytest.raises(FileNotFoundError, match="it has no config.json"):
        load_captioner(p.pipeline)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        load_captioner(tmp_path / "nowhere")


def test_a_blip_for_questions_is_no_captioner(tmp_path):
    net = network("blip")
    net.config.architectures = ["BlipForQuestionAnswering"]
    net.config.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="is a BlipForQuestionAnswering"):
        load_captioner(tmp_path)


def test_missing_weights_are_no_random_captions(saved, tmp_path):
    folder = copy(saved, tmp_path)
    file = folder / "model.safetensors"
    state = load_file(file)
    gone = next(k for k in state if "patch_embedding.weight" in k)
    del state[gone]
    save_file(state, file, {"format": "pt"})
    with pytest.raises(ValueError, match="has no weights for .*patch_embedding"):
        load_captioner(folder)


def test_weights_of_another_shape_and_damaged_weights(saved, tmp_path):
    folder = copy(saved, tmp_path)
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="is damaged"):
        load_captioner(folder)
    state = load_file(saved[1] / "model.safetensors")
    k = next(k for k in state if "patch_embedding.weight" in k)
    save_file(state | {k: state[k][:, :2].clone()}, file, {"format": "pt"})
    with pytest.raises(ValueError, match="does not fit its own config"):
        load_captioner(folder)
    file.unlink()
    with pytest.raises(ValueError, match="no weights"):
        load_captioner(folder)


@pytest.mark.parametrize(
    "lost, message",
    [("preprocessor_config.json", "no preprocessor_config.json"), ("tokenizer.json", "no tokenizer")],
)
def test_missing_parts(saved, tmp_path, lost, message):
    folder = copy(saved, tmp_path)
    (folder / lost).unlink()
    if lost == "tokenizer.json":
        (folder / "tokenizer_config.json").unlink()
    with pytest.raises(ValueError, match=message):
        load_captioner(folder)


def test_a_hub_id_that_is_not_here(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(FileNotFoundError, match="not in the hub cache"):
        load_captioner("nobody/git-of-nothing@v1")


def test_the_embedded_captioner_is_public_and_good():
    p = load_profile()
    c = load_captioner(p.captioner)
    m = sample(get_world("d3s"), 60, "test", seed=5)
    x = draw(m)
    said = c(x)
    assert np.mean([a == b for a, b in zip(said, m.prompt, strict=True)]) >= 0.9
    assert c(x[:9], batch=1) == said[:9]
    files = {f.name: f.stat().st_size for f in Path(p.captioner).iterdir()}
    assert files["model.safetensors"] <= 1_200_000
    assert {
        "config.json",
        "tokenizer.json",
        "preprocessor_config.json",
        "README.md",
        "training.json",
    } <= set(files)
    assert all(
        v.dtype == torch.float16
        for v in load_file(Path(p.captioner) / "model.safetensors").values()
        if v.is_floating_point()
    )
    net = GitForCausalLM.from_pretrained(p.captioner, dtype=torch.float32)
    tok = AutoTokenizer.from_pretrained(p.captioner)
    ids = net.generate(pixel_values=as_pixels(x[:3]) * 2 - 1, do_sample=False, max_new_tokens=20)
    assert tok.batch_decode(ids, skip_special_tokens=True) == said[:3]


@pytest.mark.parametrize("name", ["imagenet_like", "waterbirds", "celeba", "d3s", "clean"])
def test_true_captions_name_what_the_masks_show(name):
    "The planted prop and the object are in the caption, and the renderer has a mask of each."
    m = sample(get_world(name), 40, "train", object_free=0.2)
    _, objects, props = draw(m, masks=True)
    from spurious_core.models.language.grammar import read_caption

    c = pd.DataFrame([read_caption(p) for p in m.prompt])
    assert c.scene.tolist() == m.scene.tolist()
    for field, masks in (("object", objects), ("prop", props)):
        there = m[field].notna().to_numpy()
        assert (c[field].notna().to_numpy() == there).all()
        assert c[field][there].tolist() == m[field][there].tolist()
        assert ((masks.reshape(len(m), -1).max(1) > 0) == there).all()


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_damaged_file_is_named(saved, tmp_path, name):
    folder = copy(saved, tmp_path)
    (folder / name).write_bytes((folder / name).read_bytes()[:40])
    with pytest.raises(ValueError, match=f"{name} is damaged"):
        load_captioner(folder)
