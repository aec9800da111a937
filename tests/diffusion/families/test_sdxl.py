"What is Stable Diffusion XL's own; what every family must do is in `test_family`."

from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKL,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLInstructPix2PixPipeline,
    StableDiffusionXLPipeline,
)
from PIL import Image
from safetensors.torch import load_file, save_file

from spurious_core.core.seeds import generator
from spurious_core.diffusion.adapters import EMBEDS, LORA, use_adapter
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import make_sampler, sample_images
from spurious_core.diffusion.starts import start_rows
from spurious_core.diffusion.training.trainable import make_trainable, working_copy
from spurious_core.diffusion.windows import check_new_word
from spurious_core.models.pipelines import load_pipeline
from support.drawing import FAST, close
from support.original_names import original_open_clip, original_text, original_unet, original_vae
from support.published import configs_only
from support.training import RUN, train
from support.unet_families import stable_diffusion_xl

PLAN = plan_prompts(["a photo of a boat", "snow"], 1, seed=1)
PICTURES = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3), np.uint8)
RIGHT = np.zeros((16, 16), np.uint8)
RIGHT[:, 8:] = 255
ENCODERS = ("text_encoder", "text_encoder_2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return stable_diffusion_xl(tmp_path_factory.mktemp("xl") / "p")


@pytest.fixture
def pipe(folder):
    pipe = load_pipeline(folder)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def plain_task(kind, pipe):
    "A plain pipeline of diffusers for a task, with our sampler."
    plain = kind(**pipe.components | dict(scheduler=make_sampler(pipe)))
    plain.set_progress_bar_config(disable=True)
    return plain


# ---- prompts


def test_a_prompt_is_what_both_encoders_say(pipe):
    row = family_of(pipe).conditions(pipe, ["snow"])[0]
    ids = pipe.tokenizer("snow", padding="max_length", return_tensors="pt").input_ids
    first, second = (getattr(pipe, name)(ids, output_hidden_states=True) for name in ENCODERS)
    words = torch.cat([first.hidden_states[-2], second.hidden_states[-2]], -1)[0]
    assert torch.allclose(row["prompt_embeds"], words, atol=1e-6)
    assert torch.allclose(row["pooled_prompt_embeds"], second.text_embeds[0], atol=1e-6)


def test_nothing_is_zeros_where_the_index_says_so(pipe):
    family = family_of(pipe)
    nothing, fog = family.negatives(pipe, ["", "fog"])
    assert not any(value.any() for value in nothing.values())
    for name, value in family.conditions(pipe, ["fog"])[0].items():
        assert torch.allclose(fog[name], value, atol=1e-6)
    pipe.register_to_config(force_zeros_for_empty_prompt=False)
    for name, value in family.negatives(pipe, [""])[0].items():
        assert torch.equal(value, family.conditions(pipe, [""])[0][name])


def test_a_negative_prompt_is_that_of_plain_diffusers(pipe):
    ours = sample_images(pipe, PLAN[:1].assign(negative_prompt="fog"), **FAST)[0]
    assert not close(ours, sample_images(pipe, PLAN[:1], **FAST)[0])
    plain, row = plain_task(StableDiffusionXLPipeline, pipe), PLAN.iloc[0]
    settings = dict(num_inference_steps=3, guidance_scale=3.0, generator=generator(int(row.seed)))
    assert close(ours, plain(row.prompt, negative_prompt="fog", **settings).images[0])


def test_the_network_is_told_how_large_pictures_are(pipe):
    sizes = []
    pipe.unet.add_time_proj.register_forward_pre_hook(lambda _, args: sizes.append(args[0].tolist()))
    family, noisy = family_of(pipe), torch.zeros(2, 4, 8, 4)
    conditions = {name: torch.stack([value] * 2) for name, value in family.conditions(pipe, ["a"])[0].items()}
    with torch.no_grad():
        family.predict(pipe, noisy, torch.tensor([5, 9]), conditions)
    assert sizes == [[16, 8, 0, 0, 16, 8] * 2]


# ---- pictures


def test_a_picture_is_led_on_as_plain_diffusers_does(pipe):
    plan = PLAN[:1].assign(init_image=[PICTURES[0]], strength=0.5)
    ours = sample_images(pipe, plan, steps=6)[0]
    plain, seed = plain_task(StableDiffusionXLImg2ImgPipeline, pipe), int(PLAN.seed[0])
    settings = dict(strength=0.5, num_inference_steps=6, guidance_scale=3.0, generator=generator(seed))
    assert close(ours, plain(PLAN.prompt[0], image=Image.fromarray(PICTURES[0]), **settings).images[0])


def posterior_of_a_point(pipe):
    "An autoencoder whose posterior is a point, so that sampling it changes nothing."
    with torch.no_grad():
        pipe.vae.quant_conv.weight[4:] = 0
        pipe.vae.quant_conv.bias[4:] = -30
    return pipe


@pytest.mark.parametrize("channels", [4, 9])
def test_a_masked_picture_is_drawn_as_plain_diffusers_does(tmp_path, channels):
    kind = StableDiffusionXLInpaintPipeline
    pipe = posterior_of_a_point(load_pipeline(stable_diffusion_xl(tmp_path / "p", channels, kind)))
    assert type(pipe) is kind and family_of(pipe).name == "sdxl"
    plan = PLAN[:1].assign(init_image=[PICTURES[0]], mask=[RIGHT], strength=1.0)
    row = plan.iloc[0].to_dict() | dict(source="inpaint")
    given = dict(image=Image.fromarray(PICTURES[0]), mask_image=Image.fromarray(RIGHT), height=16, width=16)
    settings = dict(num_inference_steps=3, guidance_scale=3.0, strength=1.0, generator=generator(0))
    noise = start_rows(pipe, [row], 16).noise
    theirs = plain_task(kind, pipe)(row["prompt"], latents=noise, **given, **settings).images[0]
    assert close(sample_images(pipe, plan, **FAST)[0], theirs)
    if channels == 9:
        with pytest.raises(ValueError, match="takes 9 channels.*give init_image and mask"):
            sample_images(pipe, PLAN, **FAST)


@pytest.fixture(scope="module")
def instruct(tmp_path_factory):
    kind = StableDiffusionXLInstructPix2PixPipeline
    pipe = load_pipeline(stable_diffusion_xl(tmp_path_factory.mktemp("instructions") / "p", 8, kind))
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.mark.parametrize("scaled", [False, True])
def test_an_instruction_is_followed_as_plain_diffusers_does(instruct, scaled):
    instruct.is_cosxl_edit = scaled
    plan = PLAN.assign(init_image=list(PICTURES), image_guidance=1.5)
    ours = sample_images(instruct, plan, guidance=5.0, **FAST)
    plain = plain_task(StableDiffusionXLInstructPix2PixPipeline, instruct)
    plain.is_cosxl_edit = scaled
    settings = dict(num_inference_steps=3, guidance_scale=5.0, image_guidance_scale=1.5, height=16, width=16)
    for i, row in enumerate(plan.itertuples()):
        given = dict(image=Image.fromarray(PICTURES[i]), generator=generator(row.seed))
        assert close(ours[i], plain(row.prompt, **given, **settings).images[0])
    assert close(ours[1:], sample_images(instruct, plan[1:], guidance=5.0, **FAST))


def test_weak_guidance_of_instructions_is_refused(instruct):
    plan = PLAN.assign(init_image=list(PICTURES), image_guidance=1.5)
    with pytest.raises(ValueError, match="guidance=1.0: sdxl follows instructions above 1 only"):
        sample_images(instruct, plan, guidance=1.0, **FAST)


# ---- the autoencoder


def test_half_precision_is_decoded_in_single_and_nothing_changes(pipe):
    "The weights are rounded to half, and the rest is computed in single precision."
    family, latents = family_of(pipe), torch.randn(2, 4, 8, 8, generator=generator(0))
    pipe.vae.half()
    whole = AutoencoderKL.from_config(pipe.vae.config)
    whole.load_state_dict({name: value.float() for name, value in pipe.vae.state_dict().items()})
    expected = whole.decode(latents / whole.config.scaling_factor).sample / 2 + 0.5
    latents.requires_grad_(True)
    images = family.from_latents(pipe, latents)
    assert torch.allclose(images, expected, atol=1e-6)
    assert torch.autograd.grad(images.sum(), latents)[0].abs().max() > 0
    pixels = torch.rand(2, 3, 16, 16, generator=generator(1)) * 2 - 1
    mean, _ = family.latent_moments(pipe, pixels)
    assert torch.allclose(
        mean, whole.encode(pixels).latent_dist.mean * whole.config.scaling_factor, atol=1e-5
    )
    assert pipe.vae.dtype == torch.float16
    pipe.vae.register_to_config(force_upcast=False)
    assert not torch.allclose(family.from_latents(pipe, latents), expected, atol=1e-6)


def test_latents_scaled_by_channel_are_refused(pipe):
    pipe.vae.register_to_config(latents_mean=[0.0] * 4, latents_std=[1.0] * 4)
    with pytest.raises(ValueError, match="latents_mean is set"):
        sample_images(pipe, PLAN, **FAST)


def test_a_single_file_has_both_encoders(folder, tmp_path):
    plain = StableDiffusionXLPipeline.from_pretrained(folder)
    with torch.no_grad():
        plain.text_encoder_2.text_projection.weight.copy_(torch.eye(8))
    first = original_text(plain.text_encoder)
    state = {k.replace("cond_stage_model", "conditioner.embedders.0"): v for k, v in first.items()}
    second = original_open_clip(plain.text_encoder_2.text_model)
    state |= {k.replace("cond_stage_model", "conditioner.embedders.1"): v for k, v in second.items()}
    state |= original_unet(plain.unet) | original_vae(plain.vae)
    save_file({k: v.detach().contiguous().clone() for k, v in state.items()}, tmp_path / "xl.safetensors")
    plain.save_pretrained(tmp_path / "xl")
    pipe = load_pipeline(tmp_path / "xl.safetensors", config=configs_only(tmp_path / "xl"))
    assert type(pipe) is StableDiffusionXLPipeline
    assert close(sample_images(pipe, PLAN, **FAST), sample_images(plain, PLAN, **FAST))
    state.pop("conditioner.embedders.1.model.ln_final.weight")
    save_file({k: v.detach().contiguous().clone() for k, v in state.items()}, tmp_path / "xl.safetensors")
    with pytest.raises(ValueError, match="lacks weights of its networks"):
        load_pipeline(tmp_path / "xl.safetensors")


# ---- what is learned


def test_a_lora_trains_both_encoders_and_plain_diffusers_reads_it(pipe, folder, tmp_path):
    config = replace(RUN, train_text_encoder=True, lora_alpha=5.0, lr=0.05)
    params = make_trainable(working_copy(pipe, config), config)
    assert {name.split(".")[0] for name in params} == {"unet", *ENCODERS}
    out = train(pipe, config, tmp_path / "a")
    assert {name.split(".")[0] for name in load_file(out / LORA)} == {"unet", *ENCODERS}
    with use_adapter(pipe, out) as adapted:
        ours = sample_images(adapted, PLAN, **FAST)
    assert not close(ours, sample_images(pipe, PLAN, **FAST))
    plain = load_pipeline(folder)
    plain.load_lora_weights(str(out))
    assert close(ours, sample_images(plain, PLAN, **FAST))


WORD = replace(
    RUN,
    method="textual_inversion",
    instance_prompt="a photo of <concept>",
    token="<concept>",
    initializer="photo",
    num_vectors=2,
    lr=0.5,
)


def test_a_word_has_vectors_in_both_encoders(pipe, folder, tmp_path):
    plan, before = plan_prompts(WORD.instance_prompt, 2), sample_images(pipe, PLAN, **FAST)
    out = train(pipe, WORD, tmp_path / "a")
    learned = load_file(out / EMBEDS)
    assert {name: tuple(value.shape) for name, value in learned.items()} == {
        "<concept>.clip_l": (2, 16),
        "<concept>.clip_g": (2, 8),
    }
    with use_adapter(pipe, out) as adapted:
        ours = sample_images(adapted, plan, **FAST)
    assert close(before, sample_images(pipe, PLAN, **FAST)) and "<concept>" not in pipe.tokenizer.get_vocab()
    plain = load_pipeline(folder)
    for end, encoder, tokenizer in (("l", ENCODERS[0], "tokenizer"), ("g", ENCODERS[1], "tokenizer_2")):
        vectors, parts = (
            learned[f"<concept>.clip_{end}"],
            (getattr(plain, encoder), getattr(plain, tokenizer)),
        )
        start = parts[0].get_input_embeddings().weight[parts[1].encode("photo")[1]]
        assert not torch.allclose(vectors[0], start)
        plain.load_textual_inversion(vectors, token="<concept>", text_encoder=parts[0], tokenizer=parts[1])
    assert close(ours, sample_images(plain, plan, **FAST))


def test_public_words_are_called_by_their_file(pipe, tmp_path):
    file = tmp_path / "thing.safetensors"
    rows = dict(
        clip_l=torch.randn(2, 16, generator=generator(0)), clip_g=torch.randn(2, 8, generator=generator(1))
    )
    save_file(rows, file)
    plan = plan_prompts("a photo of thing", 1)
    with use_adapter(pipe, file) as adapted:
        for name, end in (("text_encoder", "clip_l"), ("text_encoder_2", "clip_g")):
            table = getattr(adapted, name).get_input_embeddings().weight
            assert torch.equal(table[-2:], rows[end])
        assert not close(sample_images(adapted, plan, **FAST), sample_images(pipe, plan, **FAST))


@pytest.mark.parametrize(
    "content, why",
    [
        ({"<x>": torch.ones(1, 16)}, "<x> does not end with .clip_l or .clip_g"),
        ({"<x>.clip_l": torch.ones(1, 16)}, "it lacks <x>.clip_g"),
        (
            {"clip_l": torch.ones(1, 8), "clip_g": torch.ones(1, 8)},
            "x.clip_l is 1 x 8, and the text encoder 16",
        ),
    ],
)
def test_words_that_do_not_fit(pipe, tmp_path, content, why):
    save_file(content, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match=f"x.safetensors does not fit this pipeline: {why}"):
        with use_adapter(pipe, tmp_path / "x.safetensors"):
            pass


def test_a_word_must_be_new_and_seen_by_both(pipe):
    check_new_word(pipe, "<x>", 2, ["a photo of <x>"])
    with pytest.raises(ValueError, match="1 of 1 captions lack it"):
        check_new_word(pipe, "<x>", 1, ["a photo"])


# ---- LoRAs of other trainers


def test_blocks_numbered_as_the_original_code_does(pipe, tmp_path):
    "Down and up, with kohya's names, against the same multiplied out by hand."
    layers = {
        "lora_unet_input_blocks_3_1_transformer_blocks_0_attn1_to_q": (
            "unet",
            "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q",
        ),
        "lora_unet_middle_block_1_transformer_blocks_1_attn2_to_k": (
            "unet",
            "mid_block.attentions.0.transformer_blocks.1.attn2.to_k",
        ),
        "lora_unet_output_blocks_0_0_skip_connection": ("unet", "up_blocks.0.resnets.0.conv_shortcut"),
        "lora_unet_input_blocks_2_0_op": ("unet", "down_blocks.0.downsamplers.0.conv"),
        "lora_te1_text_model_encoder_layers_0_self_attn_out_proj": (
            "text_encoder",
            "encoder.layers.0.self_attn.out_proj",
        ),
        "lora_te2_text_model_encoder_layers_1_mlp_fc1": ("text_encoder_2", "encoder.layers.1.mlp.fc1"),
    }
    state, rng = {}, generator(0)
    changed = working_copy(pipe, replace(RUN, train_text_encoder=True))  # encoders of its own
    for name, (part, layer) in layers.items():
        module = find_layer(getattr(changed, part), layer)
        outputs, *inputs = module.weight.shape
        down = torch.randn(2, *inputs, generator=rng) * 0.3
        up = torch.randn(outputs, 2, *[1] * (len(inputs) - 1), generator=rng) * 0.3
        state |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
        state[f"{name}.alpha"] = torch.tensor(1.0)
        with torch.no_grad():
            module.weight += 0.5 * (up.flatten(1) @ down.flatten(1)).reshape(module.weight.shape)
    save_file(state, tmp_path / "style-lora.safetensors")
    with use_adapter(pipe, tmp_path / "style-lora.safetensors") as adapted:
        ours = sample_images(adapted, PLAN, **FAST)
    assert close(ours, sample_images(changed, PLAN, **FAST))
    assert not close(ours, sample_images(pipe, PLAN, **FAST))


def find_layer(network, name):
    "A layer by the end of its name, since newer text encoders have lost the `text_model` around them."
    return next(module for full, module in network.named_modules() if full.endswith(name))


def test_a_lora_of_another_shape_is_refused_by_its_translated_name(pipe, tmp_path):
    name = "lora_unet_input_blocks_3_1_transformer_blocks_0_attn1_to_q"
    file = tmp_path / "x-lora.safetensors"
    save_file(
        {f"{name}.lora_down.weight": torch.ones(2, 7), f"{name}.lora_up.weight": torch.ones(16, 2)}, file
    )
    layer = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"
    with pytest.raises(ValueError, match=f"does not fit this pipeline: {layer} is"):
        with use_adapter(pipe, file):
            pass
