"From pictures and masks to rows of a plan."

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spurious_core.diffusion.edit_plans import at_side, edit_plan, touched

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)
MASKS = np.zeros((3, 16, 16), np.float32)
MASKS[:, 3:8, 4:9] = 0.9


def test_cells_are_covered_whole():
    mask = np.zeros((1, 8, 8), bool)
    mask[0, 3, 5] = True
    cells = touched(mask, 4)[0]
    assert cells[:4, 4:].all()
    assert cells.sum() == 16


def test_pictures_of_the_right_size_stay_as_they_are():
    images, masks = at_side(IMAGES, MASKS, 16)
    assert (images == IMAGES).all()
    assert (masks == MASKS).all()


def test_pictures_and_masks_are_resized_together():
    grey = (MASKS > 0).astype(np.uint8) * 255
    images, masks = at_side(IMAGES, grey, 8)
    assert images.shape == (3, 8, 8, 3)
    assert masks.shape == (3, 8, 8)
    assert (masks.dtype, masks.min(), masks.max()) == (np.float32, 0, 1)
    assert masks[:, 2, 3].min() == 1


def test_rows_name_their_files_by_content(tmp_path):
    same = np.stack([IMAGES[0], IMAGES[0], IMAGES[1]])
    plan = edit_plan(same, MASKS > 0, MASKS, "snow", 4, [0, 1, 2], tmp_path, phrase=["a", "b", "c"])
    assert plan.init_image.nunique() == 2
    assert plan["mask"].nunique() == 1
    assert plan.phrase.tolist() == ["a", "b", "c"]
    assert (np.asarray(Image.open(plan.init_image[2])) == IMAGES[1]).all()
    assert (np.asarray(Image.open(plan.paste[0])) == (MASKS[0] * 255).round()).all()
    written = Path(plan.init_image[0]).stat().st_mtime_ns
    edit_plan(same, MASKS > 0, MASKS, "snow", 4, [0], tmp_path)
    assert Path(plan.init_image[0]).stat().st_mtime_ns == written


def test_a_file_with_too_many_pixels_is_written_again(tmp_path, monkeypatch):
    (path,) = edit_plan(IMAGES[:1], None, None, "snow", 4, [0], tmp_path).init_image
    before = Path(path).read_bytes()
    Image.new("RGB", (999, 999)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 999)
    with pytest.warns(UserWarning, match=f"{path} is broken or was changed, and is written again"):
        edit_plan(IMAGES[:1], None, None, "snow", 4, [0], tmp_path)
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("content", [b"", IMAGES[1]])
def test_a_file_that_is_not_what_its_name_says_is_written_again(tmp_path, content):
    (path,) = edit_plan(IMAGES, None, None, "snow", 4, [0], tmp_path).init_image
    if isinstance(content, bytes):
        Path(path).write_bytes(content)
    else:
        Image.fromarray(content).save(path)
    with pytest.warns(UserWarning, match=f"{path} is broken or was changed, and is written again"):
        edit_plan(IMAGES, None, None, "snow", 4, [0], tmp_path)
    assert (np.asarray(Image.open(path)) == IMAGES[0]).all()


def test_one_seed_becomes_a_seed_for_each_picture():
    plan = edit_plan(IMAGES, None, None, "snow", 4, [0, 2])
    assert plan.seed.is_unique
    assert plan["item"].tolist() == [0, 2]
    assert not {"mask", "paste"} & set(plan.columns)
    assert edit_plan(IMAGES, None, None, "snow", [7, 8, 9], [0, 2]).seed.tolist() == [7, 9]


@pytest.mark.parametrize(
    "change, why",
    [
        (dict(prompts=["a", "b"]), "2 values of prompt for 3 images"),
        (dict(seeds=[1]), "1 values of seed for 3 images"),
        (dict(phrase=["x"]), "1 values of phrase for 3 images"),
    ],
)
def test_other_numbers_of_values_are_named(change, why):
    given = dict(images=IMAGES, repaint=None, paste=None, prompts="x", seeds=0, items=[0])
    with pytest.raises(ValueError, match=why):
        edit_plan(**given | change)


def test_masks_of_another_shape_are_named():
    with pytest.raises(
        ValueError, match=r"masks of shape \(2, 16, 16\) for images of shape \(3, 16, 16, 3\)"
    ):
        at_side(IMAGES, MASKS[:2], 16)


def test_a_number_that_seeds_all_is_whole_and_each_picture_still_has_its_seed():
    plan = edit_plan(IMAGES, None, None, "snow", 4.0, [0, 1, 2])
    assert plan.seed.is_unique
    assert plan.equals(edit_plan(IMAGES, None, None, "snow", 4, [0, 1, 2]))
    for bad in (True, 1.5, -1, 2**70):
        with pytest.raises(ValueError, match="^seeds="):
            edit_plan(IMAGES, None, None, "snow", bad, [0])
