"Edits: nothing changes outside of the region, InstructPix2Pix is diffusers' own, and a killed run goes on."

import os
import signal

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionInstructPix2PixPipeline, StableDiffusionPipeline
from PIL import Image

from spurious_core.core.images import read_images
from spurious_core.diffusion import generate as gen
from spurious_core.diffusion.editing import (
    edit_strip,
    follows_instructions,
    instruction,
    picture_side,
    remove,
    replace_background,
    touched,
)
from spurious_core.diffusion.generate import (
    _sampler,
    generate,
    load_image_set,
    plan_prompts,
    regenerate,
    sample_images,
)
from spurious_core.models.regions import feather, grow
from support.pipelines import build_pipeline

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
MASKS = np.zeros((5, 16, 16), np.float32)
MASKS[:, 3:8, 4:9] = 0.9
MASKS[2] = 0  # nothing was found in the third
FAST = dict(steps=3)
diff = lambda a, b: abs(a.astype(int) - b.astype(int))


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
    out = remove(pipe, IMAGES, MASKS, "an empty place", seeds=1, margin=1 / 16, edge=2 / 16, **FAST)
    share = feather(grow(MASKS, 1), 2)
    assert (out[share == 0] == IMAGES[share == 0]).all() and (share == 0).mean() > 0.3
    assert diff(out, IMAGES)[share == 1].mean() > 5 and (out[2] == IMAGES[2]).all()


def test_the_background_changes_and_the_object_stays(tiny_pipeline):
    out = replace_background(tiny_pipeline, IMAGES, MASKS, "snow", seeds=1, edge=1 / 16, **FAST)
    background = feather(MASKS < 0.5, 1)
    assert (out[background == 0] == IMAGES[background == 0]).all() and diff(out, IMAGES)[:2][
        background[:2] == 1
    ].mean() > 5
    assert (out[2] == IMAGES[2]).all()  # no object, so nothing to keep, so no edit
    assert (background == 0).any()
    wide = replace_background(tiny_pipeline, IMAGES, MASKS, "snow", seeds=1, edge=0, margin=2 / 16, **FAST)
    kept = grow(MASKS, 2)
    assert (wide[kept] == IMAGES[kept]).all()


def test_cells_are_covered_whole():
    m = np.zeros((1, 8, 8), bool)
    m[0, 3, 5] = True
    t = touched(m, 4)[0]
    assert t[:4, 4:].all() and t.sum() == 16


def test_an_edit_depends_on_its_picture_alone(tiny_pipeline):
    seeds, prompts = [7, 8, 9, 10, 11], ["a", "b", "c", "d", "e"]
    a = remove(tiny_pipeline, IMAGES, MASKS, prompts, seeds, **FAST)
    assert (
        diff(
            a,
            remove(
                tiny_pipeline, IMAGES[::-1], MASKS[::-1], prompts[::-1], seeds[::-1], batch_size=2, **FAST
            )[::-1],
        ).max()
        <= 1
    )
    assert diff(a, remove(tiny_pipeline, IMAGES, MASKS, prompts, 3, **FAST))[[0, 1, 3, 4]].max() > 5


def test_larger_pictures_are_edited_at_the_pipelines_size(tiny_pipeline):
    big = np.asarray([np.asarray(Image.fromarray(i).resize((40, 30))) for i in IMAGES])
    masks = np.zeros((5, 30, 40), np.uint8)
    masks[:, 5:15, 10:20] = 255
    out = remove(tiny_pipeline, big, masks, "x", **FAST)
    small = np.stack([np.asarray(Image.fromarray(i).resize((16, 16), Image.LANCZOS)) for i in big])
    assert (
        out.shape == IMAGES.shape
        and (out[:, 12:] == small[:, 12:]).all()
        and diff(out, small)[:, 3:7, 5:7].mean() > 3
    )


def test_nothing_found_anywhere(tiny_pipeline, tmp_path):
    assert (remove(tiny_pipeline, IMAGES, MASKS * 0, "x", out=tmp_path / "e", **FAST) == IMAGES).all()


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
        batch_size=2,
        **FAST,
    )


def test_provenance_and_regeneration(tiny_pipeline, tmp_path):
    out = _edit(tiny_pipeline, tmp_path / "e")
    table = load_image_set(tmp_path / "e/images")
    assert (
        table["item"].tolist() == [0, 1, 3, 4]
        and table.phrase.tolist() == ["lamps", "boat", "lamps", "buoy"]
        and table.origin.tolist() == ["0.jpg", "1.jpg", "3.jpg", "4.jpg"]
    )
    assert (
        set(table.source) == {"inpaint"}
        and set(table.edit) == {"remove"}
        and (read_images(table) == out[table["item"]]).all()
    )
    assert (
        (np.asarray(Image.open(table.init_image[2])) == IMAGES[3]).all()
        and table["mask"].nunique() == 1
        and table.init_image.nunique() == 4
    )
    assert (regenerate(tiny_pipeline, table.iloc[2]) == out[3]).all() and diff(
        out, remove(tiny_pipeline, IMAGES, MASKS, "p", seeds=4, **FAST)
    ).max() <= 1


def test_killed_and_resumed(tiny_pipeline, tmp_path, killed):
    whole = _edit(tiny_pipeline, tmp_path / "whole")

    def die():
        save, n = gen._save, []

        def once(*args):
            n.append(1)
            if len(n) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return save(*args)

        gen._save = once
        _edit(tiny_pipeline, tmp_path / "e")

    assert killed(die) == -9 and len(load_image_set(tmp_path / "e/images")) == 2
    first = (tmp_path / "e/images/000000.png").stat().st_mtime_ns
    assert (_edit(tiny_pipeline, tmp_path / "e") == whole).all() and (
        tmp_path / "e/images/000000.png"
    ).stat().st_mtime_ns == first
    with pytest.raises(ValueError, match="another image set"):
        remove(tiny_pipeline, IMAGES, MASKS, "other", seeds=4, out=tmp_path / "e", **FAST)


@pytest.mark.parametrize(
    "change, why",
    [
        (dict(masks=MASKS[:3]), r"masks of shape \(3, 16, 16\)"),
        (dict(prompts=["a", "b"]), "2 values of prompt for 5"),
        (dict(seeds=[1]), "1 values of seed"),
        (dict(phrase=["x"]), "1 values of phrase"),
        (dict(margin=-1), "pixels=-16"),
        (dict(strength=0.0), "strength=0"),
        (dict(masks=MASKS * 3), "expected bool"),
    ],
)
def test_bad_edits_are_named(tiny_pipeline, change, why):
    with pytest.raises(ValueError, match=why):
        remove(tiny_pipeline, **dict(images=IMAGES, masks=MASKS, prompts="x") | change, **FAST)


# ---- InstructPix2Pix


def test_instruct_equals_plain_diffusers(instruct):
    assert follows_instructions(instruct) and picture_side(instruct) == 16
    plan = plan_prompts(
        [instruction("grass", "snow"), "make it night"], 2, seed=3, image_guidance=1.4
    ).assign(init_image=list(IMAGES[:4]))
    ours = sample_images(instruct, plan, steps=6, guidance=5.0)
    theirs = StableDiffusionInstructPix2PixPipeline(**instruct.components, requires_safety_checker=False)
    theirs.set_progress_bar_config(disable=True)
    theirs.scheduler = _sampler(instruct)
    for i, r in enumerate(plan.itertuples()):
        want = theirs(
            r.prompt,
            image=Image.fromarray(IMAGES[i]),
            num_inference_steps=6,
            guidance_scale=5.0,
            image_guidance_scale=1.4,
            generator=torch.Generator().manual_seed(r.seed),
        ).images[0]
        assert diff(np.asarray(want), ours[i]).max() <= 1
    assert (
        diff(ours, sample_images(instruct, plan[::-1], batch_size=3, steps=6, guidance=5.0)[::-1]).max() <= 1
    )
    assert (
        diff(ours, sample_images(instruct, plan.assign(image_guidance=2.0), steps=6, guidance=5.0)).max() > 3
    )


def test_instructed_background(instruct, tmp_path):
    free = replace_background(
        instruct, IMAGES, None, instruction("grass", "snow"), seeds=2, out=tmp_path / "free", **FAST
    )
    kept = replace_background(
        instruct, IMAGES, MASKS, instruction("grass", "snow"), seeds=2, edge=0, out=tmp_path / "kept", **FAST
    )
    there = MASKS >= 0.5
    rest = ~there
    rest[2] = False
    assert (
        diff(free, IMAGES).mean((1, 2, 3)).min() > 5
        and (kept[there] == IMAGES[there]).all()
        and (kept[2] == IMAGES[2]).all()
        and (kept[rest] == free[rest]).all()
    )
    table = load_image_set(tmp_path / "kept/images")
    assert (
        set(table.source) == {"instruct"}
        and set(table.image_guidance) == {1.5}
        and "strength" not in table
        and (regenerate(instruct, table.iloc[1]) == kept[table["item"][1]]).all()
    )


def test_each_pipeline_says_what_it_is_made_for(tiny_pipeline, instruct, inpaint):
    plan = plan_prompts("x", 1)
    edit = plan.assign(init_image=[IMAGES[0]])
    with pytest.raises(ValueError, match="for instructions"):
        sample_images(instruct, plan, **FAST)
    with pytest.raises(ValueError, match="without image_guidance"):
        sample_images(tiny_pipeline, edit.assign(image_guidance=1.5), **FAST)
    with pytest.raises(ValueError, match="for inpainting"):
        sample_images(inpaint, edit, **FAST)
    with pytest.raises(ValueError, match="neither mask nor strength"):
        sample_images(instruct, edit.assign(image_guidance=1.5, strength=0.5), **FAST)
    with pytest.raises(ValueError, match="must be at least 1"):
        sample_images(instruct, edit.assign(image_guidance=0.5), **FAST)
    with pytest.raises(ValueError, match="paste needs an init_image"):
        sample_images(tiny_pipeline, plan.assign(paste=[MASKS[0].astype(np.uint8)]), **FAST)
    with pytest.raises(ValueError, match="told what stays"):
        replace_background(tiny_pipeline, IMAGES, None, "x", **FAST)


def test_paste_on_disk(tiny_pipeline, tmp_path):
    Image.fromarray(IMAGES[0]).save(tmp_path / "a.png")
    Image.fromarray((MASKS[0] * 255).astype(np.uint8)).save(tmp_path / "m.png")
    plan = plan_prompts("x", 2).assign(
        init_image=str(tmp_path / "a.png"), strength=0.9, paste=str(tmp_path / "m.png")
    )
    ims = read_images(generate(tiny_pipeline, plan, tmp_path / "set", steps=3, progress=False))
    assert (ims[:, MASKS[0] == 0] == IMAGES[0][MASKS[0] == 0]).all() and diff(ims[0], ims[1])[
        MASKS[0] > 0
    ].mean() > 1
    with pytest.raises(FileNotFoundError, match="paste .*no.png"):
        generate(tiny_pipeline, plan.assign(paste="no.png"), tmp_path / "other", **FAST)
    with pytest.raises(ValueError, match="paste must be a path"):
        generate(tiny_pipeline, plan.assign(paste=[MASKS[0]] * 2), tmp_path / "other", **FAST)


def test_strip():
    fig = edit_strip(IMAGES, MASKS, IMAGES[::-1], titles=list("abcde"), n=3)
    assert [t.get_text() for t in fig.axes[0].texts if t.get_text() in "abc"] == list("abc")
    with pytest.raises(ValueError, match="before"):
        edit_strip(IMAGES, MASKS, IMAGES[:2])
