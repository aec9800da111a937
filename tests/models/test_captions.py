"Captioners in the public formats, faults of checkpoints, and captioning that is interrupted."

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoTokenizer,
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    GitConfig,
    GitForCausalLM,
)

from spurious_core.core.settings import load_profile
from spurious_core.data.grouped import GroupedImages
from spurious_core.data.manifests import draw, sample, write_folder
from spurious_core.data.worlds import get_world
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.models.captions import caption_images, load_captioner
from spurious_core.models.preprocessing import Preprocess, as_pixels, write_preprocess

torch.set_num_threads(1)
SPECIAL, WORDS = (
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    ["a", "photo", "of", "dog", "cat", "on", "grass", "sofa", "##s", "two"],
)
PREPROCESS = dict(
    git=Preprocess(32, 32, bicubic=True),
    blip=Preprocess((32, 32), mean=(0.48, 0.46, 0.41), std=(0.27, 0.26, 0.28), bicubic=True),
)


def network(kind):
    "A random captioner whose words depend on the picture."
    torch.manual_seed(3)
    n = len(SPECIAL + WORDS)
    size = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2)
    ids = dict(bos_token_id=2, eos_token_id=3, pad_token_id=0, vocab_size=n, max_position_embeddings=12)
    if kind == "git":
        net = GitForCausalLM(
            GitConfig(
                vision_config=size | dict(image_size=32, patch_size=8, projection_dim=16), **size, **ids
            )
        )
    else:
        net = BlipForConditionalGeneration(
            BlipConfig(
                text_config=size | ids | dict(sep_token_id=3, encoder_hidden_size=16, projection_dim=16),
                vision_config=size | dict(image_size=32, patch_size=8, projection_dim=16),
                projection_dim=16,
                image_text_hidden_size=16,
            )
        )
    with torch.no_grad():
        for k, p in net.named_parameters():
            if p.ndim > 1 and "position" not in k:
                p.normal_(0, 0.5)
    return net.eval()


@pytest.fixture(scope="module", params=["git", "blip"])
def saved(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "captioner"
    network(request.param).save_pretrained(folder)
    BertTokenizer(vocab={w: i for i, w in enumerate(SPECIAL + WORDS)}).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(write_preprocess(PREPROCESS[request.param])))
    return request.param, folder


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (7, 40, 40, 3), dtype=np.uint8)


def copy(saved, tmp_path):
    return Path(shutil.copytree(saved[1], tmp_path / "copy"))


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
    assert (
        c(pictures, batch=1) == said
        and c(pictures[::-1].copy(), batch=3) == said[::-1]
        and c(as_pixels(pictures), batch=2) == said
        and c(pictures) == said
    )
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
        match="is a ResNetForImageClassification; a captioner is one of GitForCausalLM, BlipForConditionalGeneration",
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


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    folder = tmp_path_factory.mktemp("git")
    network("git").save_pretrained(folder)
    BertTokenizer(vocab={w: i for i, w in enumerate(SPECIAL + WORDS)}).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(write_preprocess(PREPROCESS["git"])))
    return load_captioner(folder)


class Dies:
    "A captioner whose process dies after some batches."

    def __init__(self, inner, after):
        self.inner, self.identity, self.left, self.seen = inner, inner.identity, after, 0

    def __call__(self, images, *a):
        if self.left == 0:
            os._exit(9)
        self.left -= 1
        self.seen += len(images)
        return self.inner(images, *a)


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_killed_and_run_again(git, pictures, tmp_path, killed, ending):
    out, whole = tmp_path / f"captions{ending}", tmp_path / f"whole{ending}"
    assert killed(lambda: caption_images(pictures, Dies(git, 2), out, batch=2)) == 9
    with out.open("a", encoding="utf-8") as f:
        f.write('{"image": 5, "capt' if ending == ".jsonl" else '5,"two')  # as if it had died while writing
    rest = Dies(git, 99)
    t = caption_images(pictures, rest, out, batch=2)
    assert rest.seen == 3 and t.caption.tolist() == git(pictures)
    caption_images(pictures, git, whole, batch=2)
    assert out.read_text() == whole.read_text()


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_captions_with_commas_and_quotes_come_back(pictures, tmp_path, ending):
    class Odd:
        identity = "odd"

        def __call__(self, images, *a):
            return ['a "dog", two cats; a café'] * len(images)

    class Mute:
        identity = "odd"

        def __call__(self, *a):
            raise AssertionError("asked again")

    out = tmp_path / f"c{ending}"
    first = caption_images(pictures, Odd(), out)
    assert (
        caption_images(pictures, Mute(), out).equals(first)
        and first.caption[0] == 'a "dog", two cats; a café'
    )


def test_pictures_are_known_by_their_pixels(git, pictures, tmp_path):
    out = tmp_path / "c.jsonl"
    caption_images(pictures, git, out)
    again = Dies(git, 99)
    t = caption_images(np.concatenate([pictures[::-1], pictures]), again, out)
    assert again.seen == 0 and t.caption.tolist() == git(pictures)[::-1] + git(pictures)
    changed = pictures.copy()
    changed[2] = 255 - changed[2]
    caption_images(changed, again, out)
    assert again.seen == 1


def test_equal_pictures_are_captioned_once(git, pictures):
    c = Dies(git, 99)
    t = caption_images(np.repeat(pictures[:2], 4, 0), c, batch=3)
    assert c.seen == 2 and t.caption.nunique() <= 2 and len(t) == 8


def test_another_captioner_or_another_file_is_refused(git, pictures, tmp_path):
    out = tmp_path / "c.csv"
    caption_images(pictures[:2], git, out)
    other = Dies(git, 9)
    other.identity = "other"
    before = out.read_text()
    with pytest.raises(ValueError, match="captions by another checkpoint"):
        caption_images(pictures, other, out)
    assert out.read_text() == before
    for name, text in (
        ("a.csv", "x,y\n1,2\n"),
        ("a.jsonl", '{"x": 1}\n'),
        ("b.jsonl", "hello\n"),
        ("b.csv", "image,caption,pixels,captioner\n1,2\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError):
            caption_images(pictures, git, tmp_path / name)
        assert (tmp_path / name).read_text() == text
    with pytest.raises(ValueError, match="must end in"):
        caption_images(pictures, git, tmp_path / "c.txt")


def test_tables_of_image_sets_and_lazy_images(git, tmp_path):
    m = sample(get_world("waterbirds"), 6, "train")
    folder = write_folder(m, tmp_path / "set")
    said = git(draw(m))
    t = caption_images(load_image_set(folder), git, batch=4)
    assert t.caption.tolist() == said and t.image[0].endswith("000000.png")
    lazy = GroupedImages(
        m.assign(file=[f"{i:06d}.png" for i in range(6)]),
        ["landbird", "waterbird"],
        ["land", "water"],
        root=folder,
        size=64,
    )
    t = caption_images(lazy, git, batch=4)
    assert t.caption.tolist() == said and t.image[1] == "000001.png"
    with pytest.raises(ValueError, match="needs a column path"):
        caption_images(m, git)


def test_a_missing_picture_loses_nothing(git, tmp_path):
    m = sample(get_world("waterbirds"), 6, "train")
    folder = write_folder(m, tmp_path / "set")
    (folder / "000004.png").unlink()
    out = tmp_path / "c.csv"
    lazy = GroupedImages(
        m.assign(file=[f"{i:06d}.png" for i in range(6)]),
        ["landbird", "waterbird"],
        ["land", "water"],
        root=folder,
        size=64,
    )
    with pytest.raises(FileNotFoundError, match="000004.png"):
        caption_images(lazy, git, out, batch=2)
    assert len(pd.read_csv(out)) == 4


def test_the_embedded_captioner_is_public_and_good():
    p = load_profile()
    c = load_captioner(p.captioner)
    m = sample(get_world("d3s"), 60, "test", seed=5)
    x = draw(m)
    said = c(x)
    assert np.mean([a == b for a, b in zip(said, m.prompt)]) >= 0.9
    assert c(x[:9], batch=1) == said[:9]
    files = {f.name: f.stat().st_size for f in Path(p.captioner).iterdir()}
    assert files["model.safetensors"] <= 1_200_000 and {
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
    from spurious_core.models.language_models import read_caption

    c = pd.DataFrame([read_caption(p) for p in m.prompt])
    assert c.scene.tolist() == m.scene.tolist()
    for field, masks in (("object", objects), ("prop", props)):
        there = m[field].notna().to_numpy()
        assert (c[field].notna().to_numpy() == there).all() and c[field][there].tolist() == m[field][
            there
        ].tolist()
        assert ((masks.reshape(len(m), -1).max(1) > 0) == there).all()
