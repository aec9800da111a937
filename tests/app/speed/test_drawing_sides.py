"Both sides draw all prompts of the plan, with the same seeds: the pictures are the same."

import numpy as np

from spurious_core.app.speed.drawing_sides import DrawingSides
from spurious_core.diffusion.plans import plan_prompts


def test_both_sides_draw_the_same_pictures(tiny_pipeline):
    scheduler = type(tiny_pipeline.scheduler)
    sides = DrawingSides(tiny_pipeline, plan_prompts(["a photo of a", "b", "c"], 1, 0), 2, 2.0)
    assert sides.batched(0) > 0 and sides.one_by_one(0) > 0
    assert {name: images.shape for name, images in sides.drawn.items()} == {
        "batched": (3, 16, 16, 3),
        "one by one": (3, 16, 16, 3),
    }
    assert sides.difference().max() <= 1
    assert len(np.unique(sides.drawn["batched"].reshape(3, -1), axis=0)) == 3
    assert type(tiny_pipeline.scheduler) is scheduler


def test_a_difference_has_no_sign_and_does_not_wrap(tiny_pipeline):
    sides = DrawingSides(tiny_pipeline, plan_prompts(["a"], 1, 0), 2, 2.0)
    sides.drawn = {"batched": np.uint8([0, 255]), "one by one": np.uint8([255, 254])}
    assert sides.difference().tolist() == [255, 1]
