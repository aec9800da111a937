"Tiny random pipelines of the families that noise is taken from in steps: SDXL and PixArt."

import warnings

import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    PixArtSigmaPipeline,
    PixArtTransformer2DModel,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from support.flow_parts import autoencoder, random_weights, t5_encoder
from support.pipelines import build_pipeline
from support.small_tokenizers import t5_tokenizer


def _second_encoder(first):
    "A text encoder beside the first, half as wide, with a projection."
    config = CLIPTextConfig.from_dict(first.to_dict() | dict(hidden_size=8, intermediate_size=16))
    config.projection_dim = 8
    return CLIPTextModelWithProjection(config)


def _unet(unet_in, width, pooled):
    return UNet2DConditionModel(
        sample_size=8,
        in_channels=unet_in,
        out_channels=4,
        block_out_channels=(8, 16),
        layers_per_block=1,
        cross_attention_dim=width,
        attention_head_dim=(2, 4),
        transformer_layers_per_block=(1, 2),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=6 * 4 + pooled,
        norm_num_groups=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )


def stable_diffusion_xl(folder, unet_in=4, kind=StableDiffusionXLPipeline, **options):
    "Saves a random pipeline (16x16 pixels, latents 4x8x8) with two text encoders to `folder`."
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        small = StableDiffusionPipeline.from_pretrained(build_pipeline(folder.parent / f"{folder.name}_1"))
        second = _second_encoder(small.text_encoder.config)
        parts = {name: getattr(small, name) for name in ("vae", "text_encoder", "tokenizer", "scheduler")}
        kind(
            unet=_unet(unet_in, 16 + 8, 8),
            text_encoder_2=second,
            tokenizer_2=small.tokenizer,
            **parts,
            **options,
        ).save_pretrained(folder)
    return folder


def pixart(folder):
    "Saves a random PixArt-Sigma (16x16 pixels, latents 4x8x8) to `folder`; its prompts are read by a T5."
    with random_weights():
        tokenizer, width = t5_tokenizer(300), 16
        transformer = PixArtTransformer2DModel(
            sample_size=8,
            num_layers=2,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=16,
            caption_channels=width,
            interpolation_scale=1,
            use_additional_conditions=False,
        )
        scheduler = DPMSolverMultistepScheduler(beta_start=0.0001, beta_end=0.02)
        PixArtSigmaPipeline(
            tokenizer, t5_encoder(tokenizer, width), autoencoder(), transformer, scheduler
        ).save_pretrained(folder)
    return folder


UNET_BUILDERS = {"sdxl": ("sdxl", stable_diffusion_xl), "pixart": ("pixart", pixart)}
