"What could go wrong in sources: pictures shared by splits or of another class, folders that lack some."

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.data.grouped import SPLITS, GroupedImages
from spurious_core.data.readers.d3s import D3S_BACKGROUNDS
from spurious_core.data.worlds import get_world
from spurious_core.papers.d3s.plans import Recipe, plan_shift
from spurious_core.papers.d3s.prompts import BACKGROUNDS
from spurious_core.papers.d3s.sources import (
    read_backgrounds,
    read_foregrounds,
    rendered_backgrounds,
    rendered_foregrounds,
)
from support.d3s import flat


def folders(root, n=7):
    "A folder per background, with pictures that are coloured by number and background."
    for b, name in enumerate(BACKGROUNDS):
        (root / name).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(flat((i, b, 0))).save(root / name / f"{i}.png")
    return root


def one_cow(split="train"):
    manifest = pd.DataFrame(dict(y=[0], a=0, split=split))
    return GroupedImages(manifest, ["cow"], ["none"], "mine", pixels=flat((0, 0, 0))[None])


def first_row(**recipe):
    return plan_shift(["cow"], 1, Recipe(**recipe)).iloc[0].to_dict()


def test_rendered_pictures_follow_from_the_row_and_the_mask_is_the_object():
    foreground, background = rendered_foregrounds(get_world("d3s")), rendered_backgrounds()
    row = first_row()
    (image, mask), again = foreground(row), foreground(dict(row))
    assert (image == again[0]).all()
    assert image.shape == (64, 64, 3) == background(row).shape
    assert 0 < (mask > 0.5).mean() < 1
    assert (foreground(row | dict(seed=row["seed"] + 1))[0] != image).any()


def test_splits_share_neither_backgrounds_nor_foregrounds(tmp_path):
    split, y = np.tile(SPLITS, 6), np.repeat([0, 1], 9)
    pixels = np.stack([flat((i, 0, 0)) for i in range(18)])
    manifest = pd.DataFrame(dict(y=y, a=0, split=split))
    data = GroupedImages(manifest, ["boat", "cow"], ["none"], pixels=pixels)
    foreground, background = read_foregrounds(data), read_backgrounds(folders(tmp_path), BACKGROUNDS)
    seen = {}
    plan = plan_shift(["cow", "boat"], 30, splits=dict(train=0.4, val=0.3, test=0.3))
    for row in plan.to_dict("records"):
        i = foreground(row)[0][0, 0, 0]
        assert data.labels[y[i]] == row["label"]
        assert split[i] == row["split"]
        number, b, _ = background(row)[0, 0]
        assert D3S_BACKGROUNDS[b] == row["background"]
        seen.setdefault((row["background"], row["split"]), set()).add(int(number))
    for name in BACKGROUNDS:
        used = [seen[name, part] for part in SPLITS]
        assert set.union(*used) == set(range(7))
        assert sum(map(len, used)) == 7


def test_sources_say_what_they_lack(tmp_path):
    row = first_row()
    with pytest.raises(ValueError, match="mine has no pictures of 'cow' in split 'train'"):
        read_foregrounds(one_cow("test"))(row)
    with pytest.raises(ValueError, match="mine has no class 'cup'"):
        read_foregrounds(one_cow("test"))(row | dict(label="cup"))
    with pytest.raises(FileNotFoundError, match="grass"):
        read_backgrounds(tmp_path, ["grass"])
    with pytest.raises(ValueError, match="at least 3"):
        read_backgrounds(folders(tmp_path / "few", 2), BACKGROUNDS)


def test_a_segmenter_is_asked_once_per_picture_and_only_for_masks():
    asked = []

    def masks(images, phrases):
        asked.append(phrases[0])
        return np.ones(images.shape[:3])

    foreground = read_foregrounds(one_cow(), masks)
    for kind, expected in (("square", []), ("mask", ["cow"]), ("mask", ["cow"])):
        mask = foreground(first_row(foreground=kind))[1]
        assert asked == expected
        assert (mask is None) == (kind == "square")
