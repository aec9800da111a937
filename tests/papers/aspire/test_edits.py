"Prompts that differ in the phrase alone, and shams that differ from edits only inside the region."

import numpy as np
import pandas as pd
import pytest
from diffusers import StableDiffusionPipeline

from spurious_core.papers.aspire.edits import edit_images, edit_prompts, scene_prompt
from support.pipelines import build_pipeline


def test_edit_and_sham_prompts_differ_in_the_phrase_alone(plan, extracted):
    edits, shams = edit_prompts(plan, extracted)
    assert edits == [
        "a photo of a cat in water with flags",
        "a photo of an empty scene in cave with lamps and flags",
        "a photo of a dog",
        "a photo of an empty scene in forest",
    ]
    assert shams == [
        "a photo of a cat in water with lamps and flags",
        "a photo of an empty scene in water with lamps and flags",
        "a photo of a dog with lamps",
        "a photo of an empty scene in sand",
    ]
    assert scene_prompt("a cat") == "a photo of a cat"


def test_instructions_change_backgrounds_only(plan, extracted):
    edits, shams = edit_prompts(plan, extracted, instruct=True)
    assert edits[1] == "turn the background of water into cave."
    assert shams[1] == "turn the background of water into water."
    assert edits[0] == "a photo of a cat in water with flags"


class Corner:
    "A segmenter that finds everything in the upper left corner, and nothing in dark pictures."

    def __init__(self):
        self.asked = []

    def __call__(self, images, phrases):
        self.asked += list(phrases)
        masks = np.zeros(images.shape[:3], np.float32)
        masks[:, :6, :6] = 1
        return masks * (images.mean((1, 2, 3)) > 20)[:, None, None]


@pytest.fixture
def images():
    "Three pictures of noise."
    return np.random.default_rng(0).integers(60, 250, (3, 16, 16, 3)).astype(np.uint8)


def test_only_what_is_found_is_edited(tiny_pipeline, images, plan, extracted, tmp_path):
    "The dark picture's lamp is not found."
    images[1] = 5
    segmenter = Corner()
    table, *_ = edit_images(tiny_pipeline, segmenter, images, plan, extracted, tmp_path, 3, steps=2)
    assert segmenter.asked == ["lamps", "lamps", "cat", "cat"]
    assert table.image.tolist() == [0, 0, 2]
    assert table.kind.tolist() == ["foreground", "background", "background"]


def test_edits_and_shams_agree_outside_of_the_region(tiny_pipeline, images, plan, extracted, tmp_path):
    images[1] = 5
    _, *both = edit_images(tiny_pipeline, Corner(), images, plan, extracted, tmp_path, 3, steps=2)
    for foreground, background, other_background in both:
        assert (foreground[12:] == images[0][12:]).all()
        assert (background[:4, :4] == images[0][:4, :4]).all()
        assert (other_background[:4, :4] == images[2][:4, :4]).all()
        assert (background[12:] != images[0][12:]).any()


def test_a_second_call_finds_its_work_done(tiny_pipeline, images, plan, extracted, tmp_path):
    first, second = (
        edit_images(tiny_pipeline, Corner(), images, plan, extracted, tmp_path, 3, steps=2) for _ in range(2)
    )
    assert (first[1] == second[1]).all()
    assert (first[2] == second[2]).all()


def test_an_edit_does_not_depend_on_its_company(tiny_pipeline, images, plan, extracted, tmp_path):
    options = dict(seed=3, steps=2)
    whole = edit_images(tiny_pipeline, Corner(), images, plan, extracted, tmp_path / "whole", **options)
    part = edit_images(
        tiny_pipeline, Corner(), images, plan.iloc[3:], extracted, tmp_path / "part", **options
    )
    assert abs(part[1][0].astype(int) - whole[1][3]).max() <= 1


def test_nothing_to_edit_is_an_error(tiny_pipeline, images, plan, extracted, tmp_path):
    def blind(pictures, phrases):
        return np.zeros(pictures.shape[:3], np.float32)

    with pytest.raises(ValueError, match="found none of 4"):
        edit_images(tiny_pipeline, blind, images, plan, extracted, tmp_path, 3, steps=2)


def test_backgrounds_by_instruction_and_things_by_inpainting(
    tiny_pipeline, images, plan, extracted, tmp_path
):
    instruct = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "instruct", unet_in=8))
    out = tmp_path / "both"
    table, after, _ = edit_images(tiny_pipeline, Corner(), images, plan, extracted, out, 3, instruct, steps=2)

    def rows(kind, name):
        return pd.read_json(out / kind / name / "images" / "metadata.jsonl", lines=True)

    assert set(rows("foreground", "edit").source) == {"inpaint"}
    backgrounds = rows("background", "edit")
    assert set(backgrounds.source) == {"instruct"}
    assert backgrounds.prompt.tolist() == [
        "turn the background of water into cave.",
        "turn the background of sand into forest.",
    ]
    assert rows("background", "sham").prompt[0] == "turn the background of water into water."
    _, alone, _ = edit_images(
        tiny_pipeline, Corner(), images, plan, extracted, tmp_path / "alone", 3, steps=2
    )
    same = table.kind.to_numpy() == "foreground"
    assert (after[same] == alone[same]).all()
    assert not (after[~same] == alone[~same]).all()
