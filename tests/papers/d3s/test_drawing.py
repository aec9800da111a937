"What could go wrong in drawing: pictures overwritten or mixed up, another plan's folder, an interruption."

import os
import signal
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image, PngImagePlugin

from spurious_core.data.worlds import get_world
from spurious_core.papers.d3s import drawing
from spurious_core.papers.d3s.drawing import as_grouped, draw_shift, preview, read_inits, write_inits
from spurious_core.papers.d3s.plans import plan_shift
from spurious_core.papers.d3s.prompts import BACKGROUNDS
from spurious_core.papers.d3s.sources import rendered_backgrounds, rendered_foregrounds
from support.d3s import black, colour_of, coloured, drawn

SOURCES = rendered_foregrounds(get_world("d3s")), rendered_backgrounds()


def test_every_picture_has_its_own_file_and_seed(tmp_path):
    "The authors' index i*classes + j gave 140 names to 500 pictures."
    plan = plan_shift([f"c{i}" for i in range(10)], 5)
    inits = write_inits(plan, (coloured, black), tmp_path, 8)
    assert len(plan) == 500 == inits.init_image.nunique() == len(list(tmp_path.glob("*.png")))
    assert plan.seed.nunique() == 500
    for row in inits.iloc[::37].to_dict("records"):
        shown = np.asarray(Image.open(row["init_image"])).reshape(-1, 3).max(0)
        assert tuple(shown) == colour_of(row)


def draw(pipe, folder, k=2):
    plan = plan_shift(["boat", "cow"], k)
    return draw_shift(pipe, plan, SOURCES, folder, batch_size=7, steps=2, progress=False)


def die_after(pipe, folder, n):
    "Draws until `n` initial pictures are there, then is killed."
    write, seen = drawing.atomic_write, []

    def count(path, content):
        seen.append(path)
        write(path, content)
        if len(seen) == n:
            os.kill(os.getpid(), signal.SIGKILL)

    drawing.atomic_write = count
    torch.set_num_threads(1)
    draw(pipe, folder)


def test_killed_and_run_again_gives_the_same_set(tiny_pipeline, tmp_path, killed):
    first, second = tmp_path / "a", tmp_path / "b"
    assert killed(die_after, tiny_pipeline, first, 13) == -signal.SIGKILL
    assert len(list((first / "init").glob("[!.]*.png"))) == 13
    resumed, whole = draw(tiny_pipeline, first), draw(tiny_pipeline, second)
    paths = ["path", "init_image"]
    pd.testing.assert_frame_equal(resumed.drop(columns=paths), whole.drop(columns=paths))
    for column in paths:
        for one, other in zip(resumed[column], whole[column], strict=True):
            assert (np.asarray(Image.open(one)) == np.asarray(Image.open(other))).all()
    longer = draw(tiny_pipeline, first, 3)
    assert len(longer) == 60
    assert longer.file_name[:40].tolist() == resumed.file_name.tolist()
    with pytest.raises(ValueError, match="another plan"):
        write_inits(plan_shift(["boat", "cow"], 2, seed=5), SOURCES, first / "init", 16)


def test_a_start_that_was_changed_is_pasted_again(tmp_path):
    plan = plan_shift(["boat", "cow"], 1)
    paths = [Path(path) for path in write_inits(plan, SOURCES, tmp_path, 16).init_image]
    before = [path.read_bytes() for path in paths]
    texts = PngImagePlugin.PngInfo()
    with Image.open(paths[0]) as image:
        edited = image.transpose(Image.Transpose.ROTATE_180)
        for name, text in image.info.items():
            texts.add_text(name, text)
    edited.save(paths[0], pnginfo=texts)
    paths[1].write_bytes(before[1][:-30])
    with pytest.warns(UserWarning) as said:
        write_inits(plan, SOURCES, tmp_path, 16)
    words = [str(warning.message) for warning in said]
    assert words == [
        f"{paths[0]} was changed since it was pasted, and is pasted again",
        f"{paths[1]} is broken, and is pasted again",
    ]
    assert [path.read_bytes() for path in paths] == before


def test_a_start_with_too_many_pixels_is_pasted_again(tmp_path, monkeypatch):
    plan = plan_shift(["boat", "cow"], 1)
    path = Path(write_inits(plan, SOURCES, tmp_path, 16).init_image[0])
    before = path.read_bytes()
    Image.new("RGB", (999, 999)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 999)
    with pytest.warns(UserWarning, match=f"{path} is broken, and is pasted again"):
        write_inits(plan, SOURCES, tmp_path, 16)
    assert path.read_bytes() == before


def test_a_start_of_an_earlier_version_is_kept(tmp_path):
    plan = plan_shift(["boat", "cow"], 1)
    path = write_inits(plan, SOURCES, tmp_path, 16).init_image[0]
    about = PngImagePlugin.PngInfo()
    with Image.open(path) as image:
        about.add_text("plan", image.info["plan"])
        image.save(path, pnginfo=about)
    written = Path(path).stat().st_mtime_ns
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_inits(plan, SOURCES, tmp_path, 16)
    assert Path(path).stat().st_mtime_ns == written


def test_a_set_has_the_classes_and_backgrounds_of_its_table(tmp_path):
    table = drawn(tmp_path)
    data = as_grouped(table, ["boat", "cow", "car"])
    assert data.attributes == list(BACKGROUNDS)
    assert (data.images()[:, 5, 5] == [colour_of(row) for row in table.to_dict("records")]).all()
    assert (read_inits(table).max((1, 2)) == 255).all()
    with pytest.raises(ValueError, match="no round 2 of any class"):
        preview(table, 2)
    with pytest.raises(ValueError, match="no round 0 of .'cup'."):
        preview(table, 0, ["cup"])
