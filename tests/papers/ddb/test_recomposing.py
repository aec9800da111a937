"What could go wrong between a picture and its recomposition: the wrong label, pixels that change outside."

import os
import signal

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from spurious_core.diffusion import generating
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.models.masks import feather, grow
from spurious_core.papers.ddb.causal_tokens import learn_tokens
from spurious_core.papers.ddb.choosing import inversion_rows
from spurious_core.papers.ddb.recomposing import recompose
from support.ddb import DATA, WORDS, grouped, middle
from support.pipelines import build_pipeline


def paint(pipe, rows, out=None, **options):
    "Recomposes rows of `DATA` in three steps."
    widths = dict(margin=1 / 16, edge=1 / 16)
    return recompose(pipe, None, DATA, rows, middle(len(rows)), 3, out, steps=3, **widths, **options)


def test_the_new_class_is_the_label_and_the_surroundings_stay(tiny_pipeline):
    rows = np.flatnonzero(DATA.group % 3 == 0)[:8]
    recomposed = paint(tiny_pipeline, rows)
    table = recomposed.table
    assert (table.origin == rows).all()
    assert (table.y_was == DATA.y[rows]).all()
    assert (table.y == 1 - DATA.y[rows]).all()
    assert (table.a == DATA.a[rows]).all()
    outside = feather(grow(middle(8), 1), 1) == 0
    assert (recomposed.images[outside] == DATA.images(rows)[outside]).all()
    assert (recomposed.images[~outside] != DATA.images(rows)[~outside]).any()


def test_recomposed_pictures_become_generated_training_images(tiny_pipeline):
    recomposed = paint(tiny_pipeline, np.flatnonzero(DATA.group == 0)[:2])
    images = recomposed.grouped(DATA)
    assert (images.y == recomposed.table.y).all()
    assert set(images.manifest.g) == {"generated"}
    assert set(images.manifest.split) == {"train"}
    assert (images.labels, images.attributes) == (DATA.labels, DATA.attributes)


def test_what_is_painted_does_not_depend_on_the_company_and_its_provenance_is_kept(tiny_pipeline, tmp_path):
    rows = np.flatnonzero(DATA.group == 0)[:6]
    whole = paint(tiny_pipeline, rows, tmp_path / "a", batch_size=4)
    few = paint(tiny_pipeline, rows[[4, 1]])
    assert abs(few.images.astype(int) - whole.images[[4, 1]]).max() <= 1
    table = load_image_set(tmp_path / "a" / "images")
    assert table.origin.tolist() == rows.tolist()
    assert set(table.y) == {1}
    assert set(table.y_was) == {0}
    assert set(table.edit) == {"recompose"}
    assert table.prompt.str.contains("yes").all()


def test_words_of_one_pipeline_are_painted_by_another(tiny_pipeline, tmp_path):
    "Stable Diffusion learns words with its ordinary U-Net and fills masks with another, same text encoder."
    words = learn_tokens(tiny_pipeline, DATA, inversion_rows(DATA, 4), WORDS, tmp_path / "w", progress=False)
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "inpaint", unet_in=9))
    with_words = recompose(pipe, words, DATA, [0, 1], middle(2), steps=2)
    without = recompose(pipe, None, DATA, [0, 1], middle(2), steps=2)
    assert (with_words.images != without.images).any()


def paint_and_die(folder, rows, out):
    "Paints in batches of two, and is killed when the first is saved."
    save = generating.save_images

    def saved(*args, **options):
        save(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    generating.save_images = saved
    torch.set_num_threads(1)
    paint(StableDiffusionPipeline.from_pretrained(folder), rows, out, batch_size=2)


def test_killed_and_called_again_it_goes_on_to_the_same_pictures(
    tiny_folder, tiny_pipeline, tmp_path, killed
):
    rows, out = np.flatnonzero(DATA.group == 3)[:6], tmp_path / "k"
    assert killed(paint_and_die, tiny_folder, rows, out) == -signal.SIGKILL
    assert len(list((out / "images").glob("*.png"))) == 2
    whole = paint(tiny_pipeline, rows, batch_size=2)
    assert (paint(tiny_pipeline, rows, out, batch_size=2).images == whole.images).all()


def test_pictures_without_a_causal_part_are_left_out(tiny_pipeline):
    masks = middle(4)
    masks[2] = 0
    with pytest.warns(UserWarning, match="in 1 of 4 images"):
        recomposed = recompose(tiny_pipeline, None, DATA, [0, 1, 2, 3], masks, steps=2)
    assert recomposed.table.origin.tolist() == [0, 1, 3]
    assert len(recomposed.masks) == len(recomposed.images) == 3


def test_pictures_of_another_size_than_the_pipelines_are_refused(tiny_pipeline):
    with pytest.raises(ValueError, match="the pipeline draws 16 x 16"):
        recompose(tiny_pipeline, None, grouped([2, 2, 2, 2], side=32), [0], middle(1, 32))
