"Classes by their names, which are those of diffusers and transformers alone."

import re

import diffusers
import pytest
from diffusers import StableDiffusionPipeline, StableDiffusionXLImg2ImgPipeline, StableDiffusionXLPipeline
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker

from spurious_core.models.pipeline_classes import find_class, left_out, pipeline_class
from spurious_core.models.pipeline_files import Part
from spurious_core.models.pipelines import load_pipeline
from support.published import change_index


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
