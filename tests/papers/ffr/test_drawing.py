"Drawn groups must not change when more are asked for, and what is taken from a pool follows from the seed."

import numpy as np
import pytest
from diffusers import StableDiffusionPipeline

from spurious_core.data.joined import concatenate
from spurious_core.data.worlds import get_world
from spurious_core.papers.ffr.drawing import draw_groups, group_prompts, take

LABELS, ATTRIBUTES = ["l", "w"], ["land", "water"]


@pytest.fixture
def pipe(tiny_folder):
    return StableDiffusionPipeline.from_pretrained(tiny_folder)


def test_prompts_follow_from_the_grammar_of_the_world():
    prompts = group_prompts(get_world("waterbirds"))
    assert [len(group) for group in prompts] == [2] * 4
    assert all("landbird" in prompt for prompt in prompts[1])
    with pytest.raises(ValueError, match="no attribute"):
        group_prompts(get_world("imagenet_like"))


def test_drawn_groups_do_not_depend_on_how_many_are_asked_for(pipe, tmp_path):
    prompts = group_prompts(get_world("waterbirds"))
    options = dict(steps=2, progress=False)
    few = draw_groups(pipe, prompts, [3, 0, 1, 2], LABELS, ATTRIBUTES, tmp_path / "few", **options)
    many = draw_groups(pipe, prompts, [5, 2, 1, 4], LABELS, ATTRIBUTES, tmp_path / "many", **options)
    for group, n in ((0, 3), (2, 1), (3, 2)):
        first, second = few.subset(few.group == group), many.subset(many.group == group)
        assert first.manifest.seed.tolist() == second.manifest.seed.tolist()[:n]
        assert abs(first.pixels.astype(int) - second.pixels[:n]).max() <= 1
    assert set(concatenate([few, many]).manifest.g) == {"generated"}


@pytest.mark.parametrize(
    "prompts,why",
    [
        ([["a"], ["b"]], "2 lists of prompts for 4 groups"),
        ([["a"], ["b"], [], ["d"]], "every group needs at least one prompt"),
    ],
)
def test_every_group_needs_prompts(prompts, why, pipe, tmp_path):
    with pytest.raises(ValueError, match=why):
        draw_groups(pipe, prompts, [1] * 4, LABELS, ATTRIBUTES, tmp_path)


def test_take_is_random_by_seed_and_says_what_is_missing(pool):
    first, again, other = (take(pool, [4, 0, 3, 2], seed) for seed in (0, 0, 1))
    assert np.bincount(first.group, minlength=4).tolist() == [4, 0, 3, 2]
    assert (first.pixels == again.pixels).all()
    assert (first.pixels != other.pixels).any()
    with pytest.raises(ValueError, match="46 images of 'no, right' are wanted, 45 are there"):
        take(pool, [0, 46, 0, 0], 0)
