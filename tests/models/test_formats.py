"Public checkpoint layouts, made on the spot and loaded by the code that the studies use; and what we write, read by others."

import json
import os
import shutil
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    PNDMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPConfig, CLIPImageProcessor, ResNetConfig, ResNetForImageClassification

from spurious_core.core.images import read_images
from spurious_core.core.settings import Profile
from spurious_core.data.readers_imagenet import spurious_imagenet
from spurious_core.diffusion.generate import (
    EMBEDS,
    LORA,
    _sampler,
    _start,
    export_spurious_imagenet,
    generate,
    plan_prompts,
    sample_images,
    use_adapter,
)
from spurious_core.diffusion.personalize import PersonalizeConfig, personalize
from spurious_core.evaluate.metrics import roc_and_ap
from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.models import pipelines
from spurious_core.models.classifiers import (
    Classifier,
    Preprocess,
    as_pixels,
    convert_robustness,
    load_classifier,
    save_classifier,
)
from spurious_core.models.pipelines import lacking, load_pipeline, load_tiny_decoder
from spurious_core.papers.class_wise import find_target, independent_features, load_kit
from support.pipelines import build_pipeline

PLAN, FAST = plan_prompts(["a photo of a boat", "snow"], 1, seed=1), dict(steps=3)
NETWORKS = ("unet", "vae", "text_encoder")
draw = lambda pipe, plan=PLAN: sample_images(pipe, plan, **FAST)


def close(a, b, by=1):
    return abs(a.astype(int) - b.astype(int)).max() <= by


def apart(a, b):
    return abs(a.astype(int) - b.astype(int)).mean() > 1


def weights(folder, name):
    return next((Path(folder) / name).glob("*.safetensors"))


class Trap:
    "A pickle that creates a file when opened."

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


# ---- a folder as it was published: old names of text encoder and autoencoder attention, slow tokenizer, safety checker, fp16 files


def _published(file, part):
    "Renames the weights of a file as the first releases of diffusers and transformers called them."
    state = load_file(file)
    if part == "text_encoder":
        state = {f"text_model.{k.removeprefix('text_model.')}": v for k, v in state.items()} | {
            "text_model.embeddings.position_ids": torch.arange(24)[None]
        }
    if part == "vae":
        old = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}
        for new, name in old.items():
            state = {k.replace(new, name): v for k, v in state.items()}
        assert any("proj_attn" in k for k in state)
    save_file(state, file, metadata=dict(format="pt"))


def with_attention(pipe):
    "Stable Diffusion's autoencoder has attention in the middle; the fixture's has none."
    pipe.vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(4, 8),
        norm_num_groups=4,
        sample_size=16,
    )
    return pipe


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    "Folder of a published-style pipeline, the pipeline itself, and the other one that its fp16 files hold."
    folder = tmp_path_factory.mktemp("published") / "sd"
    torch.manual_seed(0)
    plain, half = (
        with_attention(
            StableDiffusionPipeline.from_pretrained(build_pipeline(folder.parent / f"{s}", seed=s))
        )
        for s in (0, 1)
    )
    small = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    checker = StableDiffusionSafetyChecker(
        CLIPConfig(
            text_config=small, vision_config=small | dict(image_size=16, patch_size=8), projection_dim=8
        )
    )
    for p in (plain, half):
        p.scheduler = PNDMScheduler(
            beta_schedule="scaled_linear",
            beta_start=0.00085,
            beta_end=0.012,
            skip_prk_steps=True,
            steps_offset=1,
        )
        p.register_modules(safety_checker=checker, feature_extractor=CLIPImageProcessor())
    plain.save_pretrained(folder)
    for n in NETWORKS:
        getattr(half, n).to(torch.float16)
    half.save_pretrained(folder, variant="fp16")
    for n in ("vae", "text_encoder"):
        for f in (folder / n).glob("*.safetensors"):
            _published(f, n)
    (folder / "scheduler/scheduler_config.json").write_text(
        json.dumps(
            dict(
                _class_name="PNDMScheduler",
                _diffusers_version="0.6.0",
                beta_end=0.012,
                beta_schedule="scaled_linear",
                beta_start=0.00085,
                clip_sample=False,
                num_train_timesteps=1000,
                set_alpha_to_one=False,
                skip_prk_steps=True,
                steps_offset=1,
                trained_betas=None,
            )
        )
    )
    for p in (plain, half):
        p.scheduler = PNDMScheduler.from_pretrained(folder, subfolder="scheduler")
    vocab = json.loads((folder / "tokenizer/tokenizer.json").read_text())["model"]
    (folder / "tokenizer/tokenizer.json").unlink()
    (folder / "tokenizer/vocab.json").write_text(json.dumps(vocab["vocab"]))
    (folder / "tokenizer/merges.txt").write_text(
        "#version: 0.2\n" + "\n".join(m if isinstance(m, str) else " ".join(m) for m in vocab["merges"])
    )
    (folder / "tokenizer/special_tokens_map.json").write_text(
        json.dumps(
            dict(
                bos_token="<|startoftext|>",
                eos_token="<|endoftext|>",
                pad_token="<|endoftext|>",
                unk_token="<|endoftext|>",
            )
        )
    )
    (folder / "tokenizer/tokenizer_config.json").write_text(
        json.dumps(
            dict(
                tokenizer_class="CLIPTokenizer",
                model_max_length=24,
                bos_token="<|startoftext|>",
                eos_token="<|endoftext|>",
                pad_token="<|endoftext|>",
            )
        )
    )
    for n in NETWORKS:
        getattr(half, n).to(torch.float32)
    return folder, plain, half


@pytest.fixture
def folder(published, tmp_path):
    return shutil.copytree(published[0], tmp_path / "sd")


def test_published_folder_with_both_variants_and_safety_checker(published):
    folder, plain, half = published
    assert {"safety_checker", "feature_extractor"} <= {p.name for p in folder.iterdir()} and len(
        list((folder / "unet").glob("*.safetensors"))
    ) == 2
    pipe = load_pipeline(folder)
    assert (
        pipe.safety_checker is None
        and pipe.unet.dtype == torch.float32
        and isinstance(pipe.scheduler, PNDMScheduler)
    )
    assert close(draw(pipe), draw(plain)) and apart(draw(plain), draw(half))
    assert close(draw(load_pipeline(folder, variant="fp16")), draw(half), 3)
    bf16 = load_pipeline(folder, dtype=torch.bfloat16)  # half precision takes the fp16 files
    assert {getattr(bf16, n).dtype for n in NETWORKS} == {torch.bfloat16} and torch.equal(
        bf16.unet.conv_in.weight.float(), half.unet.conv_in.weight.bfloat16().float()
    )
    assert bf16.tokenizer("a photo").input_ids == plain.tokenizer("a photo").input_ids


def test_a_folder_with_one_variant_only(published, folder):
    for f in folder.rglob("*.safetensors"):
        if ".fp16." not in f.name:
            f.unlink()
    assert close(draw(load_pipeline(folder)), draw(published[2]), 3) and lacking(folder) == []
    with pytest.raises(FileNotFoundError, match=r"lacks unet/ weights \(ema\)"):
        load_pipeline(folder, variant="ema")


def to_bin(folder):
    "Replaces safetensors files by pickles, as old checkpoints have them."
    for n in NETWORKS:
        file = next(f for f in (folder / n).glob("*.safetensors") if ".fp16." not in f.name)
        torch.save(
            load_file(file),
            folder / n / ("pytorch_model.bin" if n == "text_encoder" else "diffusion_pytorch_model.bin"),
        )
        for f in (folder / n).glob("*.safetensors"):
            f.unlink()
    return folder


def test_bin_folder(published, folder):
    assert close(draw(load_pipeline(to_bin(folder))), draw(published[1]))


@pytest.mark.parametrize("part", NETWORKS)
def test_bin_with_code_is_refused(folder, tmp_path, part):
    file = next((to_bin(folder) / part).glob("*.bin"))
    state = torch.load(file, weights_only=True)
    torch.save(state | dict(extra=Trap(tmp_path / "evil")), file)
    with pytest.raises(ValueError, match=f"{part}/.*holds more than tensors"):
        load_pipeline(folder)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("part", NETWORKS)
def test_a_lost_weight_and_a_cut_file(folder, part):
    file = next(f for f in (folder / part).glob("*.safetensors") if ".fp16." not in f.name)
    state = load_file(file)
    lost = [k for k in state if k.endswith(".weight")][3]
    state.pop(lost)
    save_file(state, file, metadata=dict(format="pt"))
    with pytest.raises(ValueError, match="lacks 1 weights of its network"):
        load_pipeline(folder)
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(ValueError, match=f"{part}/.* is damaged"):
        load_pipeline(folder)
    for f in (folder / part).glob("*.safetensors"):
        f.unlink()
    with pytest.raises(FileNotFoundError, match=f"lacks {part}/ weights"):
        load_pipeline(folder)


def test_weights_of_another_shape(folder):
    UNet2DConditionModel.from_config(
        UNet2DConditionModel.load_config(folder / "unet") | dict(in_channels=9)
    ).save_pretrained(folder / "other")
    shutil.copy(folder / "other/diffusion_pytorch_model.safetensors", folder / "unet")
    with pytest.raises(ValueError, match="does not fit its config"):
        load_pipeline(folder)


# ---- one file, with the original names


def _resnet(k):
    return (
        k.replace("norm1", "in_layers.0")
        .replace("conv1", "in_layers.2")
        .replace("time_emb_proj", "emb_layers.1")
        .replace("norm2", "out_layers.0")
        .replace("conv2", "out_layers.3")
        .replace("conv_shortcut", "skip_connection")
    )


def original_unet(unet):
    "The state dict of a U-Net under the names of the original Stable Diffusion code."
    where, per, blocks = {}, unet.config.layers_per_block, len(unet.config.block_out_channels)
    i = 1
    for b in range(blocks):
        for l in range(per):
            where |= {
                f"down_blocks.{b}.resnets.{l}.": f"input_blocks.{i}.0.",
                f"down_blocks.{b}.attentions.{l}.": f"input_blocks.{i}.1.",
            }
            i += 1
        if b < blocks - 1:
            where[f"down_blocks.{b}.downsamplers.0.conv."] = f"input_blocks.{i}.0.op."
            i += 1
    i = 0
    for b in range(blocks):
        attends = "CrossAttn" in unet.config.up_block_types[b]
        for l in range(per + 1):
            where |= {
                f"up_blocks.{b}.resnets.{l}.": f"output_blocks.{i}.0.",
                f"up_blocks.{b}.attentions.{l}.": f"output_blocks.{i}.1.",
            }
            i += 1
        if b < blocks - 1:
            where[f"up_blocks.{b}.upsamplers.0.conv."] = f"output_blocks.{i - 1}.{1 + attends}.conv."
    where |= {
        "mid_block.resnets.0.": "middle_block.0.",
        "mid_block.attentions.0.": "middle_block.1.",
        "mid_block.resnets.1.": "middle_block.2.",
        "conv_in.": "input_blocks.0.0.",
        "time_embedding.linear_1.": "time_embed.0.",
        "time_embedding.linear_2.": "time_embed.2.",
        "conv_norm_out.": "out.0.",
        "conv_out.": "out.2.",
    }

    def name(k):
        old = next(p for p in where if k.startswith(p))
        rest = k[len(old) :]
        return where[old] + (_resnet(rest) if "resnets" in old else rest)

    return {f"model.diffusion_model.{name(k)}": v for k, v in unet.state_dict().items()}


def original_vae(vae):
    blocks = len(vae.config.block_out_channels)

    def name(k):
        side, _, rest = k.partition(".")
        if side not in ("encoder", "decoder"):
            return k
        p = rest.split(".")
        if p[0] in ("down_blocks", "up_blocks"):
            at = f"down.{p[1]}" if side == "encoder" else f"up.{blocks - 1 - int(p[1])}"
            rest = (
                f"{at}.block.{p[3]}.{'.'.join(p[4:])}"
                if p[2] == "resnets"
                else f"{at}.{p[2].removesuffix('rs').removesuffix('e')}.{'.'.join(p[4:])}".replace(
                    "downsampl.", "downsample."
                ).replace("upsampl.", "upsample.")
            )
        elif p[0] == "mid_block" and p[1] == "resnets":
            rest = f"mid.block_{int(p[2]) + 1}.{'.'.join(p[3:])}"
        elif p[0] == "mid_block":
            for a, b in {
                "group_norm": "norm",
                "to_q": "q",
                "to_k": "k",
                "to_v": "v",
                "to_out.0": "proj_out",
            }.items():
                rest = rest.replace(a, b)
            rest = rest.replace("mid_block.attentions.0", "mid.attn_1")
        return f"{side}.{rest}".replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")

    state = {name(k): v for k, v in vae.state_dict().items()}
    # attention was written as convolutions of one pixel
    return {
        f"first_stage_model.{k}": v[..., None, None]
        if "attn_1" in k and k.endswith("weight") and "norm" not in k
        else v
        for k, v in state.items()
    }


def original_text(text):
    return {
        f"cond_stage_model.transformer.text_model.{k.removeprefix('text_model.')}": v
        for k, v in text.state_dict().items()
    }


def original_open_clip(text):
    "SD 2.x: OpenCLIP's names, with queries, keys and values in one matrix, and one layer more than is used."
    state, out = {k.removeprefix("text_model."): v for k, v in text.state_dict().items()}, {}
    for l in range(text.config.num_hidden_layers):
        a, b = f"encoder.layers.{l}.", f"transformer.resblocks.{l}."
        for w in ("weight", "bias"):
            out[f"{b}attn.in_proj_{w}"] = torch.cat([state[f"{a}self_attn.{k}_proj.{w}"] for k in "qkv"])
            for x, y in {
                "self_attn.out_proj": "attn.out_proj",
                "layer_norm1": "ln_1",
                "layer_norm2": "ln_2",
                "mlp.fc1": "mlp.c_fc",
                "mlp.fc2": "mlp.c_proj",
            }.items():
                out[f"{b}{y}.{w}"] = state[f"{a}{x}.{w}"]
    out |= {
        "token_embedding.weight": state["embeddings.token_embedding.weight"],
        "positional_embedding": state["embeddings.position_embedding.weight"],
        "ln_final.weight": state["final_layer_norm.weight"],
        "ln_final.bias": state["final_layer_norm.bias"],
        "text_projection": torch.eye(text.config.hidden_size),
        "logit_scale": torch.tensor(1.0),
    }
    return {f"cond_stage_model.model.{k}": v for k, v in out.items()}


def original(pipe, text=original_text):
    state = (
        original_unet(pipe.unet)
        | original_vae(pipe.vae)
        | text(pipe.text_encoder)
        | {"betas": torch.linspace(0, 1, 10), "model_ema.decay": torch.tensor(1.0)}
    )
    return {k: v.detach().contiguous() for k, v in state.items()}


def configs_only(folder):
    for f in [*folder.rglob("*.safetensors"), *folder.rglob("*.bin")]:
        f.unlink()
    return folder


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_single_file(published, folder, tmp_path, suffix):
    state, file = original(published[1]), tmp_path / f"v1-5{suffix}"
    save_file(state, file) if suffix == ".safetensors" else torch.save(
        dict(state_dict=state, global_step=7), file
    )
    pipe = load_pipeline(file, config=configs_only(folder))
    assert close(draw(pipe), draw(published[1])) and pipe.safety_checker is None
    folder.rename(tmp_path / "v1-5")  # a folder of the same name is found without being named
    assert load_pipeline(file, dtype=torch.bfloat16).unet.dtype == torch.bfloat16


def test_single_file_that_is_wrong(published, folder, tmp_path, monkeypatch):
    state, file = original(published[1]), tmp_path / "a.ckpt"
    configs_only(folder)
    torch.save(dict(state_dict=state, callback=Trap(tmp_path / "evil")), file)
    with pytest.raises(ValueError, match="holds more than tensors"):
        load_pipeline(file, config=folder)
    assert not (tmp_path / "evil").exists()
    for lost in (
        "model.diffusion_model.out.2.weight",
        "first_stage_model.decoder.conv_out.weight",
        "cond_stage_model.transformer.text_model.final_layer_norm.weight",
    ):
        save_file({k: v for k, v in state.items() if k != lost}, tmp_path / "b.safetensors")
        with pytest.raises(ValueError, match="lacks weights of its networks"):
            load_pipeline(tmp_path / "b.safetensors", config=folder)
    (tmp_path / "b.safetensors").write_bytes((tmp_path / "b.safetensors").read_bytes()[:5000])
    with pytest.raises(ValueError, match="b.safetensors is damaged"):
        load_pipeline(tmp_path / "b.safetensors", config=folder)
    with pytest.raises(FileNotFoundError, match="has no model_index.json"):
        load_pipeline(file, config=tmp_path)


@pytest.fixture
def v_folder(tmp_path):
    "SD 2.x: v-prediction, linear projections in the U-Net's attention."
    folder = build_pipeline(tmp_path / "v", prediction="v_prediction")
    torch.manual_seed(3)
    config = UNet2DConditionModel.load_config(folder / "unet") | dict(
        use_linear_projection=True, attention_head_dim=[2, 4]
    )
    UNet2DConditionModel.from_config(config).save_pretrained(folder / "unet")
    with_attention(StableDiffusionPipeline.from_pretrained(folder)).vae.save_pretrained(folder / "vae")
    return folder


def test_sd2_v_prediction(v_folder, tmp_path):
    plain = StableDiffusionPipeline.from_pretrained(v_folder)
    pipe = load_pipeline(v_folder)
    ours = draw(pipe)
    plain.scheduler = _sampler(plain)
    plain.set_progress_bar_config(disable=True)
    assert plain.scheduler.config.prediction_type == "v_prediction"
    theirs = [
        np.asarray(
            plain(
                r.prompt,
                num_inference_steps=3,
                guidance_scale=3.0,
                generator=torch.Generator().manual_seed(int(r.seed)),
            ).images[0]
        )
        for r in PLAN.itertuples()
    ]
    assert close(ours, np.stack(theirs))
    pipe.scheduler.register_to_config(prediction_type="epsilon")
    assert apart(draw(pipe), ours)
    save_file(original(plain, original_open_clip), tmp_path / "768-v-ema.safetensors")
    assert close(draw(load_pipeline(tmp_path / "768-v-ema.safetensors", config=configs_only(v_folder))), ours)


# ---- other tasks


def saved_as(cls, folder, unet_in):
    "A pipeline whose index names another class, and whose autoencoder's posterior is a point, so that sampling it changes nothing."
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(folder, unet_in=unet_in))
    with torch.no_grad():
        pipe.vae.quant_conv.weight[4:] = 0
        pipe.vae.quant_conv.bias[4:] = -30
    cls(**pipe.components, requires_safety_checker=False).save_pretrained(folder)
    return folder


def picture(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)


def test_inpainting_unet_draws_what_diffusers_draws(tmp_path):
    folder = saved_as(StableDiffusionInpaintPipeline, tmp_path / "in", 9)
    pipe, plain = load_pipeline(folder), StableDiffusionInpaintPipeline.from_pretrained(folder)
    assert (
        json.loads((folder / "model_index.json").read_text())["_class_name"]
        == "StableDiffusionInpaintPipeline"
        and pipe.unet.config.in_channels == 9
    )
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 255
    row = dict(prompt="snow", seed=3, init_image=picture(), mask=mask, strength=1.0, source="inpaint")
    ours = draw(pipe, pd.DataFrame([row]).drop(columns="source"))[0]
    plain.scheduler = _sampler(plain)
    plain.set_progress_bar_config(disable=True)
    theirs = plain(
        "snow",
        image=Image.fromarray(picture()),
        mask_image=Image.fromarray(mask),
        latents=_start(pipe, [row], 16)[0],
        height=16,
        width=16,
        num_inference_steps=3,
        guidance_scale=3.0,
        output_type="np",
    ).images[0]
    assert close(ours, (theirs * 255).round().astype(np.uint8))
    with pytest.raises(ValueError, match="takes 9 channels.*give init_image and mask"):
        draw(pipe)


def test_instruct_pix2pix(tmp_path):
    folder = saved_as(StableDiffusionInstructPix2PixPipeline, tmp_path / "ip2p", 8)
    pipe = load_pipeline(folder)
    assert pipe.unet.config.in_channels == 8

    def edit(p):
        p.set_progress_bar_config(disable=True)
        return np.asarray(
            p(
                "make it snow",
                image=Image.fromarray(picture()),
                num_inference_steps=3,
                generator=torch.Generator().manual_seed(0),
            ).images[0]
        )

    ours, theirs = (
        StableDiffusionInstructPix2PixPipeline(**pipe.components, requires_safety_checker=False),
        StableDiffusionInstructPix2PixPipeline.from_pretrained(folder),
    )
    assert close(edit(ours), edit(theirs)) and apart(edit(ours), picture())
    with pytest.raises(
        ValueError, match="takes 8 channels, and rows of text2img have 4: it is made for instructions"
    ):
        draw(pipe)


def test_other_families_are_refused(folder):
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(
        json.dumps(index | dict(_class_name="StableDiffusionXLPipeline"))
    )
    with pytest.raises(ValueError, match="StableDiffusionXLPipeline; supported: StableDiffusionPipeline"):
        load_pipeline(folder)


@pytest.mark.parametrize("safe", [True, False])
def test_taesd(tmp_path, safe):
    torch.manual_seed(0)
    taesd = AutoencoderTiny(
        encoder_block_out_channels=(4, 4, 4),
        decoder_block_out_channels=(4, 4, 4),
        num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1),
    ).eval()
    taesd.save_pretrained(tmp_path, safe_serialization=safe)
    file = next(tmp_path.glob("*.safetensors" if safe else "*.bin"))
    ours = load_tiny_decoder(tmp_path)
    z = torch.randn(1, 4, 4, 4)
    assert (
        torch.equal(ours.decode(z).sample, taesd.decode(z).sample)
        and not any(p.requires_grad for p in ours.parameters())
        and load_tiny_decoder(tmp_path, torch.bfloat16).dtype == torch.bfloat16
    )
    if safe:
        lost = load_file(file)
        lost.pop("decoder.layers.0.weight")
        save_file(lost, file)
    else:
        torch.save(torch.load(file, weights_only=True) | dict(x=Trap(tmp_path / "evil")), file)
    with pytest.raises(ValueError, match="lacks 1 weights" if safe else "holds more than tensors"):
        load_tiny_decoder(tmp_path)
    assert not (tmp_path / "evil").exists()
    with pytest.raises(FileNotFoundError, match="no folder /nowhere/taesd"):
        load_tiny_decoder("/nowhere/taesd")


# ---- adapters of others


def layers(pipe):
    "The layers that public LoRAs change, with kohya's extras: convolutions of one pixel and feed-forward layers."
    ends = dict(
        unet=("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"),
        text_encoder=("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
    )
    return {(p, n): m for p, e in ends.items() for n, m in getattr(pipe, p).named_modules() if n.endswith(e)}


def random_lora(pipe, rank=2):
    g = torch.Generator().manual_seed(5)
    return {
        k: (
            torch.randn(rank, *m.weight.shape[1:], generator=g) * 0.3,
            torch.randn(m.weight.shape[0], rank, *[1] * (m.weight.ndim - 2), generator=g) * 0.3,
        )
        for k, m in layers(pipe).items()
    }


def merged(pipe, lora, scale):
    "A copy of the pipeline with the LoRA multiplied out and added, by hand."
    own = type(pipe)(
        **{k: __import__("copy").deepcopy(v) for k, v in pipe.components.items()},
        requires_safety_checker=False,
    )
    with torch.no_grad():
        for k, m in layers(own).items():
            if k in lora:
                down, up = lora[k]
                m.weight += scale * (up.flatten(1) @ down.flatten(1)).reshape(m.weight.shape)
    return own


def kohya(lora, alpha):
    name = lambda p, n: (
        f"lora_{dict(unet='unet', text_encoder='te_text_model')[p]}_{n.removeprefix('text_model.')}".replace(
            ".", "_"
        )
    )
    return {
        f"{name(*k)}.{what}": v.contiguous()
        for k, (down, up) in lora.items()
        for what, v in (("lora_down.weight", down), ("lora_up.weight", up), ("alpha", torch.tensor(alpha)))
    }


def diffusers_lora(
    lora, wrapped, unet=("lora.down", "lora.up"), text=("lora_linear_layer.down", "lora_linear_layer.up")
):
    inner = lambda p, n: n if p == "unet" else "text_model." * wrapped + n.removeprefix("text_model.")
    return {
        f"{p}.{inner(p, n)}.{w}.weight": v.contiguous()
        for (p, n), pair in lora.items()
        for w, v in zip(unet if p == "unet" else text, pair)
    }


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_kohya_lora(tiny_pipeline, tmp_path, suffix):
    lora, file = random_lora(tiny_pipeline), tmp_path / f"my-style{suffix}"
    state = kohya(lora, alpha=1.0)
    save_file(state, file) if suffix == ".safetensors" else torch.save(state, file)
    base, want = draw(tiny_pipeline), draw(merged(tiny_pipeline, lora, 1 / 2))
    with use_adapter(tiny_pipeline, file) as p:
        assert close(draw(p), want)
    assert (
        apart(base, want)
        and (draw(tiny_pipeline) == base).all()
        and not hasattr(tiny_pipeline.unet, "peft_config")
    )


AB = ("lora_A", "lora_B")


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("names", [{}, dict(unet=AB, text=AB)], ids=["diffusers", "peft"])
def test_diffusers_lora(tiny_pipeline, tmp_path, names, wrapped):
    lora = {k: v for k, v in random_lora(tiny_pipeline).items() if v[0].ndim == 2}
    save_file(diffusers_lora(lora, wrapped, **names), tmp_path / LORA)
    want = draw(merged(tiny_pipeline, lora, 1.0))
    for adapter in (tmp_path, tmp_path / LORA):
        with use_adapter(tiny_pipeline, adapter) as p:
            assert close(draw(p), want)


def test_loras_that_do_not_fit(tiny_pipeline, other_pipeline, tmp_path):
    lora = random_lora(tiny_pipeline)
    file = tmp_path / "x.safetensors"
    for state in (kohya(lora, 1.0), diffusers_lora(lora, True)):
        save_file(state, file)
        with pytest.raises(ValueError, match="does not fit this pipeline"):
            with use_adapter(other_pipeline, file):
                pass
    save_file({"lora_unet_no_such_layer.lora_down.weight": torch.zeros(2, 4)}, file)
    with pytest.raises(ValueError, match="has no layer lora_unet_no_such_layer"):
        with use_adapter(tiny_pipeline, file):
            pass
    torch.save(kohya(lora, 1.0) | dict(x=Trap(tmp_path / "evil")), tmp_path / "x.pt")
    with pytest.raises(ValueError, match="holds more than tensors"):
        with use_adapter(tiny_pipeline, tmp_path / "x.pt"):
            pass
    assert not (tmp_path / "evil").exists() and not hasattr(tiny_pipeline.unet, "peft_config")


WORD = plan_prompts("a photo of <cat>", 2)


@pytest.mark.parametrize("kind", ["diffusers.safetensors", "diffusers.bin", "webui.pt", "webui.safetensors"])
def test_learned_embeddings(tiny_pipeline, tmp_path, kind):
    v = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    state = {
        "diffusers.safetensors": {"<cat>": v},
        "diffusers.bin": {"<cat>": nn.Parameter(v)},
        "webui.safetensors": {"emb_params": v},
        "webui.pt": dict(
            string_to_token={"*": 265},
            string_to_param={"*": nn.Parameter(v)},
            name="<cat>",
            step=500,
            sd_checkpoint="ab12",
            sd_checkpoint_name="v1-5",
        ),
    }[kind]
    file = tmp_path / f"<cat>{Path(kind).suffix}"
    save_file(state, file) if file.suffix == ".safetensors" else torch.save(state, file)
    base = draw(tiny_pipeline, WORD)
    with use_adapter(tiny_pipeline, file) as p:
        ours = draw(p, WORD)
        assert len(p.tokenizer("<cat>").input_ids) == 3
    assert (draw(tiny_pipeline, WORD) == base).all() and apart(ours, base)
    tiny_pipeline.load_textual_inversion({"<cat>": v})
    assert close(ours, draw(tiny_pipeline, WORD))


def test_embeddings_that_are_wrong(tiny_pipeline, tmp_path):
    def use(state, name="e.pt"):
        torch.save(state, tmp_path / name)
        with use_adapter(tiny_pipeline, tmp_path / name):
            pass

    with pytest.raises(ValueError, match="<cat> is 2 x 17, and the text encoder 16 wide"):
        use({"<cat>": torch.zeros(2, 17)})
    with pytest.raises(ValueError, match="neither a LoRA nor learned embeddings: 'epoch' is a int"):
        use(dict(epoch=3))
    # the web interface once pickled a ParameterDict, which runs code when opened
    with pytest.raises(ValueError, match="holds more than tensors"):
        use(dict(string_to_param=nn.ParameterDict({"a": torch.zeros(1, 16)}), name="<cat>"))
    with pytest.raises(FileNotFoundError, match="is no adapter"):
        with use_adapter(tiny_pipeline, tmp_path / "none.pt"):
            pass


# ---- classifiers


class Bottleneck(nn.Module):
    def __init__(self, i, c, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, c, 1, bias=False), nn.BatchNorm2d(c)
        self.conv2, self.bn2 = nn.Conv2d(c, c, 3, stride, 1, bias=False), nn.BatchNorm2d(c)
        self.conv3, self.bn3 = nn.Conv2d(c, 4 * c, 1, bias=False), nn.BatchNorm2d(4 * c)
        if stride > 1 or i != 4 * c:
            self.downsample = nn.Sequential(nn.Conv2d(i, 4 * c, 1, stride, bias=False), nn.BatchNorm2d(4 * c))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet50(nn.Module):
    "The architecture with torchvision's names, as a reference."

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1, i = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), 64
        for s, (n, c) in enumerate(zip((3, 4, 6, 3), (64, 128, 256, 512))):
            blocks = []
            for b in range(n):
                blocks.append(Bottleneck(i, c, 2 if s and b == 0 else 1))
                i = 4 * c
            setattr(self, f"layer{s + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(2048, 1000)

    def features(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for s in range(1, 5):
            x = getattr(self, f"layer{s}")(x)
        return x.mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


@pytest.fixture(scope="module")
def resnet50():
    "Random weights, and statistics of one batch, so that activations have a natural size."
    torch.manual_seed(0)
    net = ResNet50().train()
    with torch.no_grad():
        for m in net.modules():
            if isinstance(m, nn.BatchNorm2d):
                m.momentum = None
        net(torch.rand(4, 3, 64, 64))
    return net.eval().requires_grad_(False)


X = np.random.default_rng(2).integers(0, 256, (6, 64, 64, 3), np.uint8)
PLAIN = Preprocess(None, None, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
normal = lambda x, p=PLAIN: (x - torch.tensor(p.mean)[:, None, None]) / torch.tensor(p.std)[:, None, None]


@pytest.mark.parametrize("suffix, prefix", [(".pth", "module."), (".safetensors", "")])
def test_torchvision_resnet50(resnet50, tmp_path, suffix, prefix):
    state, file = (
        {prefix + k: v for k, v in resnet50.state_dict().items()},
        tmp_path / f"resnet50-0676ba61{suffix}",
    )
    save_file(state, file) if suffix == ".safetensors" else torch.save(state, file)
    clf = load_classifier(file)
    assert len(clf.labels) == 1000 and clf.preprocess == replace(PLAIN, size=256, crop=224)
    clf.preprocess = PLAIN
    torch.testing.assert_close(clf(as_pixels(X)), resnet50(normal(as_pixels(X))), rtol=1e-3, atol=1e-4)


OTHER = Preprocess(
    None, None, (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)
)  # robustness has its own statistics for CIFAR


def robust_checkpoint(net, file, stats=PLAIN):
    "As `robustness` saves: everything under `module.`, the weights twice, and a pickle of dill with things that only dill can pickle."
    dill = pytest.importorskip("dill")
    state = {
        k: v
        for p in ("module.model.", "module.attacker.model.")
        for k, v in ((p + k, v) for k, v in net.state_dict().items())
    }
    for p in ("module.normalizer.", "module.attacker.normalize."):
        state |= {
            f"{p}new_mean": torch.tensor(stats.mean)[:, None, None],
            f"{p}new_std": torch.tensor(stats.std)[:, None, None],
        }
    factor = 0.1
    torch.save(
        dict(
            model=state,
            optimizer=dict(state={}, param_groups=[]),
            schedule=dict(lr_lambdas=[lambda epoch: factor**epoch]),
            epoch=90,
            amp=None,
        ),
        file,
        pickle_module=dill,
    )
    return file


def test_robustness_checkpoint(resnet50, tmp_path, monkeypatch):
    stats = OTHER
    ckpt, out = (
        robust_checkpoint(resnet50, tmp_path / "imagenet_l2_3_0.pt", stats),
        tmp_path / "guide.safetensors",
    )
    with pytest.raises(ValueError, match="allow_pickle=True"):
        convert_robustness(ckpt, out)
    with pytest.raises(ValueError, match="convert_robustness"):
        load_classifier(ckpt)
    with monkeypatch.context() as m:
        m.setitem(sys.modules, "dill", None)
        with pytest.raises(ImportError, match="pip install dill"):
            convert_robustness(ckpt, out, allow_pickle=True)
    assert not out.exists()
    clf = load_classifier(convert_robustness(ckpt, out, allow_pickle=True))
    assert set(load_file(out)) == set(resnet50.state_dict())
    assert (
        clf.preprocess.mean == pytest.approx(stats.mean)
        and clf.preprocess.std == pytest.approx(stats.std)
        and clf.preprocess.crop == 224
    )
    clf.preprocess = replace(clf.preprocess, size=None, crop=None)
    torch.testing.assert_close(clf(as_pixels(X)), resnet50(normal(as_pixels(X), stats)), rtol=1e-3, atol=1e-4)


def test_labels_noted_at_conversion(resnet50, tmp_path):
    ckpt, names = tmp_path / "c.pt", [f"class {i}" for i in range(1000)]
    torch.save(dict(model={f"module.model.{k}": v for k, v in resnet50.state_dict().items()}), ckpt)
    with pytest.raises(ValueError, match="2 labels for 1000 outputs"):
        convert_robustness(ckpt, tmp_path / "bad.safetensors", labels=["a", "b"])
    assert not (tmp_path / "bad.safetensors").exists() and load_classifier(
        convert_robustness(ckpt, tmp_path / "plain.safetensors")
    ).labels[:2] == ["0", "1"]
    clf = load_classifier(convert_robustness(ckpt, tmp_path / "named.safetensors", labels=names))
    assert clf.labels == names and clf.preprocess.mean == PLAIN.mean
    assert (
        load_classifier(tmp_path / "named.safetensors", labels=names[::-1]).labels[0] == "class 999"
    )  # what is asked for comes first


def test_psi_and_alpha_of_a_converted_guide(resnet50, tmp_path):
    k, new = 417, np.random.default_rng(9).integers(0, 256, (3, 64, 64, 3), np.uint8)
    guide = load_classifier(
        convert_robustness(
            robust_checkpoint(resnet50, tmp_path / "c.pt"), tmp_path / "guide.safetensors", allow_pickle=True
        )
    )
    assert guide.preprocess.mean == pytest.approx(PLAIN.mean)
    guide.preprocess = PLAIN
    pca = fit_neural_pca(guide, X, k)
    phi, phi_new = (resnet50.features(normal(as_pixels(x))).double().numpy() for x in (X, new))
    w = resnet50.fc.weight[k].double().numpy()
    mu = (w * phi).mean(0)
    _, s, v = np.linalg.svd(w * phi - mu, full_matrices=False)
    v = v[: len(pca)]
    assert len(pca) == 5 and np.allclose(pca.eigenvalues, s[:5] ** 2 / 5, rtol=1e-3)
    np.testing.assert_allclose(pca.psi(new, guide), w * phi_new, rtol=1e-3, atol=1e-6)
    alpha = (w * phi_new - mu) @ v.T * v.sum(1)
    np.testing.assert_allclose(pca.alpha(new, guide), alpha, rtol=2e-2, atol=1e-3 * abs(alpha).max())


# ---- profiles


def write_profile(folder, **kw):
    "A profile of small checkpoints in public layouts, without world and observers."
    torch.manual_seed(0)
    net = ResNetForImageClassification(
        ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", num_labels=2)
    )
    for n in ("guide", "juror"):
        save_classifier(Classifier(net, ["boat", "cow"], Preprocess((16, 16))), folder / n)
    fields = dict(
        pipeline=str(build_pipeline(folder / "pipe")),
        tiny_decoder="",
        guide=str(folder / "guide"),
        null_guide="",
        jury=(str(folder / "juror"),),
        presence="",
        scene="",
        inpaint="",
        resolution=16,
        sampler_steps=3,
        guidance=3.0,
        world="",
    )
    return Profile("own", **fields | kw)


def test_a_kit_without_world_and_observers(tmp_path):
    kit = load_kit(write_profile(tmp_path, precision="bf16"))
    assert (
        kit.world is kit.tiny is kit.presence is kit.scene is None
        and kit.pipe.unet.dtype == torch.bfloat16
        and kit.guide.dtype == torch.float32
    )
    with pytest.raises(
        ValueError, match="profile 'own' names no world, which this needs; set SPURIOUS_WORLD"
    ):
        find_target(kit, "boat")
    assert independent_features(kit, X).shape == (len(X), 16)  # the juror's
    with pytest.raises(ValueError, match="names no jury"):
        independent_features(replace(kit, profile=replace(kit.profile, jury=())), X)
    with pytest.raises(ValueError, match="profile 'own' names no guide"):
        load_kit(replace(kit.profile, guide=""))
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        load_kit(replace(kit.profile, guide=str(tmp_path / "none.safetensors")))


def test_the_hub_cache_offline_and_pinned(tmp_path):
    "In a process of its own, because the hub's client reads its settings when it is imported."

    def snapshot(repo, ref, sha, folder):
        root = tmp_path / "hub" / f"models--org--{repo}"
        shutil.copytree(folder, root / "snapshots" / sha)
        (root / "refs").mkdir(exist_ok=True)
        (root / "refs" / ref).write_text(sha)

    a, b = "1" * 40, "2" * 40
    for sha, ref, seed in ((a, "v1", 0), (b, "main", 1)):
        snapshot("sd", ref, sha, build_pipeline(tmp_path / f"p{seed}", seed=seed))
    torch.manual_seed(0)
    for sha, ref in ((a, "v1"), (b, "main")):
        save_classifier(
            Classifier(
                ResNetForImageClassification(
                    ResNetConfig(
                        embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", num_labels=2
                    )
                ),
                [ref, "x"],
            ),
            tmp_path / ref,
        )
        snapshot("clf", ref, sha, tmp_path / ref)
    shutil.rmtree(tmp_path / "hub/models--org--sd/snapshots" / b / "vae")
    code = """
        import socket
        def no(*a, **k): raise AssertionError('asked the network')
        socket.socket.connect = socket.getaddrinfo = no
        from spurious_core.models.pipelines import load_pipeline, load_tiny_decoder
        from spurious_core.models.classifiers import load_classifier
        from safetensors.torch import load_file
        def failed(f, *a):
            try: f(*a)
            except OSError as e: return str(e)
        for at in ('v1', '1'*40): assert (load_pipeline(f'org/sd@{at}').unet.conv_in.weight == load_file('p0/unet/diffusion_pytorch_model.safetensors')['conv_in.weight']).all()
        assert 'is not whole in the hub cache' in failed(load_pipeline, 'org/sd') and 'lacks vae/config.json' in failed(load_pipeline, 'org/sd') and 'HF_HUB_OFFLINE' in failed(load_pipeline, 'org/sd')
        assert 'HF_HUB_OFFLINE' in failed(load_pipeline, 'org/none') and 'no local file' in failed(load_pipeline, 'org/sd@v9')
        assert load_classifier('org/clf@v1').labels[0] == 'v1' and load_classifier('org/clf').labels[0] == 'main' and load_classifier('org/clf').name == 'clf'
        assert failed(load_tiny_decoder, 'org/taesd') and failed(load_classifier, 'org/none')
    """
    r = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | dict(HF_HUB_OFFLINE="1", HF_HUB_CACHE=str(tmp_path / "hub"), HF_HOME=str(tmp_path)),
    )
    assert r.returncode == 0, r.stderr[-1500:]


def test_only_what_is_needed_is_downloaded_at_the_pinned_revision(published, tmp_path, monkeypatch):
    folder, calls = published[0], []

    class Api:
        def list_repo_files(self, name, revision):
            calls.append((name, revision))
            return [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] + [
                "v1-5-pruned.ckpt"
            ]

    def snapshot(name, revision, allow_patterns):
        calls.append((name, revision))
        for f in allow_patterns:
            (tmp_path / "got" / f).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / f, tmp_path / "got" / f)
        return str(tmp_path / "got")

    monkeypatch.setattr(pipelines, "HfApi", Api)
    monkeypatch.setattr(pipelines, "snapshot_download", snapshot)
    monkeypatch.setattr(pipelines, "is_offline_mode", lambda: False)
    pipe = load_pipeline("org/never-cached@abc", dtype=torch.float16)
    assert calls == [("org/never-cached", "abc")] * 2 and pipe.unet.dtype == torch.float16
    got = [p.relative_to(tmp_path / "got").as_posix() for p in (tmp_path / "got").rglob("*") if p.is_file()]
    assert (
        not any("safety" in f or "feature" in f for f in got)
        and all(".fp16." in f for f in got if f.endswith(".safetensors"))
        and len([f for f in got if f.endswith(".safetensors")]) == 3
    )

    def refuse(*a, **k):
        raise ConnectionError("no route")

    monkeypatch.setattr(pipelines, "snapshot_download", refuse)
    with pytest.raises(
        FileNotFoundError,
        match="org/other is no local file or folder, and the hub did not give it .ConnectionError: no route",
    ):
        load_pipeline("org/other")


# ---- what we write, read by others


@pytest.mark.parametrize("method", ["lora", "textual_inversion"])
def test_our_adapters_in_plain_diffusers(tiny_folder, tmp_path, method):
    prompt = "a photo of <concept>" if method == "textual_inversion" else "a photo of sks"
    plan = plan_prompts(prompt, 2)
    out = personalize(
        str(tiny_folder),
        np.stack([picture(i) for i in range(3)]),
        PersonalizeConfig(
            prompt,
            method=method,
            rank=2,
            lora_alpha=6.0,
            num_vectors=2,
            train_text_encoder=True,
            lr=0.05,
            steps=4,
            batch_size=2,
        ),
        tmp_path / "a",
        progress=False,
    )

    def plain(adapter):
        pipe = StableDiffusionPipeline.from_pretrained(tiny_folder)
        pipe.scheduler = _sampler(pipe)
        pipe.set_progress_bar_config(disable=True)
        if adapter and method == "lora":
            pipe.load_lora_weights(str(adapter))
        if adapter and method != "lora":
            pipe.load_textual_inversion(str(adapter / EMBEDS))
        return np.stack(
            [
                np.asarray(
                    pipe(
                        r.prompt,
                        num_inference_steps=3,
                        guidance_scale=3.0,
                        generator=torch.Generator().manual_seed(int(r.seed)),
                    ).images[0]
                )
                for r in plan.itertuples()
            ]
        )

    pipe = load_pipeline(tiny_folder)
    base = draw(pipe, plan)
    with use_adapter(pipe, out) as p:
        ours = draw(p, plan)
    assert close(plain(None), base) and close(plain(out), ours) and apart(ours, base)
    if method == "lora":
        assert all(
            k.startswith(("unet.", "text_encoder.text_model.encoder.")) for k in load_file(out / LORA)
        )  # the public name, which older readers need


@pytest.fixture
def image_set(tiny_pipeline, tmp_path):
    return generate(
        tiny_pipeline,
        plan_prompts(["a boat", "a cow"], 3, y=[0, 1], arm="base"),
        tmp_path / "set",
        steps=2,
        progress=False,
    )


def test_a_scorer_of_spurious_imagenet_reads_our_export(image_set, tmp_path):
    "The scorer from the layout's facts: class by the third word of a folder, component by the last; AUC of p_k, averaged over classes."
    root = tmp_path / "dataset/spurious_imagenet/images"
    for y, k, l in ((0, 814, 2), (1, 345, 0)):
        export_spurious_imagenet(image_set[image_set.y == y], root, k, ["speed boat", "ox"][y], l)
    p_k = lambda image, k: float(image[..., k % 3].mean())  # any score of an image for a class will do
    real = {k: [p_k(picture(100 * k + i), k) for i in range(4)] for k in (814, 345)}
    aucs, seen = {}, {}
    for d in os.listdir(root):
        if not os.path.isdir(root / d):
            continue
        k = int(d.split("_")[2])
        spurious = [
            p_k(np.asarray(Image.open(root / d / f).convert("RGB")), k) for f in sorted(os.listdir(root / d))
        ]
        seen[k] = (int(d.split("_")[-1]), len(spurious))
        aucs[k] = np.mean([[(r > s) + 0.5 * (r == s) for s in spurious] for r in real[k]])
    assert seen == {814: (2, 3), 345: (0, 3)}
    ours = spurious_imagenet(tmp_path, size=16)
    m = ours.manifest
    assert (
        ours.labels == ["ox", "speed boat"]
        and sorted(zip(m.class_index, m.component)) == [(345, 0)] * 3 + [(814, 2)] * 3
        and (m.split == "test").all()
    )
    for k in aucs:
        assert roc_and_ap(
            np.array(real[k]), np.array([p_k(x, k) for x in ours.images(m.index[m.class_index == k])])
        )[0] == pytest.approx(aucs[k])
    assert sorted(x.tobytes() for x in ours.images()) == sorted(x.tobytes() for x in read_images(image_set))


def test_datasets_reads_our_image_sets(image_set, tmp_path):
    "In a process of its own: `datasets` reads its settings when it is imported, and must not reach for the network."
    pytest.importorskip("datasets")
    code = """
        import socket, sys, numpy as np
        def no(*a, **k): raise AssertionError('asked the network')
        socket.socket.connect = socket.getaddrinfo = no
        from datasets import load_dataset
        d = load_dataset('imagefolder', data_dir='set', split='train')
        np.savez('got.npz', images=np.stack([np.asarray(i.convert('RGB')) for i in d['image']]), y=d['y'], seed=d['seed'], prompt=d['prompt'])
        assert {'checkpoint', 'adapter', 'arm', 'guidance', 'versions'} <= set(d.column_names), d.column_names
    """
    r = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | dict(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HOME=str(tmp_path / "home")),
    )
    assert r.returncode == 0, r.stderr[-1500:]
    got = np.load(tmp_path / "got.npz")
    order = np.argsort(got["seed"])  # datasets sorts by file name, which is ours too
    assert (got["images"] == read_images(image_set)).all() and len(order) == 6
    for c in ("y", "seed", "prompt"):
        assert (got[c] == image_set[c].to_numpy()).all()
