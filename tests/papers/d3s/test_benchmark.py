"What could go wrong in the study's parts: pairs out of order, unequal terms, options that get lost."

import numpy as np
import pytest

from spurious_core.data.worlds import get_world
from spurious_core.papers.d3s.benchmark import compare_recipes, draw_benchmark, pairs_rendered
from spurious_core.papers.d3s.plans import Recipe
from spurious_core.papers.d3s.prompts import BACKGROUNDS
from spurious_core.papers.d3s.sources import rendered_backgrounds, rendered_foregrounds
from support.jurors import Says

WORLD = get_world("d3s")
SOURCES = rendered_foregrounds(WORLD), rendered_backgrounds()
LABELS = ["boat", "cow"]
PLAIN = dict(batch_size=20, steps=2, progress=False, definitions={})


def test_rendered_pairs_come_in_rounds():
    data = pairs_rendered(WORLD, LABELS, 3)
    assert data.y.tolist() == (np.arange(60) // 10 % 2).tolist()
    assert data.a.tolist() == (np.arange(60) % 10).tolist()
    assert (data.manifest.scene == data.manifest.background).all()


def test_without_a_filter_everything_stays_and_recipes_share_their_terms(tiny_pipeline, tmp_path):
    jury = [Says("one", lambda y, a: True)]
    recipes = {"weak": Recipe("photo", strength=0.3), "mask": Recipe("photo", "mask")}
    table, sets = compare_recipes(tiny_pipeline, LABELS, 1, recipes, SOURCES, tmp_path, jury, 7, **PLAIN)
    assert all(data.manifest.kept.all() and len(data) == 20 for data in sets.values())
    assert set(table.measure) == {"kept", "moved", "jury"}
    weak, mask = (data.manifest for data in sets.values())
    assert (weak.seed == mask.seed).all()
    assert (weak.at_x == mask.at_x).all()
    assert (table[table.measure == "jury"].value == 1).all()
    assert table[table.measure == "moved"].value.between(0, 1).all()


def test_options_reach_the_plan_and_a_misspelt_one_is_an_error(tiny_pipeline, tmp_path):
    two = dict(list(BACKGROUNDS.items())[:2])
    request = tiny_pipeline, LABELS, 2, Recipe("photo"), SOURCES
    options = PLAIN | dict(backgrounds=two, splits=dict(train=0.5, test=0.5))
    data = draw_benchmark(*request, tmp_path / "two", **options)
    assert data.attributes == list(two)
    assert data.manifest.split.tolist() == ["train"] * 4 + ["test"] * 4
    with pytest.raises(TypeError, match="split"):
        draw_benchmark(*request, tmp_path / "ten", **PLAIN, split=dict(train=1.0))
