"Pipelines in every public layout, and its pictures beside those of plain diffusers."

import json
import re
import shutil

import diffusers
import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import (
    AutoencoderTiny,
    PNDMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionInstructPix2PixPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel

from spurious_core.diffusion.sampling import make_sampler
from spurious_core.diffusion.starts import start_rows
from spurious_core.models import pipelines
from spurious_core.models.pipeline_files import Part, lacking
from spurious_core.models.pipelines import (
    find_class,
    left_out,
    load_pipeline,
    load_tiny_decoder,
    pipeline_class,
)
from support.drawn_pictures import STEPS, apart, close, draw, drawn_by_diffusers, picture
from support.flow_pipelines import sana, stable_diffusion_3
from support.original_names import original_open_clip, original_state
from support.pickles import Trap
from support.pipelines import build_pipeline
from support.published import NETWORKS, change_index, configs_only, plain_file, to_bin, with_attention
from support.unet_families import stable_diffusion_xl

# ---- a folder as it was published: old names, slow tokenizer, safety checker, fp16 files


def test_published_folder_with_both_variants_and_safety_checker(published):
    folder, plain, half = published
    assert {"safety_checker", "feature_extractor"} <= {path.name for path in folder.iterdir()}
    assert len(list((folder / "unet").glob("*.safetensors"))) == 2
    pipe = load_pipeline(folder)
    assert pipe.safety_checker is None
    assert pipe.unet.dtype == torch.float32
    assert isinstance(pipe.scheduler, PNDMScheduler)
    assert close(draw(pipe), draw(plain))
    assert apart(draw(plain), draw(half))
    assert close(draw(load_pipeline(folder, variant="fp16")), draw(half), 3)


def test_half_precision_takes_the_fp16_files(published):
    folder, plain, half = published
    pipe = load_pipeline(folder, dtype=torch.bfloat16)
    assert {getattr(pipe, name).dtype for name in NETWORKS} == {torch.bfloat16}
    assert torch.equal(pipe.unet.conv_in.weight, half.unet.conv_in.weight.bfloat16())
    assert pipe.tokenizer("a photo").input_ids == plain.tokenizer("a photo").input_ids


def test_a_folder_with_one_variant_only(published, folder):
    for file in folder.rglob("*.safetensors"):
        if ".fp16." not in file.name:
            file.unlink()
    assert close(draw(load_pipeline(folder)), draw(published[2]), 3)
    assert lacking(folder) == []
    with pytest.raises(FileNotFoundError, match=r"lacks .*unet/ weights \(ema\)"):
        load_pipeline(folder, variant="ema")


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
    file = plain_file(folder, part)
    state = load_file(file)
    state.pop([key for key in state if key.endswith(".weight")][3])
    save_file(state, file, metadata=dict(format="pt"))
    with pytest.raises(ValueError, match="lacks 1 weights of its network"):
        load_pipeline(folder)
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(ValueError, match=f"{part}/.* is damaged"):
        load_pipeline(folder)
    for file in (folder / part).glob("*.safetensors"):
        file.unlink()
    with pytest.raises(FileNotFoundError, match=f"lacks {part}/ weights"):
        load_pipeline(folder)


def test_weights_of_another_shape(folder):
    config = UNet2DConditionModel.load_config(folder / "unet") | dict(in_channels=9)
    other = UNet2DConditionModel.from_config(config)
    other.save_pretrained(folder / "other")
    (folder / "other/diffusion_pytorch_model.safetensors").rename(plain_file(folder, "unet"))
    with pytest.raises(ValueError, match="does not fit its config"):
        load_pipeline(folder)


# ---- what the index says


@pytest.fixture
def two_encoders(tmp_path):
    "As SDXL's: a second tokenizer and encoder, which the pipeline needs not have; no image encoder."
    return stable_diffusion_xl(tmp_path / "xl")


def test_a_pipeline_consists_of_what_its_index_names(two_encoders):
    pipe, plain = load_pipeline(two_encoders), StableDiffusionXLPipeline.from_pretrained(two_encoders)
    assert type(pipe) is StableDiffusionXLPipeline
    assert pipe.image_encoder is None and pipe.feature_extractor is None
    for name in ("unet", "vae", "text_encoder", "text_encoder_2"):
        ours, theirs = getattr(pipe, name).state_dict(), getattr(plain, name).state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_part_that_is_null_is_left_out(two_encoders):
    shutil.rmtree(two_encoders / "text_encoder_2")
    with pytest.raises(FileNotFoundError, match="lacks text_encoder_2/config.json, text_encoder_2/ weights"):
        load_pipeline(two_encoders)
    pipe = load_pipeline(change_index(two_encoders, text_encoder_2=[None, None]))
    assert pipe.text_encoder_2 is None and pipe.text_encoder is not None


def test_a_part_may_be_null_that_diffusers_does_not_call_optional(tmp_path):
    "As Stable Diffusion 3's largest text encoder."
    folder = stable_diffusion_3(tmp_path / "sd3")
    assert lacking(folder) == []
    pipe = load_pipeline(folder)
    assert pipe.text_encoder_3 is None and pipe.tokenizer_3 is None
    assert pipe.text_encoder_2 is not None


# ---- networks in several files


def cut(folder, part, variant=None):
    "Replaces the file of a network by shards; returns them."
    kind = dict(unet=UNet2DConditionModel, text_encoder=CLIPTextModel)[part]
    net = kind.from_pretrained(folder / part)
    for file in (folder / part).glob("*.safetensors"):
        file.unlink()
    net.save_pretrained(folder / part, variant=variant, max_shard_size="50KB" if part == "unet" else "10KB")
    shards = sorted((folder / part).glob("*.safetensors"))
    assert len(shards) > 1
    return shards


@pytest.mark.parametrize("part", ["unet", "text_encoder"])
@pytest.mark.parametrize("variant", [None, "fp16"])
def test_shards_are_read_as_one_file_is(published, folder, part, variant):
    cut(folder, part, variant)
    assert close(draw(load_pipeline(folder)), draw(published[1]))


@pytest.mark.parametrize("part", ["unet", "text_encoder"])
def test_a_shard_that_lacks_a_weight_or_is_cut_or_lost(folder, part):
    shard = cut(folder, part)[1]
    state = load_file(shard)
    state.pop(next(iter(state)))
    save_file(state, shard, metadata=dict(format="pt"))
    with pytest.raises(ValueError, match=f"{part}/.*index.json lacks 1 weights of its network"):
        load_pipeline(folder)
    shard.write_bytes(shard.read_bytes()[:300])
    with pytest.raises(ValueError, match=f"{shard.name} is damaged"):
        load_pipeline(folder)
    shard.unlink()
    with pytest.raises(FileNotFoundError, match=f"lacks {part}/{shard.name}"):
        load_pipeline(folder)


# ---- one file, with the original names


@pytest.mark.parametrize(
    "key, public",
    [
        (
            "conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias",
            "stabilityai/.*-xl-base-1.0",
        ),
        ("model.diffusion_model.out.2.weight", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
    ],
)
def test_without_a_config_the_kind_is_that_of_the_public_pipeline_it_resembles(
    tmp_path, monkeypatch, key, public
):
    def refuse(name, file, local_files_only):
        raise ConnectionError(f"asked for {file} of {name}")

    monkeypatch.setattr(pipelines, "hf_hub_download", refuse)
    save_file({key: torch.zeros(4)}, tmp_path / "some.safetensors")
    with pytest.raises(ValueError, match=f"some.safetensors .*asked for model_index.json of {public}"):
        load_pipeline(tmp_path / "some.safetensors")
    monkeypatch.setattr(pipelines, "is_offline_mode", lambda: True)
    with pytest.raises(
        FileNotFoundError, match="put a pipeline folder named some beside it, or give config="
    ):
        load_pipeline(tmp_path / "some.safetensors")


@pytest.fixture(scope="module")
def single(published):
    "The state dict of a single file, and what its pipeline draws."
    return original_state(published[1]), draw(published[1])


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_single_file(single, folder, tmp_path, suffix):
    state, expected = single
    file = tmp_path / f"v1-5{suffix}"
    if suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save(dict(state_dict=state, global_step=7), file)
    pipe = load_pipeline(file, config=configs_only(folder))
    assert close(draw(pipe), expected)
    assert pipe.safety_checker is None
    folder.rename(tmp_path / "v1-5")  # a folder of the same name is found without being named
    assert load_pipeline(file, dtype=torch.bfloat16).unet.dtype == torch.bfloat16


def test_single_file_with_code(single, folder, tmp_path):
    file = tmp_path / "a.ckpt"
    torch.save(dict(state_dict=single[0], callback=Trap(tmp_path / "evil")), file)
    with pytest.raises(ValueError, match="holds more than tensors"):
        load_pipeline(file, config=configs_only(folder))
    assert not (tmp_path / "evil").exists()
    with pytest.raises(FileNotFoundError, match="has no model_index.json"):
        load_pipeline(file, config=tmp_path)


def test_single_file_that_lacks_weights(single, folder, tmp_path):
    state, file = single[0], tmp_path / "b.safetensors"
    configs_only(folder)
    for lost in (
        "model.diffusion_model.out.2.weight",
        "first_stage_model.decoder.conv_out.weight",
        "cond_stage_model.transformer.text_model.final_layer_norm.weight",
    ):
        save_file({key: value for key, value in state.items() if key != lost}, file)
        with pytest.raises(ValueError, match="lacks weights of its networks"):
            load_pipeline(file, config=folder)
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(ValueError, match="b.safetensors is damaged"):
        load_pipeline(file, config=folder)


@pytest.fixture
def v_folder(tmp_path):
    "SD 2.x: v-prediction, linear projections in the U-Net's attention."
    folder = build_pipeline(tmp_path / "v", prediction="v_prediction")
    torch.manual_seed(3)
    config = UNet2DConditionModel.load_config(folder / "unet")
    config |= dict(use_linear_projection=True, attention_head_dim=[2, 4])
    UNet2DConditionModel.from_config(config).save_pretrained(folder / "unet")
    with_attention(StableDiffusionPipeline.from_pretrained(folder)).vae.save_pretrained(folder / "vae")
    return folder


def test_sd2_v_prediction(v_folder, tmp_path):
    plain = StableDiffusionPipeline.from_pretrained(v_folder)
    pipe = load_pipeline(v_folder)
    ours = draw(pipe)
    assert close(ours, drawn_by_diffusers(plain))
    assert plain.scheduler.config.prediction_type == "v_prediction"
    pipe.scheduler.register_to_config(prediction_type="epsilon")
    assert apart(draw(pipe), ours)
    file = tmp_path / "768-v-ema.safetensors"
    save_file(original_state(plain, original_open_clip), file)
    assert close(draw(load_pipeline(file, config=configs_only(v_folder))), ours)


# ---- other tasks


def saved_as(cls, folder, unet_in):
    """A pipeline whose index names another class.

    Its autoencoder's posterior is a point, so that sampling it changes nothing."""
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(folder, unet_in=unet_in))
    with torch.no_grad():
        pipe.vae.quant_conv.weight[4:] = 0
        pipe.vae.quant_conv.bias[4:] = -30
    cls(**pipe.components, requires_safety_checker=False).save_pretrained(folder)
    return folder


def test_inpainting_unet_draws_what_diffusers_draws(tmp_path):
    folder = saved_as(StableDiffusionInpaintPipeline, tmp_path / "in", 9)
    pipe, plain = load_pipeline(folder), StableDiffusionInpaintPipeline.from_pretrained(folder)
    index = json.loads((folder / "model_index.json").read_text())
    assert index["_class_name"] == "StableDiffusionInpaintPipeline"
    assert pipe.unet.config.in_channels == 9
    mask = np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 255
    row = dict(prompt="snow", seed=3, init_image=picture(), mask=mask, strength=1.0)
    ours = draw(pipe, pd.DataFrame([row]))[0]
    plain.scheduler = make_sampler(plain)
    plain.set_progress_bar_config(disable=True)
    theirs = plain(
        "snow",
        image=Image.fromarray(picture()),
        mask_image=Image.fromarray(mask),
        latents=start_rows(pipe, [row | dict(source="inpaint")], 16)[0],
        height=16,
        width=16,
        num_inference_steps=STEPS,
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

    def edited(pipe):
        pipe.set_progress_bar_config(disable=True)
        options = dict(num_inference_steps=STEPS, generator=torch.Generator().manual_seed(0))
        return np.asarray(pipe("make it snow", image=Image.fromarray(picture()), **options).images[0])

    cls = StableDiffusionInstructPix2PixPipeline
    ours = edited(cls(**pipe.components, requires_safety_checker=False))
    assert close(ours, edited(cls.from_pretrained(folder)))
    assert apart(ours, picture())
    text = "takes 8 channels, and rows of text2img have 4: it is made for instructions"
    with pytest.raises(ValueError, match=text):
        draw(pipe)


# ---- the small decoder


@pytest.fixture
def taesd():
    "A small random one."
    torch.manual_seed(0)
    return AutoencoderTiny(
        encoder_block_out_channels=(4, 4, 4),
        decoder_block_out_channels=(4, 4, 4),
        num_encoder_blocks=(1, 1, 1),
        num_decoder_blocks=(1, 1, 1),
    ).eval()


@pytest.mark.parametrize("safe", [True, False])
def test_taesd(taesd, tmp_path, safe):
    taesd.save_pretrained(tmp_path, safe_serialization=safe)
    ours = load_tiny_decoder(tmp_path)
    z = torch.randn(1, 4, 4, 4)
    assert torch.equal(ours.decode(z).sample, taesd.decode(z).sample)
    assert not any(p.requires_grad for p in ours.parameters())
    assert load_tiny_decoder(tmp_path, torch.bfloat16).dtype == torch.bfloat16


def test_taesd_that_lacks_a_weight(taesd, tmp_path):
    taesd.save_pretrained(tmp_path)
    file = next(tmp_path.glob("*.safetensors"))
    state = load_file(file)
    state.pop("decoder.layers.0.weight")
    save_file(state, file)
    with pytest.raises(ValueError, match="lacks 1 weights"):
        load_tiny_decoder(tmp_path)


def test_taesd_with_code_and_taesd_nowhere(taesd, tmp_path):
    taesd.save_pretrained(tmp_path, safe_serialization=False)
    file = next(tmp_path.glob("*.bin"))
    torch.save(torch.load(file, weights_only=True) | dict(x=Trap(tmp_path / "evil")), file)
    with pytest.raises(ValueError, match="holds more than tensors"):
        load_tiny_decoder(tmp_path)
    assert not (tmp_path / "evil").exists()
    with pytest.raises(FileNotFoundError, match="no folder /nowhere/taesd"):
        load_tiny_decoder("/nowhere/taesd")


@pytest.mark.parametrize(
    "name",
    ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "tokenizer/vocab.json"],
)
def test_a_damaged_config_is_named(tiny_folder, tmp_path, name):
    folder = shutil.copytree(tiny_folder, tmp_path / "p")
    file = folder / name
    if not file.exists():
        file = next(folder.glob("tokenizer/*.json"))
    file.write_text(file.read_text()[:20])
    with pytest.raises(ValueError, match=f"{file.name} is damaged"):
        load_pipeline(folder)


# ---- classes by their names, which are those of diffusers and transformers alone


@pytest.mark.parametrize(
    "name, kind",
    [
        ("StableDiffusionInpaintPipeline", StableDiffusionPipeline),
        ("StableDiffusionInpaintPipelineLegacy", StableDiffusionPipeline),
        ("StableDiffusionImg2ImgPipeline", StableDiffusionPipeline),
        ("StableDiffusionInstructPix2PixPipeline", StableDiffusionPipeline),
        ("StableDiffusionXLPipeline", StableDiffusionXLPipeline),
        ("StableDiffusionXLImg2ImgPipeline", StableDiffusionXLImg2ImgPipeline),
    ],
)
def test_stable_diffusion_for_other_tasks_is_the_plain_one(folder, name, kind):
    assert pipeline_class(change_index(folder, _class_name=name)) is kind


def test_parts_may_be_of_a_pipelines_own_module():
    part = Part("stable_diffusion", "StableDiffusionSafetyChecker")
    assert find_class("it", part, object) is StableDiffusionSafetyChecker


def test_what_a_class_knows_and_a_pipeline_lacks_is_left_out():
    parts = ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet", "scheduler")
    assert left_out(StableDiffusionXLPipeline, parts) == dict(image_encoder=None, feature_extractor=None)
    checker = dict(safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    assert left_out(StableDiffusionPipeline, parts) == dict(image_encoder=None) | checker
    assert "text_encoder_2" in left_out(StableDiffusionXLPipeline, parts[:2])


@pytest.mark.parametrize("kind", ["StableDreamPipeline", "UNet2DConditionModel", ["pipeline", "Own"], None])
def test_a_kind_of_pipeline_that_diffusers_lacks(folder, kind):
    text = re.escape(f"is a {kind} of diffusers, which diffusers {diffusers.__version__}")
    with pytest.raises(ValueError, match=f"{text} .* don't have"):
        load_pipeline(change_index(folder, _class_name=kind))


@pytest.mark.parametrize(
    "name, part",
    [
        ("vae", ["diffusers", "AutoencoderOfTomorrow"]),
        ("vae", ["own_code", "AutoencoderKL"]),
        ("text_encoder", ["transformers", "CLIPTextConfig"]),
        ("scheduler", ["own_code", "OwnScheduler"]),
    ],
)
def test_a_part_that_neither_library_has(folder, name, part):
    with pytest.raises(ValueError, match=f"{name} is a {part[1]} of {part[0]}, which diffusers"):
        load_pipeline(change_index(folder, **{name: part}))


# ---- an index that calls the pipeline another one's


@pytest.mark.parametrize(
    "kind, misfit",
    [
        ("StableDiffusionXLPipeline", "text_encoder_2 is not named; tokenizer_2 is not named"),
        ("StableDiffusionUpscalePipeline", "low_res_scheduler is not named"),
        (
            "FluxPipeline",
            "unet is none of its parts; text_encoder_2 is not named; .*transformer is not named",
        ),
    ],
)
def test_an_index_that_says_another_class_says_what_does_not_fit(folder, kind, misfit):
    said = f"model_index.json says {kind}, which does not fit: {misfit}"
    with pytest.raises(ValueError, match=said):
        load_pipeline(change_index(folder, _class_name=kind))


@pytest.mark.parametrize("value", [3, None, ["diffusers"], dict(a=1), "AutoencoderKL"])
def test_a_part_whose_entry_is_no_pair_is_named(folder, value):
    said = re.escape(f"vae={value!r} is no pair of a library and a class")
    with pytest.raises(ValueError, match=f"which does not fit: {said}"):
        load_pipeline(change_index(folder, vae=value))


def test_parts_that_a_class_does_not_know_and_denoisers_of_another_class(two_encoders, tmp_path):
    with pytest.raises(ValueError, match="fit: text_encoder_2 is none of its parts; tokenizer_2 is none"):
        load_pipeline(change_index(two_encoders, _class_name="StableDiffusionPipeline"))
    sana_as_pixart = change_index(sana(tmp_path / "sana"), _class_name="PixArtSigmaPipeline")
    said = "fit: transformer is a SanaTransformer2DModel, and not a PixArtTransformer2DModel$"
    with pytest.raises(ValueError, match=said):
        load_pipeline(sana_as_pixart)


def test_a_single_file_is_not_read_by_another_class(single, folder, tmp_path):
    config, file = (
        change_index(configs_only(folder), _class_name="FluxPipeline"),
        tmp_path / "v1-5.safetensors",
    )
    save_file(single[0], file)
    with pytest.raises(ValueError, match="says FluxPipeline, which does not fit"):
        load_pipeline(file, config=config)
