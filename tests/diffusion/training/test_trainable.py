"What each method trains, and adapters that plain diffusers reads."

from dataclasses import replace

import pytest
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline

from spurious_core.core.seeds import generator
from spurious_core.diffusion.adapters import EMBEDS, use_adapter
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.image_sets import pipeline_hash
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.diffusion.training import trainable
from spurious_core.diffusion.training.trainable import (
    frozen,
    make_trainable,
    recomputed_activations,
    taught_encoders,
    working_copy,
)
from spurious_core.models.pipelines import load_pipeline
from support.flow_parts import autoencoder, deep_autoencoder, normalising_autoencoder
from support.flow_pipelines import stable_diffusion_35
from support.training import RUN, train

WORD = dict(method="textual_inversion", instance_prompt="a photo of <concept>", num_vectors=2)


@pytest.mark.parametrize("method", ["lora", "textual_inversion", "dreambooth"])
def test_plain_diffusers_reads_the_adapter(tiny_folder, tmp_path, method):
    lr = 1e-2 if method == "dreambooth" else 0.05
    learned = WORD if method == "textual_inversion" else dict(method=method)
    config = replace(RUN, train_text_encoder=True, lora_alpha=6.0, lr=lr, **learned)
    plan, shown = plan_prompts(config.instance_prompt, 3), {}

    def validate(pipe, step):
        shown[step] = sample_images(pipe, plan, steps=3).astype(int)
        return step

    out = train(str(tiny_folder), config, tmp_path / "a", validate=validate)
    pipe = StableDiffusionPipeline.from_pretrained(tiny_folder)
    base = sample_images(pipe, plan, steps=3)
    with use_adapter(pipe, out) as adapted:
        assert abs(sample_images(adapted, plan, steps=3) - shown[6]).max() <= 1
    assert (sample_images(pipe, plan, steps=3) == base).all()
    assert abs(shown[6] - base).mean() > 1
    if method == "lora":
        pipe.load_lora_weights(str(out))
    elif method == "textual_inversion":
        pipe.load_textual_inversion(str(out / EMBEDS))
    else:
        pipe = StableDiffusionPipeline.from_pretrained(out)
    assert abs(sample_images(pipe, plan, steps=3) - shown[6]).max() <= 1


def test_lora_of_another_shape(tiny_pipeline, other_pipeline, tmp_path):
    out = train(tiny_pipeline, replace(RUN, train_text_encoder=True), tmp_path / "a")
    plan = plan_prompts("a photo of sks", 3)
    with pytest.raises(ValueError, match="does not fit this pipeline"):
        generate(other_pipeline, plan, tmp_path / "s", adapter=out, progress=False)
    with use_adapter(tiny_pipeline, out), pytest.raises(ValueError, match="has a LoRA loaded"):
        train(tiny_pipeline, RUN, tmp_path / "b")


@pytest.mark.parametrize("method, dtype", [("lora", torch.bfloat16), ("dreambooth", torch.float32)])
def test_a_folder_goes_where_the_machine_can_train(tiny_folder, monkeypatch, method, dtype):
    "A card that is there is used, and nothing is held in more than the recipe's precision without need."
    monkeypatch.setattr(trainable, "pick_device", lambda: torch.device("meta"))
    pipe = working_copy(tiny_folder, replace(RUN, method=method, precision="bf16"))
    assert pipe.unet.dtype == pipe.vae.dtype == dtype
    assert pipe.unet.device.type == "meta"


@pytest.mark.parametrize(
    "settings, parts",
    [
        (dict(), {"unet"}),
        (dict(train_text_encoder=True), {"unet", "text_encoder"}),
        (dict(method="dreambooth"), {"unet"}),
        (dict(method="dreambooth", train_text_encoder=True), {"unet", "text_encoder"}),
        (WORD | dict(train_text_encoder=True), {"<concept>"}),
    ],
)
def test_what_is_trained(tiny_pipeline, settings, parts):
    config = replace(RUN, precision="bf16", **settings)
    before = pipeline_hash(tiny_pipeline)
    pipe = working_copy(tiny_pipeline, config)
    params = make_trainable(pipe, config)
    assert {name.split(".")[0] for name in params} == parts
    assert all(value.requires_grad and value.dtype == torch.float32 for value in params.values())
    networks = [*pipe.unet.parameters(), *pipe.text_encoder.parameters()]
    assert sum(p.requires_grad for p in networks) == (0 if "<concept>" in parts else len(params))
    assert pipeline_hash(tiny_pipeline) == before


def test_a_lora_begins_with_the_seed_and_leaves_the_random_state_alone(tiny_pipeline):
    def started(seed):
        config = replace(RUN, seed=seed)
        params = make_trainable(working_copy(tiny_pipeline, config), config)
        return torch.cat([value.detach().flatten() for value in params.values()])

    state = torch.get_rng_state()
    first = started(1)
    torch.rand(3)
    assert torch.equal(started(1), first)
    assert not torch.equal(started(2), first)
    torch.set_rng_state(state)
    expected = torch.rand(3)
    torch.set_rng_state(state)
    started(1)
    assert torch.equal(torch.rand(3), expected)


def test_a_decoder_is_put_back_as_it_was(tiny_pipeline):
    vae = tiny_pipeline.vae
    vae.decoder.requires_grad_(False)
    needed = [p.requires_grad for p in vae.parameters()]
    with pytest.raises(KeyError), frozen(vae), recomputed_activations(vae, True):
        assert not any(p.requires_grad for p in vae.parameters())
        assert vae.is_gradient_checkpointing
        raise KeyError
    assert [p.requires_grad for p in vae.parameters()] == needed
    assert not vae.is_gradient_checkpointing


def test_a_tiny_decoder_and_one_that_recomputes_already_are_left_alone(tiny_pipeline):
    sizes = dict(encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8))
    tiny = AutoencoderTiny(**sizes, num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1))
    tiny_pipeline.vae.enable_gradient_checkpointing()
    with recomputed_activations(tiny, True), recomputed_activations(tiny_pipeline.vae, True):
        assert not tiny.is_gradient_checkpointing
    assert tiny_pipeline.vae.is_gradient_checkpointing


def kept_for_backward(decoder, latents):
    "The decoder's picture, the gradient of its sum, and how many numbers were kept for it."
    kept, latents = [], latents.clone().requires_grad_(True)

    def keep(tensor):
        kept.append(tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        picture = decoder.decode(latents).sample
    return picture.detach(), torch.autograd.grad(picture.square().sum(), latents)[0], sum(kept)


@pytest.mark.parametrize("make", [deep_autoencoder, normalising_autoencoder, autoencoder])
def test_the_decoder_of_any_family_computes_anew_and_gives_the_same(make):
    decoder = make().requires_grad_(False).eval()
    latents = torch.randn(1, decoder.config.latent_channels, 8, 8, generator=generator(0))
    picture, gradient, kept = kept_for_backward(decoder, latents)
    with recomputed_activations(decoder, True):
        again = kept_for_backward(decoder, latents)
    assert torch.equal(again[0], picture) and torch.allclose(again[1], gradient)
    assert again[2] < 0.7 * kept
    assert kept_for_backward(decoder, latents)[2] == kept  # put back as it was


def test_a_decoder_that_can_compute_nothing_anew_is_an_error():
    with pytest.raises(ValueError, match="gradient_checkpointing=True: a Identity can't"):
        with recomputed_activations(torch.nn.Identity(), True):
            pass
    with recomputed_activations(torch.nn.Identity(), False):
        pass


def parts_of(pipe):
    return {name: part for name, part in pipe.components.items() if isinstance(part, torch.nn.Module)}


@pytest.mark.parametrize(
    "dtype, settings, copied",
    [
        (torch.float32, dict(), set()),
        (torch.float32, dict(precision="bf16"), {"text_encoder", "text_encoder_2", "text_encoder_3"}),
        (torch.float32, dict(train_text_encoder=True), {"text_encoder", "text_encoder_2"}),
        (torch.float32, dict(method="dreambooth"), set()),
        (torch.bfloat16, dict(precision="bf16"), set()),
        (torch.bfloat16, dict(precision="bf16", train_text_encoder=True), {"text_encoder", "text_encoder_2"}),
    ],
)
def test_a_training_shares_what_it_leaves_as_it_is(tmp_path, dtype, settings, copied):
    pipe = load_pipeline(stable_diffusion_35(tmp_path / "p"), dtype=dtype)
    before = {name: parameter.requires_grad for name, parameter in pipe.text_encoder_3.named_parameters()}
    config, digest = replace(RUN, steps=1, **settings), pipeline_hash(pipe)
    learning = parts_of(working_copy(pipe, config))
    assert {name for name, part in parts_of(pipe).items() if learning[name] is not part} == {
        "transformer"
    } | copied
    train(pipe, config, tmp_path / "run")
    assert pipeline_hash(pipe) == digest
    after = {name: parameter.requires_grad for name, parameter in pipe.text_encoder_3.named_parameters()}
    assert after == before
    assert "forward" not in vars(pipe.text_encoder_3)  # accelerate wraps what it prepares


def test_a_word_is_taught_to_copies_of_encoders_and_tokenizers(tiny_pipeline):
    config = replace(RUN, **WORD)
    assert taught_encoders(tiny_pipeline, config) == ["text_encoder"]
    copied = working_copy(tiny_pipeline, config)
    assert copied.tokenizer is not tiny_pipeline.tokenizer
    assert working_copy(tiny_pipeline, RUN).tokenizer is tiny_pipeline.tokenizer
