"The painted pictures of a run."

from dataclasses import replace

import numpy as np
import pytest
from diffusers import StableDiffusionPipeline

from spurious_core.papers.ddb.study.painting import (
    learn_words,
    paint,
    rows_to_paint,
    words_config,
    words_folder,
)
from support.ddb import DATA, toy_run

LOSSES = np.where(DATA.group % 3 == 0, 0.1, 1.0) + np.linspace(0, 0.01, len(DATA))


@pytest.fixture(scope="module")
def run(tiny_folder, tmp_path_factory):
    return toy_run(StableDiffusionPipeline.from_pretrained(tiny_folder), tmp_path_factory.mktemp("painted"))


def test_images_that_follow_the_shortcut_are_painted_over(run):
    rows = rows_to_paint(run, LOSSES)
    assert len(rows) == 2 * run.plan.pick
    assert set(DATA.group[rows]) == {0, 3}


def test_a_tenth_of_each_class_is_left_alone(run):
    everything = replace(run, plan=replace(run.plan, pick=1000))
    smallest = np.bincount(DATA.y).min()
    assert len(rows_to_paint(everything, LOSSES)) == 2 * int(0.9 * smallest)


def test_words_start_from_what_the_source_says(run):
    config = words_config(run)
    assert (config.initializer, config.seed, config.steps, config.validate_every) == ("photo", 3, 1, 1)


def test_pictures_are_scored_and_no_words_are_learned_from_no_images(run, base):
    painted = paint(run, base, LOSSES, 0)
    assert learn_words(run, LOSSES, 0) is None
    assert not words_folder(run, 0).exists()
    assert (run.out / "painted" / "toy_3_0" / "images").is_dir()
    assert list(painted.scores) == ["psi", "limit", "rho", "bad", "old"]
    assert painted.scores.notna().all(axis=None)
    assert painted.scores.bad.tolist() == [i % 3 == 0 for i in range(len(painted.recomposed))]


@pytest.mark.parametrize("first_seed", [True, False])
def test_the_first_seed_shows_how_words_are_learned(run, tmp_path, first_seed):
    here = replace(run, out=tmp_path, first_seed=first_seed)
    folder = learn_words(here, LOSSES, 2)
    assert folder == tmp_path / "words" / "toy_3_2"
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == DATA.labels
    assert any(folder.rglob("sheets/*.png")) == first_seed
