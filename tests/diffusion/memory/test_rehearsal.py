"What a rehearsed step holds is what the trainer's own step holds, and what the process takes."

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import SD3Transformer2DModel
from peft import LoraConfig

from spurious_core.core.accelerators import accelerator
from spurious_core.core.settings import load_profile
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.memory.rehearsal import rehearse
from spurious_core.diffusion.memory.shapes import LiveBytes, bytes_of, pipeline_of_shapes
from spurious_core.diffusion.starts import picture_side
from spurious_core.diffusion.training.caches import latent_moments
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.learner import Learner, optimizer_maker
from spurious_core.diffusion.training.savings import has_torchao
from spurious_core.diffusion.training.steps import TrainingPictures, TrainingStep
from spurious_core.diffusion.training.trainable import (
    frozen,
    make_trainable,
    recomputed_activations,
    working_copy,
)
from spurious_core.models.pipelines import load_pipeline
from support import resident_memory
from support.families import BUILDERS
from support.flow_pipelines import stable_diffusion_3

RECIPE = PersonalizeConfig("a photo of sks", rank=2, batch_size=4, image_loss_weight=0.1)


def trained(folder, recipe):
    "Bytes of weights, of the optimiser's moments, and at the peak of the trainer's second step."
    pipe, cpu = working_copy(folder, recipe), accelerator(torch.device("cpu"), recipe.precision)
    family, params = family_of(pipe), make_trainable(pipe, recipe)
    learner = Learner(params, recipe, cpu, optimizer_maker(recipe))
    if recipe.gradient_checkpointing:
        family.denoiser(pipe).enable_gradient_checkpointing()
    cpu.prepare_model(family.denoiser(pipe), evaluation_mode=True)
    side = picture_side(pipe)
    grey = np.full((4, side, side, 3), 128, np.uint8)
    pictures = [TrainingPictures(*latent_moments(pipe, grey), ["a photo of sks"] * 4)]
    anew = recomputed_activations(pipe.vae, recipe.gradient_checkpointing)
    with frozen(pipe.vae), anew:
        step = TrainingStep(
            pipe, recipe, pictures, cpu, learner.trains_text, resident_memory.Mean(), pipe.vae
        )
        for number in range(2):
            with LiveBytes() as live:
                step(number)[0].backward()
            learner.descend()
    moments = [value for state in learner.optimizer.state.values() for value in state.values()]
    wide = [value.nbytes for value in moments if torch.is_tensor(value) and value.numel() > 1]
    resting = list(family.text_parts(pipe).values()) if recipe.offload else []
    there = [network for network in family.networks(pipe) if network not in resting]
    return bytes_of(there), sum(wide), live.peak


IN_EVERY_RUN = "sd", "sd35"  # one that predicts noise and one that flows; the others are slow


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] * (kind not in IN_EVERY_RUN)) for kind in BUILDERS]
)
def test_a_step_of_every_family(kind, tmp_path):
    folder = BUILDERS[kind][1](tmp_path / kind)
    footprint, (weights, moments, step) = rehearse(folder, RECIPE), trained(folder, RECIPE)
    assert (footprint.weights, footprint.moments) == (weights, moments)
    assert footprint.step == pytest.approx(step, rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        dict(gradient_checkpointing=True),
        dict(precision="bf16"),
        dict(offload=True),
        *(
            pytest.param(changes, marks=pytest.mark.skipif(not has_torchao(), reason="torchao rounds"))
            for changes in (dict(eight_bit_base=True), dict(eight_bit_base=True, precision="bf16"))
        ),
        dict(method="dreambooth"),
        dict(train_text_encoder=True),
        dict(image_loss_weight=0.0),
        dict(method="textual_inversion", instance_prompt="a photo of <concept>", num_vectors=2),
    ],
    ids=str,
)
def test_a_step_of_every_recipe(changes):
    folder, recipe = load_profile("mini").pipeline, replace(RECIPE, **changes)
    footprint, (weights, moments, step) = rehearse(folder, recipe), trained(folder, recipe)
    assert (footprint.weights, footprint.moments) == (weights, moments)
    assert footprint.step == pytest.approx(step, rel=0.1)


# the C library gives large blocks back to the system at once, so that the highest size is the highest need
GIVEN_BACK = dict(MALLOC_MMAP_THRESHOLD_="262144", MALLOC_TRIM_THRESHOLD_="262144", MALLOC_TOP_PAD_="0")
PROGRAM = Path(resident_memory.__file__)


def wider_flow(folder):
    "A Stable Diffusion 3 whose transformer keeps some hundred megabytes: 256 tokens, four blocks."
    pipe = load_pipeline(stable_diffusion_3(folder.parent / "narrow"))
    shape = dict(sample_size=32, num_layers=4, attention_head_dim=32, num_attention_heads=4)
    config = pipe.transformer.config | shape | dict(caption_projection_dim=128, pos_embed_max_size=32)
    pipe.register_modules(transformer=SD3Transformer2DModel.from_config(config))
    pipe.save_pretrained(folder)
    return folder


def embedded(folder):
    return load_profile("mini").pipeline


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells a process's highest size")
@pytest.mark.parametrize(
    "build, changes",
    [
        (embedded, dict(batch_size=32)),
        (wider_flow, dict(batch_size=32)),
    ],
)
@pytest.mark.slow
def test_the_peak_of_a_process(build, changes, tmp_path):
    folder = build(tmp_path / "pipeline")
    side = picture_side(pipeline_of_shapes(folder))
    place = dict(PYTHONPATH=os.pathsep.join(sys.path)) | GIVEN_BACK
    call = [sys.executable, PROGRAM, folder, tmp_path, str(side), json.dumps(changes)]
    done = subprocess.run(call, env=os.environ | place, capture_output=True, text=True, check=True)
    measured = int(done.stdout.split()[-1])
    predicted = rehearse(folder, replace(RECIPE, rank=8, **changes)).peak
    print(predicted / measured, measured)
    assert predicted == pytest.approx(measured, rel=0.15)


def test_a_rehearsal_leaves_pipeline_and_process_as_they_were():
    pipe, held = load_pipeline(load_profile("mini").pipeline), accelerator(torch.device("cpu"), "bf16")
    words = len(pipe.tokenizer), tuple(pipe.text_encoder.get_input_embeddings().weight.shape)
    recipe = replace(RECIPE, method="textual_inversion", instance_prompt="a photo of <concept>")
    assert rehearse(pipe, recipe) == rehearse(pipe, recipe)
    assert held.mixed_precision == "bf16"
    assert words == (len(pipe.tokenizer), tuple(pipe.text_encoder.get_input_embeddings().weight.shape))


def test_a_pipeline_with_a_lora_is_refused_as_a_training_refuses_it():
    pipe = load_pipeline(load_profile("mini").pipeline)
    pipe.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q"]))
    for recipe in (RECIPE, replace(RECIPE, method="dreambooth")):
        with pytest.raises(ValueError, match="has a LoRA loaded; unload it first"):
            rehearse(pipe, recipe)


@pytest.mark.parametrize(
    "given, said",
    [
        (dict(decoder=torch.nn.Linear(4, 3)), "decoder=Linear decodes no latents; give an AutoencoderTiny"),
        (
            dict(guide=torch.nn.Linear(7, 3)),
            r"guide=Linear can't look at pictures of shape \[2, 3, 64, 64\]: ",
        ),
        (dict(guide="resnet"), "guide=str is no network that looks at pictures, such as a Classifier"),
    ],
)
def test_a_decoder_or_a_guide_that_does_not_fit_is_named(given, said):
    with pytest.raises(ValueError, match=said):
        rehearse(load_profile("mini").pipeline, RECIPE, **given)
