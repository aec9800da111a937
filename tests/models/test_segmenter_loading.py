"Segmenters loaded from checkpoints in the public formats, and how good the embedded one is."

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPSegConfig, CLIPSegForImageSegmentation, CLIPSegProcessor

from spurious_core.app.dry_run.random_segmenters import random_segmenter
from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.core.settings import load_profile
from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.models.masks import found, iou
from spurious_core.models.segmenter_loading import load_segmenter
from spurious_core.models.segmenters import BoxesToMasks

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 24, 32, 3), dtype=np.uint8)
PHRASES = ["a lamp", "boats", "a lamp", "the background of a long phrase", "boats"]


@pytest.fixture(scope="module")
def clipseg(tmp_path_factory, tiny_folder):
    """A random CLIPSeg in a folder like CIDAS/clipseg-rd64-refined.

    Its own working size, complex upsampling, the old name of the processor, a buffer that is no weight."""
    folder = tmp_path_factory.mktemp("clipseg") / "refined"
    vocab = len(json.loads((tiny_folder / "tokenizer/tokenizer.json").read_text())["model"]["vocab"])
    torch.manual_seed(0)
    text = dict(
        vocab_size=vocab,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=24,
        bos_token_id=vocab - 2,
        eos_token_id=vocab - 1,
        pad_token_id=vocab - 1,
    )
    vision = dict(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=32,
        patch_size=16,
    )
    net = CLIPSegForImageSegmentation(
        CLIPSegConfig(
            text_config=text,
            vision_config=vision,
            projection_dim=8,
            extract_layers=[0, 1],
            reduce_dim=8,
            decoder_num_attention_heads=2,
            decoder_intermediate_size=16,
            use_complex_transposed_convolution=True,
        )
    )
    for p in net.parameters():
        p.data += 0.05 * torch.randn_like(p)  # its own initial values answer every phrase alike
    net.save_pretrained(folder)
    shutil.copytree(tiny_folder / "tokenizer", folder, dirs_exist_ok=True)
    save_file(
        load_file(folder / "model.safetensors")
        | {"clip.text_model.embeddings.position_ids": torch.arange(24)[None]},
        folder / "model.safetensors",
        metadata=dict(format="pt"),
    )
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            dict(
                do_normalize=True,
                do_resize=True,
                feature_extractor_type="ViTFeatureExtractor",
                image_mean=[0.485, 0.456, 0.406],
                image_std=[0.229, 0.224, 0.225],
                resample=2,
                size=64,
            )
        )
    )
    return folder, net.eval()


def test_clipseg_is_the_plain_model(clipseg):
    folder, net = clipseg
    s = load_segmenter(folder)
    masks = s(IMAGES, PHRASES)
    assert masks.shape == IMAGES.shape[:3]
    assert masks.dtype == np.float32
    assert 0 <= masks.min() < masks.max() <= 1
    assert masks.std() > 0.01
    x = s.preprocess(torch.from_numpy(IMAGES[1:2]).permute(0, 3, 1, 2) / 255.0)
    assert x.shape == (1, 3, 64, 64)
    with torch.no_grad():
        plain = net(
            input_ids=s.tokenizer("boats", return_tensors="pt").input_ids, pixel_values=x
        ).logits.reshape(1, 1, 64, 64)
    plain = torch.nn.functional.interpolate(plain, (24, 32), mode="bilinear").sigmoid()[0, 0].numpy()
    assert np.allclose(masks[1], plain, atol=1e-4)


def test_a_mask_depends_on_its_picture_and_phrase_alone(clipseg):
    s = load_segmenter(clipseg[0])
    masks = s(IMAGES, PHRASES)
    for batch in (1, 3):
        assert np.allclose(masks, load_segmenter(clipseg[0])(IMAGES, PHRASES, batch=batch), atol=1e-5)
    assert np.allclose(masks[::-1], s(IMAGES[::-1], PHRASES[::-1]), atol=1e-5)
    assert (
        abs(s(IMAGES[:1], "boats") - s(IMAGES[:1], "a lamp")).max() > 1e-3
    )  # and it does depend on the phrase
    assert s(IMAGES[:1], "a very long phrase " * 30).shape == (1, 24, 32)


def test_bad_questions(clipseg):
    s = load_segmenter(clipseg[0])
    with pytest.raises(ValueError, match="2 phrases for 5 images"):
        s(IMAGES, ["a", "b"])
    with pytest.raises(ValueError, match="phrase=' ' must be a text"):
        s(IMAGES, [*PHRASES[:4], " "])
    with pytest.raises(ValueError, match="float"):
        s(IMAGES / 255, PHRASES)
    with pytest.raises(ValueError, match="batch=0"):
        s(IMAGES, PHRASES, batch=0)


def test_bad_sources(clipseg, tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        load_segmenter("/no/such/folder")
    with pytest.raises(ValueError, match="DETECTOR"):
        load_segmenter("a + b + c")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="config.json"):
        load_segmenter(empty)
    cut = shutil.copytree(clipseg[0], tmp_path / "cut")
    w = load_file(cut / "model.safetensors")
    del w["decoder.film_mul.weight"]
    save_file(w, cut / "model.safetensors", metadata=dict(format="pt"))
    with pytest.raises(ValueError, match="lacks 1 weights.*film_mul"):
        load_segmenter(cut)
    with pytest.raises(ValueError, match="is a clipseg, not a grounding-dino"):
        load_segmenter(f"{clipseg[0]} + {clipseg[0]}")
    bare = shutil.copytree(clipseg[0], tmp_path / "bare")
    (bare / "preprocessor_config.json").unlink()
    with pytest.raises(FileNotFoundError, match="preprocessor_config"):
        load_segmenter(bare)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "tokenizer.json"])
@pytest.mark.parametrize("text", ["[1]", "null", "{}"])
def test_a_file_of_json_that_says_something_else_is_named(clipseg, tmp_path, name, text):
    folder = shutil.copytree(clipseg[0], tmp_path / "s")
    (folder / name).write_text(text)
    with pytest.raises(ValueError, match=f"{folder}(/{name} is damaged| )"):
        load_segmenter(folder)


def test_a_segmenter_without_its_tokenizer_is_refused(tmp_path):
    folder = shutil.copytree(load_profile("mini").segmenter, tmp_path / "s")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match="has no tokenizer of its own: 2 words, and the network knows 666"):
        load_segmenter(folder)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    "The name of a random GroundingDINO, which finds six boxes, and a random SAM of 64 pixels."
    tiny = SIZES["tiny"]
    size = replace(tiny, detector=tiny.detector | dict(num_queries=6))
    return random_segmenter(tmp_path_factory.mktemp("pair"), size)


@pytest.fixture(scope="module")
def boxer(pair):
    return load_segmenter(pair)


def test_boxes_become_masks(boxer):
    assert isinstance(boxer, BoxesToMasks)
    masks = boxer(IMAGES, PHRASES)
    assert masks.shape == IMAGES.shape[:3]
    assert masks.dtype == np.float32
    assert 0 <= masks.min() < masks.max() <= 1
    box = boxer.boxes(IMAGES[:1], "A lamp.")[0]
    assert box.ndim == 2
    assert box.shape[1] == 4
    assert len(box)
    # the detector reads lower case with a full stop
    assert torch.equal(box, boxer.boxes(IMAGES[:1], "a lamp")[0])
    assert box.abs().max() > 1
    assert box[:, 2:].max() <= 40  # pixels of the picture
    assert np.allclose(masks[0], boxer.mask_in(IMAGES[0], box), atol=1e-4)
    each = np.stack([boxer.mask_in(IMAGES[0], b[None]) for b in box])
    assert np.allclose(each.max(0), masks[0], atol=1e-3)


def test_masks_of_boxes_do_not_depend_on_the_batch(boxer):
    masks = boxer(IMAGES, PHRASES)
    for batch in (1, 2):
        assert np.allclose(masks, boxer(IMAGES, PHRASES, batch=batch), atol=1e-3)


def test_no_box_is_an_empty_mask(pair, boxer):
    strict = load_segmenter(pair)
    strict.box_threshold = 1.0
    masks = strict(IMAGES, PHRASES)
    assert not masks.any()
    assert not found(masks).any()


def test_half_precision(pair, clipseg):
    assert np.isfinite(load_segmenter(clipseg[0], dtype=torch.bfloat16)(IMAGES, PHRASES)).all()
    assert np.isfinite(load_segmenter(pair, dtype=torch.bfloat16)(IMAGES[:2], PHRASES[:2])).all()


def test_the_embedded_segmenter_on_renders_it_never_saw():
    s = load_segmenter(load_profile("mini").segmenter)
    df = sample(get_world("everything"), 150, "held_out", seed=77, object_free=0.1)
    df = df[df.opacity.ge(0.25)].reset_index(drop=True)
    images, om, pm = draw(df, masks=True)
    om = om / df.opacity.to_numpy()[:, None, None]
    pm = pm * (1 - om)

    def name(field, other):
        return [value if isinstance(value, str) else other for value in df[field]]

    objects, props = s(images, name("object", "boat")), s(images, name("prop", "lamp"))
    there, near = (
        df.object.notna().to_numpy(),
        (df["prop"].notna() & ((pm >= 0.5).mean((1, 2)) > 0.004)).to_numpy(),
    )
    assert iou(objects, om)[there].mean() > 0.8
    assert iou(props, pm)[near].mean() > 0.7
    assert iou(s(images, "the background"), (1 - om) * (1 - pm)).mean() > 0.9
    absent = (
        [("kites" if p != "kite" else "lamps") for p in df["prop"]],
        [("fish" if o != "fish" else "tree") for o in df.object],
    )
    assert np.mean([found(s(images, a)).mean() for a in absent]) < 0.05


def test_the_embedded_segmenter_is_a_plain_clipseg():
    folder = load_profile("mini").segmenter
    im = sample(get_world("everything"), 1, "held_out", seed=5)
    picture = draw(im)
    read, net = (
        CLIPSegProcessor.from_pretrained(folder),
        CLIPSegForImageSegmentation.from_pretrained(folder, dtype=torch.float32),
    )
    x = read(text=["the background"], images=[Image.fromarray(picture[0])], return_tensors="pt")
    with torch.no_grad():
        plain = net(**x).logits.sigmoid().reshape(64, 64).numpy()
    assert np.allclose(plain, load_segmenter(folder)(picture, "the background")[0], atol=1e-3)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_damaged_file_is_named(tmp_path, name):
    folder = shutil.copytree(load_profile("mini").segmenter, tmp_path / "s")
    (folder / name).write_bytes((folder / name).read_bytes()[:40])
    with pytest.raises(ValueError, match=f"{name} is damaged"):
        load_segmenter(str(folder))
