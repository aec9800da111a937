"Edits: nothing changes outside of the region, InstructPix2Pix is diffusers' own, and a killed run goes on."

import os
import signal

import numpy as np
import pytest
from diffusers import StableDiffusionInstructPix2PixPipeline, StableDiffusionPipeline
from PIL import Image

from spurious_core.core.images import read_images
from spurious_core.core.opening import centre_square
from spurious_core.core.seeds import generator
from spurious_core.diffusion import generating
from spurious_core.diffusion.editing import (
    EditSettings,
    edit_strip,
    follows_instructions,
    instruction,
    remove,
    replace_background,
)
from spurious_core.diffusion.generating import generate, regenerate
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import make_sampler, sample_images
from spurious_core.diffusion.starts import picture_side
from spurious_core.models.masks import feather, grow
from support.drawing import close, difference
from support.pipelines import build_pipeline

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
MASKS = np.zeros((5, 16, 16), np.float32)
MASKS[:, 3:8, 4:9] = 0.9
MASKS[2] = 0  # nothing was found in the third
FAST = dict(steps=3)  # of what draws plans
QUICK = EditSettings(**FAST)


@pytest.fixture(scope="module")
def instruct_folder(tmp_path_factory):
    "A random InstructPix2Pix: its U-Net takes 2 x 4 latent channels."
    return build_pipeline(tmp_path_factory.mktemp("instruct") / "pipeline", unet_in=8)


@pytest.fixture
def instruct(instruct_folder):
    return StableDiffusionPipeline.from_pretrained(instruct_folder)


@pytest.fixture
def inpaint(tmp_path):
    return StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "inpaint", unet_in=9))


# ---- what may change and what may not


@pytest.mark.parametrize("kind", ["tiny_pipeline", "inpaint"])
def test_outside_of_the_feathered_region_nothing_changes(kind, request):
    pipe = request.getfixturevalue(kind)
    settings = EditSettings(margin=1 / 16, edge=2 / 16, **FAST)
    edited = remove(pipe, IMAGES, MASKS, "an empty place", seeds=1, settings=settings)
    share = feather(grow(MASKS, 1), 2)
    outside, inside = share == 0, share == 1
    assert outside.mean() > 0.3
    assert (edited[outside] == IMAGES[outside]).all()
    assert difference(edited, IMAGES)[inside].mean() > 5
    assert (edited[2] == IMAGES[2]).all()


def test_the_background_changes_and_the_object_stays(tiny_pipeline):
    settings = EditSettings(edge=1 / 16, **FAST)
    edited = replace_background(tiny_pipeline, IMAGES, MASKS, "snow", seeds=1, settings=settings)
    background = feather(MASKS < 0.5, 1)
    outside = background == 0
    assert outside.any()
    assert (edited[outside] == IMAGES[outside]).all()
    assert difference(edited, IMAGES)[:2][background[:2] == 1].mean() > 5
    assert (edited[2] == IMAGES[2]).all()  # no object, so nothing to keep, so no edit


def test_a_margin_keeps_more_of_the_object(tiny_pipeline):
    settings = EditSettings(edge=0, margin=2 / 16, **FAST)
    edited = replace_background(tiny_pipeline, IMAGES, MASKS, "snow", seeds=1, settings=settings)
    kept = grow(MASKS, 2)
    assert (edited[kept] == IMAGES[kept]).all()


def test_an_edit_depends_on_its_picture_alone(tiny_pipeline):
    seeds, prompts = [7, 8, 9, 10, 11], ["a", "b", "c", "d", "e"]
    edited = remove(tiny_pipeline, IMAGES, MASKS, prompts, seeds, settings=QUICK)
    reverse = [values[::-1] for values in (IMAGES, MASKS, prompts, seeds)]
    assert close(edited, remove(tiny_pipeline, *reverse, settings=EditSettings(batch_size=2, **FAST))[::-1])
    other_seeds = remove(tiny_pipeline, IMAGES, MASKS, prompts, 3, settings=QUICK)
    assert difference(edited, other_seeds)[[0, 1, 3, 4]].max() > 5


def test_larger_pictures_are_edited_at_the_pipelines_size(tiny_pipeline):
    large = np.asarray([np.asarray(Image.fromarray(image).resize((40, 30))) for image in IMAGES])
    masks = np.zeros((5, 30, 40), np.uint8)
    masks[:, 5:15, 10:20] = 255
    edited = remove(tiny_pipeline, large, masks, "x", settings=QUICK)
    small = np.stack([np.asarray(centre_square(Image.fromarray(image), 16)) for image in large])
    assert edited.shape == IMAGES.shape
    assert (edited[:, 12:] == small[:, 12:]).all()
    assert difference(edited, small)[:, 3:7, 3:7].mean() > 3


def test_nothing_found_anywhere(tiny_pipeline, tmp_path):
    assert (remove(tiny_pipeline, IMAGES, MASKS * 0, "x", out=tmp_path / "e", settings=QUICK) == IMAGES).all()


# ---- on disk


def _edit(pipe, out):
    return remove(
        pipe,
        IMAGES,
        MASKS,
        ["p"] * 5,
        seeds=4,
        out=out,
        phrase=["lamps", "boat", "kite", "lamps", "buoy"],
        origin=[f"{i}.jpg" for i in range(5)],
        settings=EditSettings(batch_size=2, **FAST),
    )


def test_provenance_and_regeneration(tiny_pipeline, tmp_path):
    edited = _edit(tiny_pipeline, tmp_path / "e")
    table = load_image_set(tmp_path / "e/images")
    assert table["item"].tolist() == [0, 1, 3, 4]
    assert table.phrase.tolist() == ["lamps", "boat", "lamps", "buoy"]
    assert table.origin.tolist() == ["0.jpg", "1.jpg", "3.jpg", "4.jpg"]
    assert set(table.source) == {"inpaint"}
    assert set(table.edit) == {"remove"}
    assert (read_images(table) == edited[table["item"]]).all()
    assert (np.asarray(Image.open(table.init_image[2])) == IMAGES[3]).all()
    assert table["mask"].nunique() == 1
    assert table.init_image.nunique() == 4
    assert (regenerate(tiny_pipeline, table.iloc[2]) == edited[3]).all()
    assert close(edited, remove(tiny_pipeline, IMAGES, MASKS, "p", seeds=4, settings=QUICK))


def test_killed_and_resumed(tiny_pipeline, tmp_path, killed):
    whole = _edit(tiny_pipeline, tmp_path / "whole")

    def die():
        save, calls = generating.save_images, []

        def save_once(*args):
            calls.append(1)
            if len(calls) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return save(*args)

        generating.save_images = save_once
        _edit(tiny_pipeline, tmp_path / "e")

    assert killed(die) == -9
    assert len(load_image_set(tmp_path / "e/images")) == 2
    first = tmp_path / "e/images/000000.png"
    written = first.stat().st_mtime_ns
    assert (_edit(tiny_pipeline, tmp_path / "e") == whole).all()
    assert first.stat().st_mtime_ns == written
    with pytest.raises(ValueError, match="another image set"):
        remove(tiny_pipeline, IMAGES, MASKS, "other", seeds=4, out=tmp_path / "e", settings=QUICK)


@pytest.mark.parametrize(
    "change, why",
    [
        (dict(masks=MASKS[:3]), r"masks of shape \(3, 16, 16\)"),
        (dict(prompts=["a", "b"]), "2 values of prompt for 5"),
        (dict(seeds=[1]), "1 values of seed"),
        (dict(phrase=["x"]), "1 values of phrase"),
        (dict(steps=3), r"steps is no column: settings=EditSettings\(steps=3\)"),
        (dict(masks=MASKS * 3), "mask of floats in"),
    ],
)
def test_bad_edits_are_named(tiny_pipeline, change, why):
    with pytest.raises(ValueError, match=why):
        remove(tiny_pipeline, **dict(images=IMAGES, masks=MASKS, prompts="x") | change)


@pytest.mark.parametrize(
    "bad",
    [
        dict(steps=0),
        dict(steps=1.5),
        dict(batch_size=0),
        dict(guidance=float("nan")),
        dict(guidance=-1.0),
        dict(progress="no"),
        dict(strength=0.0),
        dict(image_guidance=0.5),
        dict(image_guidance=float("inf")),
        dict(margin=-1),
        dict(edge=float("nan")),
    ],
)
def test_settings_that_cannot_be_are_refused_when_they_are_made(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"{name}="):
        EditSettings(**bad)


def test_a_region_is_the_edits_own_unless_it_is_set():
    assert EditSettings().region(64, margin=1 / 32, edge=1 / 64) == (2, 1)
    assert EditSettings(margin=0, edge=1 / 8).region(64, margin=1 / 32, edge=1 / 64) == (0, 8)


# ---- InstructPix2Pix


def test_instruct_equals_plain_diffusers(instruct):
    assert follows_instructions(instruct)
    assert picture_side(instruct) == 16
    plan = plan_prompts([instruction("grass", "snow"), "make it night"], 2, seed=3, image_guidance=1.4)
    plan = plan.assign(init_image=list(IMAGES[:4]))
    ours = sample_images(instruct, plan, steps=6, guidance=5.0)
    theirs = StableDiffusionInstructPix2PixPipeline(**instruct.components, requires_safety_checker=False)
    theirs.set_progress_bar_config(disable=True)
    theirs.scheduler = make_sampler(instruct)
    settings = dict(num_inference_steps=6, guidance_scale=5.0, image_guidance_scale=1.4)
    for i, row in enumerate(plan.itertuples()):
        given = dict(image=Image.fromarray(IMAGES[i]), generator=generator(row.seed))
        assert close(theirs(row.prompt, **given, **settings).images[0], ours[i])


def test_an_instructed_picture_depends_on_its_row_alone(instruct):
    plan = plan_prompts(["make it snow", "make it night"], 2, seed=3, image_guidance=1.4)
    plan = plan.assign(init_image=list(IMAGES[:4]))
    images = sample_images(instruct, plan, guidance=5.0, **FAST)
    assert close(images, sample_images(instruct, plan[::-1], batch_size=3, guidance=5.0, **FAST)[::-1])
    nearer = sample_images(instruct, plan.assign(image_guidance=2.0), guidance=5.0, **FAST)
    assert difference(images, nearer).max() > 3


def test_instructed_background(instruct, tmp_path):
    prompt = instruction("grass", "snow")
    free = replace_background(instruct, IMAGES, None, prompt, 2, tmp_path / "free", QUICK)
    sharp = EditSettings(edge=0, **FAST)
    kept = replace_background(instruct, IMAGES, MASKS, prompt, 2, tmp_path / "kept", sharp)
    inside = MASKS >= 0.5
    outside = ~inside
    outside[2] = False
    assert difference(free, IMAGES).mean((1, 2, 3)).min() > 5
    assert (kept[inside] == IMAGES[inside]).all()
    assert (kept[2] == IMAGES[2]).all()
    assert (kept[outside] == free[outside]).all()
    table = load_image_set(tmp_path / "kept/images")
    assert set(table.source) == {"instruct"}
    assert set(table.image_guidance) == {1.5}
    assert "strength" not in table
    assert (regenerate(instruct, table.iloc[1]) == kept[table["item"][1]]).all()


def test_each_pipeline_says_what_it_is_made_for(tiny_pipeline, instruct, inpaint):
    plan = plan_prompts("x", 1)
    edit = plan.assign(init_image=[IMAGES[0]])
    with pytest.raises(ValueError, match="for instructions"):
        sample_images(instruct, plan, **FAST)
    with pytest.raises(ValueError, match="without image_guidance"):
        sample_images(tiny_pipeline, edit.assign(image_guidance=1.5), **FAST)
    with pytest.raises(ValueError, match="for inpainting"):
        sample_images(inpaint, edit, **FAST)
    with pytest.raises(ValueError, match="told what stays"):
        replace_background(tiny_pipeline, IMAGES, None, "x")


def test_paste_on_disk(tiny_pipeline, tmp_path):
    image, share = tmp_path / "a.png", tmp_path / "m.png"
    Image.fromarray(IMAGES[0]).save(image)
    Image.fromarray((MASKS[0] * 255).astype(np.uint8)).save(share)
    plan = plan_prompts("x", 2).assign(init_image=str(image), strength=0.9, paste=str(share))
    drawn = read_images(generate(tiny_pipeline, plan, tmp_path / "set", steps=3, progress=False))
    kept = MASKS[0] == 0
    assert (drawn[:, kept] == IMAGES[0][kept]).all()
    assert difference(drawn[0], drawn[1])[~kept].mean() > 1
    with pytest.raises(FileNotFoundError, match="paste .*no.png"):
        generate(tiny_pipeline, plan.assign(paste="no.png"), tmp_path / "other", **FAST)
    with pytest.raises(ValueError, match="paste must be a path"):
        generate(tiny_pipeline, plan.assign(paste=[MASKS[0]] * 2), tmp_path / "other", **FAST)


def test_strip():
    figure = edit_strip(IMAGES, MASKS, IMAGES[::-1], titles=list("abcde"), n=3)
    titles = [text.get_text() for text in figure.axes[0].texts]
    assert [title for title in titles if title in "abc"] == list("abc")
    with pytest.raises(ValueError, match="before"):
        edit_strip(IMAGES, MASKS, IMAGES[:2])
