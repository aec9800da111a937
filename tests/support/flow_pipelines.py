"Tiny random pipelines that learn a flow, each complete and saved in its public format."

import warnings
from contextlib import contextmanager

import torch
from diffusers import (
    AutoencoderDC,
    AutoencoderKL,
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    SanaPipeline,
    SanaTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from transformers import (
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    Gemma2Config,
    Gemma2Model,
    Qwen3Config,
    Qwen3Model,
    T5Config,
    T5EncoderModel,
)

from support.small_tokenizers import clip_tokenizer, gemma_tokenizer, qwen_tokenizer, t5_tokenizer


@contextmanager
def random_weights(seed=0):
    "Within the block, new networks have the weights of a seed."
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(seed)
        yield


def clip_encoder(kind, tokenizer, width=8):
    "A text encoder of CLIP that knows which token is the last, whose vector stands for the whole prompt."
    return kind(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            projection_dim=width,
            intermediate_size=2 * width,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=tokenizer.model_max_length,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def t5_encoder(tokenizer, width):
    return T5EncoderModel(
        T5Config(
            vocab_size=len(tokenizer),
            d_model=width,
            d_kv=4,
            d_ff=2 * width,
            num_layers=1,
            num_heads=2,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def autoencoder(kind=AutoencoderKL, side=16, channels=4, **options):
    "Half as many latents as pixels a side."
    return kind(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(4, 8),
        norm_num_groups=4,
        latent_channels=channels,
        sample_size=side,
        mid_block_add_attention=False,
        **options,
    )


def shifted_autoencoder(side=16):
    return autoencoder(side=side, scaling_factor=1.5305, shift_factor=0.0609)


def stable_diffusion_3(folder, with_t5=False):
    "16 x 16 pixels, latents 4 x 8 x 8; as version 3.5 where it has a T5."
    with random_weights():
        tokenizer, width = clip_tokenizer(), 16
        encoders = [clip_encoder(CLIPTextModelWithProjection, tokenizer) for _ in range(2)]
        newer = dict(qk_norm="rms_norm", dual_attention_layers=(0,)) if with_t5 else {}
        transformer = SD3Transformer2DModel(
            sample_size=8,
            in_channels=4,
            out_channels=4,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=width,
            caption_projection_dim=16,
            pooled_projection_dim=16,
            pos_embed_max_size=8,
            **newer,
        )
        t5 = t5_tokenizer() if with_t5 else None
        StableDiffusion3Pipeline(
            transformer=transformer,
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
            vae=shifted_autoencoder(),
            text_encoder=encoders[0],
            text_encoder_2=encoders[1],
            text_encoder_3=t5_encoder(t5, width) if with_t5 else None,
            tokenizer=tokenizer,
            tokenizer_2=tokenizer,
            tokenizer_3=t5,
        ).save_pretrained(folder)
    return folder


def stable_diffusion_35(folder):
    return stable_diffusion_3(folder, with_t5=True)


def gemma(tokenizer, width):
    return Gemma2Model(
        Gemma2Config(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=4,
            query_pre_attn_scalar=4,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def deep_autoencoder():
    return AutoencoderDC(
        latent_channels=4,
        attention_head_dim=8,
        encoder_block_types=("ResBlock", "EfficientViTBlock"),
        decoder_block_types=("ResBlock", "EfficientViTBlock"),
        encoder_block_out_channels=(8, 8),
        decoder_block_out_channels=(8, 8),
        encoder_layers_per_block=(1, 1),
        decoder_layers_per_block=(1, 1),
        encoder_qkv_multiscales=((), ()),
        decoder_qkv_multiscales=((), ()),
        scaling_factor=0.41407,
    )


def sana(folder):
    "32 x 32 pixels, latents 4 x 16 x 16."
    with random_weights():
        tokenizer = gemma_tokenizer()
        transformer = SanaTransformer2DModel(
            sample_size=16,
            in_channels=4,
            out_channels=4,
            num_layers=1,
            num_attention_heads=1,
            attention_head_dim=16,  # in few dimensions nearly all rectified queries may be zero
            num_cross_attention_heads=2,
            cross_attention_head_dim=8,
            cross_attention_dim=16,
            caption_channels=8,
        )
        scheduler = DPMSolverMultistepScheduler(
            use_flow_sigmas=True, prediction_type="flow_prediction", flow_shift=3.0
        )
        SanaPipeline(
            tokenizer, gemma(tokenizer, 8), deep_autoencoder(), transformer, scheduler
        ).save_pretrained(folder)
    return folder


def qwen(kind, tokenizer, width, layers):
    return kind(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=layers,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=4,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


def z_image(folder):
    "16 x 16 pixels, latents 4 x 8 x 8."
    with random_weights():
        tokenizer = qwen_tokenizer()
        transformer = ZImageTransformer2DModel(
            in_channels=4,
            dim=12,
            n_layers=1,
            n_refiner_layers=1,
            n_heads=2,
            n_kv_heads=2,
            cap_feat_dim=8,
            axes_dims=[2, 2, 2],
            axes_lens=[256, 16, 16],  # tokens of the prompt, and patches a side
        )
        scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
        encoder = qwen(Qwen3Model, tokenizer, 8, layers=2)
        ZImagePipeline(scheduler, shifted_autoencoder(), encoder, tokenizer, transformer).save_pretrained(
            folder
        )
    return folder


# as in `support.families`
FLOW_BUILDERS = {
    "sd3": ("sd3", stable_diffusion_3),
    "sd35": ("sd3", stable_diffusion_35),
    "sana": ("sana", sana),
    "z_image": ("z_image", z_image),
}
