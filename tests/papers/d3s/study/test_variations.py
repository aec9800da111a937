"Recipes that differ in one thing, their keys, and a sheet whose headers don't touch."

from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.data.grouped import GroupedImages
from spurious_core.papers.d3s.plans import Recipe
from spurious_core.papers.d3s.prompts import PROMPT_TEMPLATES
from spurious_core.papers.d3s.study.variations import (
    recipe_variations,
    variation_rows,
    variation_sheet,
    variation_table,
)


@pytest.mark.parametrize("foreground", ["square", "mask"])
def test_each_differs_from_the_base_as_its_name_says(foreground):
    base = Recipe("background", foreground)
    recipes = recipe_variations(base, masks=True)
    assert recipes.pop("base") == base
    for name, recipe in recipes.items():
        changed = {k: v for k, v in asdict(recipe).items() if v != getattr(base, k)}
        assert len(changed) == 1 + (name == f"{recipe.foreground}, strength 0.7"), name
        assert all(str(value) in name.replace("guidance 3", "guidance 3.0") for value in changed.values())
    assert {recipe.template for recipe in recipes.values()} == set(PROMPT_TEMPLATES)


def test_a_small_budget_takes_the_first_and_without_masks_nothing_is_cut_out():
    base = Recipe("photo", strength=0.5)
    assert list(recipe_variations(base, True, 2)) == ["base", "strength 0.7"]
    assert {recipe.foreground for recipe in recipe_variations(base, False).values()} == {"square"}


def test_keys_have_the_measure_first_and_the_table_keeps_the_order_of_recipes():
    rows = [
        dict(recipe=recipe, measure=measure, value=0.5, lo=0.4, hi=0.6, n=30)
        for recipe in ("base", "mask, strength 0.7", "guidance 1.5")
        for measure in ("kept", "jury")
    ]
    table = pd.DataFrame(rows)
    assert variation_rows(table, "own").key[2:4].tolist() == [
        "ablation_kept.own.mask_strength_0_7",
        "ablation_jury.own.mask_strength_0_7",
    ]
    shown = variation_table(table)
    assert list(shown.index) == ["base", "mask, strength 0.7", "guidance 1.5"]
    assert shown.kept["base"] == "0.50 [0.40, 0.60]"


def test_long_headers_side_by_side_do_not_overlap(tmp_path):
    labels, backgrounds = ["waterbird", "landbird", "balloon"], ["indoors", "forest", "night"]
    pairs = [(y, a) for y in range(3) for a in range(3)]
    manifest = pd.DataFrame(pairs, columns=["y", "a"]).assign(item=0, split="train")
    manifest["label"] = np.array(labels)[manifest.y]
    manifest["background"] = np.array(backgrounds)[manifest.a]
    manifest["init_image"] = [str(tmp_path / f"{i}.png") for i in range(9)]
    pixels = np.full((9, 16, 16, 3), 90, np.uint8)
    for path, image in zip(manifest.init_image, pixels, strict=True):
        Image.fromarray(image).save(path)
    data = GroupedImages(manifest, labels, backgrounds, pixels=pixels)
    fig = variation_sheet({"base": data, "strength 0.5": data}, labels)
    fig.canvas.draw()
    headers = [text for text in fig.axes[0].texts if "\n" in text.get_text()]
    assert [text.get_text() for text in headers][0] == "waterbird,\nindoors"
    boxes = [text.get_window_extent() for text in headers]
    assert len(boxes) == 3
    for left, right in zip(boxes, boxes[1:], strict=False):
        assert left.x1 < right.x0
