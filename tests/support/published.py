"Pipelines as they were first published: old names, slow tokenizer, safety checker, fp16 files, pickles."

import json

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from safetensors.torch import load_file, save_file
from transformers import CLIPConfig, CLIPImageProcessor

from support.pipelines import build_pipeline

NETWORKS = ("unet", "vae", "text_encoder")
_SCHEDULER = dict(
    beta_end=0.012, beta_schedule="scaled_linear", beta_start=0.00085, skip_prk_steps=True, steps_offset=1
)
_OLD_ATTENTION = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}
_WORDS = dict.fromkeys(("eos_token", "pad_token", "unk_token"), "<|endoftext|>") | dict(
    bos_token="<|startoftext|>"
)


def with_attention(pipe):
    "Stable Diffusion's autoencoder has attention in the middle; the small pipeline's has none."
    pipe.vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(4, 8),
        norm_num_groups=4,
        sample_size=16,
    )
    return pipe


def safety_checker():
    "A small random one."
    small = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    vision = small | dict(image_size=16, patch_size=8)
    return StableDiffusionSafetyChecker(CLIPConfig(text_config=small, vision_config=vision, projection_dim=8))


def _rename_weights(file, part):
    "Renames the weights of a file as the first releases of diffusers and transformers called them."
    state = load_file(file)
    if part == "text_encoder":
        state = {f"text_model.{key.removeprefix('text_model.')}": value for key, value in state.items()}
        state["text_model.embeddings.position_ids"] = torch.arange(24)[None]
    if part == "vae":
        for new, old in _OLD_ATTENTION.items():
            state = {key.replace(new, old): value for key, value in state.items()}
        assert any("proj_attn" in key for key in state)
    save_file(state, file, metadata=dict(format="pt"))


def _write(path, content):
    path.write_text(json.dumps(content))


def _slow_tokenizer(folder):
    "The tokenizer's old files instead of its new one."
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "tokenizer.json").unlink()
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    _write(folder / "vocab.json", model["vocab"])
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]))
    _write(folder / "special_tokens_map.json", _WORDS)
    config = {key: word for key, word in _WORDS.items() if key != "unk_token"}
    _write(
        folder / "tokenizer_config.json", config | dict(tokenizer_class="CLIPTokenizer", model_max_length=24)
    )


def publish(folder):
    "Writes such a folder; returns the pipeline itself, and the other one that its fp16 files hold."
    torch.manual_seed(0)
    pipes = []
    for seed in (0, 1):
        small = build_pipeline(folder.parent / f"{seed}", seed=seed)
        pipes.append(with_attention(StableDiffusionPipeline.from_pretrained(small)))
    checker = safety_checker()
    for pipe in pipes:
        pipe.scheduler = PNDMScheduler(**_SCHEDULER)
        pipe.register_modules(safety_checker=checker, feature_extractor=CLIPImageProcessor())
    plain, half = pipes
    plain.save_pretrained(folder)
    for name in NETWORKS:
        getattr(half, name).to(torch.float16)
    half.save_pretrained(folder, variant="fp16")
    _make_old(folder)
    for pipe in pipes:
        pipe.scheduler = PNDMScheduler.from_pretrained(folder, subfolder="scheduler")
    for name in NETWORKS:
        getattr(half, name).to(torch.float32)
    return plain, half


def _make_old(folder):
    "Old names of weights, an old scheduler config and the slow tokenizer."
    for part in ("vae", "text_encoder"):
        for file in (folder / part).glob("*.safetensors"):
            _rename_weights(file, part)
    old = dict(_class_name="PNDMScheduler", _diffusers_version="0.6.0", clip_sample=False)
    old |= dict(num_train_timesteps=1000, set_alpha_to_one=False, trained_betas=None)
    _write(folder / "scheduler/scheduler_config.json", old | _SCHEDULER)
    _slow_tokenizer(folder / "tokenizer")


def plain_file(folder, part):
    "The file with the plain weights of a network."
    files = (folder / part).glob("*.safetensors")
    return next(file for file in files if ".fp16." not in file.name)


def to_bin(folder):
    "Replaces safetensors files by pickles, as old checkpoints have them."
    for part in NETWORKS:
        stem = "pytorch_model" if part == "text_encoder" else "diffusion_pytorch_model"
        torch.save(load_file(plain_file(folder, part)), folder / part / f"{stem}.bin")
        for file in (folder / part).glob("*.safetensors"):
            file.unlink()
    return folder


def configs_only(folder):
    "Removes all weights."
    for file in [*folder.rglob("*.safetensors"), *folder.rglob("*.bin")]:
        file.unlink()
    return folder


def change_index(folder, **changes):
    "Writes something else into the index of a pipeline folder."
    index = json.loads((folder / "model_index.json").read_text())
    _write(folder / "model_index.json", index | changes)
    return folder
