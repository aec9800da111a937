"Tiny random pipelines that learn a flow, each complete and saved in its public format."

from diffusers import (
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    FluxPipeline,
    FluxTransformer2DModel,
    SanaPipeline,
    SanaTransformer2DModel,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from transformers import CLIPTextModel, CLIPTextModelWithProjection, Qwen3ForCausalLM, Qwen3Model

from support.flow_parts import (
    clip_encoder,
    deep_autoencoder,
    gemma,
    normalising_autoencoder,
    qwen,
    random_weights,
    shifted_autoencoder,
    t5_encoder,
)
from support.small_tokenizers import clip_tokenizer, gemma_tokenizer, qwen_tokenizer, t5_tokenizer


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


def flux(folder, is_dev=True):
    "16 x 16 pixels, latents 4 x 8 x 8, packed as 16 x 16; dev is told its guidance, and shifts by size."
    with random_weights():
        clip, t5 = clip_tokenizer(), t5_tokenizer()
        transformer = FluxTransformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=6,
            num_attention_heads=2,
            joint_attention_dim=16,
            pooled_projection_dim=8,
            guidance_embeds=is_dev,
            axes_dims_rope=(2, 2, 2),
        )
        FluxPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(
                shift=3.0 if is_dev else 1.0, use_dynamic_shifting=is_dev
            ),
            vae=shifted_autoencoder(),
            text_encoder=clip_encoder(CLIPTextModel, clip),
            text_encoder_2=t5_encoder(t5, 16),
            tokenizer=clip,
            tokenizer_2=t5,
            transformer=transformer,
        ).save_pretrained(folder)
    return folder


def flux_schnell(folder):
    return flux(folder, is_dev=False)


def flux2_klein(folder, is_distilled=False):
    "16 x 16 pixels, latents 4 x 8 x 8, put together as 16 x 4 x 4; a language model of 27 thin layers."
    with random_weights():
        tokenizer = qwen_tokenizer()
        transformer = Flux2Transformer2DModel(
            in_channels=16,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=3 * 8,
            axes_dims_rope=(2, 2, 2, 2),
            guidance_embeds=False,
        )
        Flux2KleinPipeline(
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
            vae=normalising_autoencoder(),
            text_encoder=qwen(Qwen3ForCausalLM, tokenizer, 8, layers=27),
            tokenizer=tokenizer,
            transformer=transformer,
            is_distilled=is_distilled,
        ).save_pretrained(folder)
    return folder


# as in `support.families`
FLOW_BUILDERS = {
    "sd3": ("sd3", stable_diffusion_3),
    "sd35": ("sd3", stable_diffusion_35),
    "sana": ("sana", sana),
    "z_image": ("z_image", z_image),
    "flux": ("flux", flux),
    "flux2_klein": ("flux2_klein", flux2_klein),
}
