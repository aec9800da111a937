"Image sets drawn from plans: batches, resumption after kill -9, faults, provenance."

import errno
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from spurious_core.core.images import read_images
from spurious_core.core.locks import LOCK_FILE, FolderInUse, hold_folder
from spurious_core.diffusion import generating, image_sets
from spurious_core.diffusion.generating import generate, regenerate
from spurious_core.diffusion.image_sets import load_image_set, pipeline_hash
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from support.drawing import FAST, PLAN, close
from support.read_only import read_only


def save_picture(pipe, *paths):
    "Draws one picture and saves it in all these places."
    image = sample_images(pipe, PLAN[:1], **FAST)[0]
    for path in paths:
        Image.fromarray(image).save(path)
    return image


def test_modes_mix_in_one_plan(tiny_pipeline, tmp_path):
    init, mask = tmp_path / "init.png", tmp_path / "mask.png"
    image = save_picture(tiny_pipeline, init)
    right = np.zeros((16, 16), np.uint8)
    right[:, 8:] = 255
    Image.fromarray(right).save(mask)
    masks = [None, None, None, str(mask), None, None]
    plan = PLAN[:6].assign(init_image=[None, str(init)] * 3, mask=masks)
    table = generate(tiny_pipeline, plan, tmp_path / "set", batch_size=2, **FAST)
    assert table.source.tolist() == ["text2img", "img2img", "text2img", "inpaint", "text2img", "img2img"]
    images = read_images(table)
    assert close(images[::2], sample_images(tiny_pipeline, PLAN[:6:2], **FAST))
    assert close(images, sample_images(tiny_pipeline, plan, batch_size=1, **FAST))
    with pytest.raises(ValueError, match="init_image must be a path"):
        generate(tiny_pipeline, PLAN[:2].assign(init_image=[None, image]), tmp_path / "b", **FAST)


def test_one_drawing_at_a_time_works_in_a_folder(tiny_pipeline, tmp_path):
    with hold_folder(tmp_path), pytest.raises(FolderInUse, match="is in use by process"):
        generate(tiny_pipeline, PLAN[:1], tmp_path, **FAST)
    assert not list(tmp_path.rglob("*.png"))


# ---- folders that move


@pytest.fixture
def moved(tiny_pipeline, tmp_path):
    "A set that was drawn in one folder and moved: its pictures, a function to its plan, and the new folder."
    before, after, far = tmp_path / "before", tmp_path / "after", tmp_path / "far.png"
    (before / "inits").mkdir(parents=True)
    save_picture(tiny_pipeline, before / "inits/x.png", far)

    def plan(root):
        return PLAN[:4].assign(init_image=[str(root / "inits/x.png"), str(far)] * 2, strength=0.5)

    images = read_images(generate(tiny_pipeline, plan(before), before / "set", batch_size=2, **FAST))
    before.rename(after)
    return images, plan, after


def test_a_moved_folder_goes_on(tiny_pipeline, tmp_path, moved):
    images, plan, root = moved
    lines = (root / "set/metadata.jsonl").read_text().splitlines()
    assert [json.loads(line)["init_image"] for line in lines[:2]] == [
        "../inits/x.png",
        str(tmp_path / "far.png"),
    ]
    table = load_image_set(root / "set")
    assert table.init_image.tolist() == plan(root).init_image.tolist()
    written = Path(table.path[0]).stat().st_mtime_ns
    Path(table.path[1]).unlink()
    with pytest.warns(UserWarning, match="000001.png is missing"):
        again = generate(tiny_pipeline, plan(root), root / "set", batch_size=2, **FAST)
    assert (read_images(again) == images).all()
    assert Path(table.path[0]).stat().st_mtime_ns == written


def test_another_picture_of_the_same_name_is_another_set(tiny_pipeline, moved):
    _, plan, root = moved
    (root / "other").mkdir()
    shutil.copy(root / "inits/x.png", root / "other/x.png")
    other = plan(root).assign(init_image=str(root / "other/x.png"))
    with pytest.raises(ValueError, match="another image set: 000000.png has init_image="):
        generate(tiny_pipeline, other, root / "set", batch_size=2, **FAST)


def test_a_set_with_absolute_paths_goes_on(tiny_pipeline, moved):
    "As sets were written before."
    _, plan, root = moved
    metadata, first = root / "set/metadata.jsonl", root / "set/000000.png"
    written = first.stat().st_mtime_ns
    metadata.write_text(metadata.read_text().replace("../inits", str(root / "inits")))
    assert len(generate(tiny_pipeline, plan(root), root / "set", batch_size=2, **FAST)) == 4
    assert first.stat().st_mtime_ns == written


# ---- killed, broken, full


def _die_at(when, pipe, folder):
    "Generates, and kills this process at the `when`-th renaming of a file."
    real, count = os.replace, iter(range(10**6))

    def replace(*args):
        if next(count) == when:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*args)

    os.replace = replace
    generate(pipe, PLAN, folder, batch_size=2, **FAST)


def _die_in_a_line(when, pipe, folder):
    "Generates, and kills this process in the second line of the `when`-th batch."
    real, count = image_sets.append_metadata, iter(range(10**6))

    def append(file, rows):
        if next(count) == when:
            with file.open("a") as opened:
                opened.write(json.dumps(rows[0]) + "\n" + json.dumps(rows[1])[:40])
                opened.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        real(file, rows)

    image_sets.append_metadata = append
    generate(pipe, PLAN, folder, batch_size=2, **FAST)


@pytest.mark.parametrize(
    "die, when",
    [(_die_at, 0), (_die_at, 1), (_die_at, 2), (_die_at, 6), (_die_in_a_line, 0), (_die_in_a_line, 2)],
)
def test_kill_and_resume(tiny_pipeline, tmp_path, killed, die, when):
    whole = generate(tiny_pipeline, PLAN, tmp_path / "whole", batch_size=2, **FAST)
    assert killed(die, when, tiny_pipeline, tmp_path / "cut") == -signal.SIGKILL
    again = generate(tiny_pipeline, PLAN, tmp_path / "cut", batch_size=2, **FAST)
    files = sorted([*whole.file_name, "metadata.jsonl"])
    for name in files:
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "cut" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "cut").glob("[!.]*")) == files
    assert {path.name for path in (tmp_path / "cut").glob(".*")} <= {LOCK_FILE}
    assert len(again) == 9


def test_a_finished_set_is_read_where_nothing_can_be_written(tiny_pipeline, tmp_path):
    drawn = generate(tiny_pipeline, PLAN[:2], tmp_path / "set", **FAST)
    with read_only():
        assert generate(tiny_pipeline, PLAN[:2], tmp_path / "set", **FAST).equals(drawn)
    (tmp_path / "set/000001.png").unlink()
    with read_only(), pytest.raises(OSError, match=r"Read-only file system[^;]*(; run the same.*)?$"):
        with pytest.warns(UserWarning, match="000001.png is missing or broken"):
            generate(tiny_pipeline, PLAN[:2], tmp_path / "set", **FAST)


def test_a_finished_set_is_not_drawn_again(tiny_pipeline, tmp_path, monkeypatch):
    generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)
    monkeypatch.setattr(generating, "draw_batch", lambda *args: pytest.fail("drew again"))
    assert len(generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)) == 9


def test_broken_files_are_drawn_again(tiny_pipeline, tmp_path):
    table = generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=4, **FAST)
    before, paths = read_images(table), [Path(path) for path in table.path]
    paths[3].write_bytes(b"no png")
    paths[6].unlink()
    paths[5].write_bytes(paths[5].read_bytes()[:60])
    metadata = tmp_path / "s" / "metadata.jsonl"
    metadata.write_text(metadata.read_text()[:-40])
    with pytest.raises(FileNotFoundError, match="are missing"), pytest.warns(UserWarning):
        load_image_set(tmp_path / "s")
    with pytest.warns(UserWarning, match="drawn again"):
        again = generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=4, **FAST)
    assert (read_images(again) == before).all()


def test_what_was_changed_is_drawn_again_and_nothing_else(tiny_pipeline, tmp_path, monkeypatch):
    "An edited picture, a replaced one, and those whose start or mask has changed."
    starts = [tmp_path / f"{name}.png" for name in "abc"]
    images = sample_images(tiny_pipeline, PLAN[:3], **FAST)
    white = np.full((16, 16), 255, np.uint8)
    for start, image in zip(starts, images, strict=True):
        Image.fromarray(image).save(start)
    Image.fromarray(white).save(tmp_path / "mask.png")
    plan = PLAN[:5].assign(init_image=[None, *map(str, starts), str(starts[0])])
    plan["mask"] = [None, None, None, str(tmp_path / "mask.png"), None]
    table = generate(tiny_pipeline, plan, tmp_path / "s", batch_size=5, **FAST)
    assert table.init_image_hash.notna().tolist() == [False, True, True, True, True]
    assert table.mask_hash.notna().tolist() == [False, False, False, True, False]
    before, paths = read_images(table), [Path(path) for path in table.path]
    paths[0].write_bytes(paths[1].read_bytes())
    Image.fromarray(images[2]).save(starts[1])
    Image.fromarray(white // 2).save(tmp_path / "mask.png")
    written = [path.stat().st_mtime_ns for path in paths]
    with pytest.warns(UserWarning) as said:
        again = generate(tiny_pipeline, plan, tmp_path / "s", batch_size=5, **FAST)
    words = [str(warning.message) for warning in said if "drawn again" in str(warning.message)]
    assert len(words) == 3
    assert "000000.png was changed since it was drawn" in words[0]
    assert "000002.png was drawn from another init_image" in words[1]
    assert "000003.png was drawn from another mask" in words[2]
    kept = [path.stat().st_mtime_ns == time for path, time in zip(paths, written, strict=True)]
    assert kept == [False, True, False, False, True]
    assert (read_images(again)[[0, 1, 4]] == before[[0, 1, 4]]).all()
    assert (read_images(again)[2] != before[2]).any()
    assert (table.init_image_hash != again.init_image_hash)[1:].tolist() == [False, True, False, False]
    monkeypatch.setattr(generating, "draw_batch", lambda *args: pytest.fail("drew again"))
    generate(tiny_pipeline, plan, tmp_path / "s", batch_size=5, **FAST)


def test_a_set_of_an_earlier_version_goes_on(tiny_pipeline, tmp_path):
    table = generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=3, **FAST)
    metadata = tmp_path / "s/metadata.jsonl"
    rows = [json.loads(line) for line in metadata.read_text().splitlines()]
    old = [{name: value for name, value in row.items() if name != "image_hash"} for row in rows]
    metadata.write_text("".join(json.dumps(row) + "\n" for row in old[:4]))
    with pytest.warns(UserWarning, match="holds 4 rows of an earlier version") as said:
        again = generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=3, **FAST)
    assert sum("without hashes" in str(warning.message) for warning in said) == 1
    assert again.image_hash.isna().sum() == 4
    assert (read_images(again) == read_images(table)).all()
    assert close(regenerate(tiny_pipeline, again.iloc[0]), read_images(table)[0])


def test_rows_of_several_batches_end_in_order(tiny_pipeline, tmp_path, monkeypatch):
    "Kinds are drawn one after the other; the table is written whole twice, however many batches there are."
    writes, write = [], image_sets.atomic_write
    monkeypatch.setattr(image_sets, "atomic_write", lambda *args: (writes.append(1), write(*args)))
    plan = PLAN.assign(guidance=[3.0, 2.0, 3.0] * 3)
    table = generate(tiny_pipeline, plan, tmp_path / "s", batch_size=1, **FAST)
    assert table.file_name.tolist() == sorted(table.file_name)
    lines = (tmp_path / "s/metadata.jsonl").read_text().splitlines()
    assert [json.loads(line)["file_name"] for line in lines] == table.file_name.tolist()
    assert len(writes) == 2


@pytest.mark.parametrize(
    "plan, settings, why",
    [
        (PLAN.assign(seed=PLAN.seed + 1), {}, "seed="),
        (PLAN, dict(guidance=2.0), "guidance=3.0 there and 2.0"),
        (PLAN, dict(sampler="ddim"), "sampler='dpmsolver\\+\\+' there and 'ddim' here"),
        (PLAN[:5], {}, "not in this plan"),
        (PLAN.assign(y=7), {}, "y="),
    ],
)
def test_another_set_in_the_folder(tiny_pipeline, tmp_path, plan, settings, why):
    generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)
    with pytest.raises(ValueError, match="holds another image set.*" + why):
        generate(tiny_pipeline, plan, tmp_path / "s", **FAST | settings)


def test_a_longer_plan_goes_on(tiny_pipeline, tmp_path):
    generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)
    longer = pd.concat([PLAN, PLAN.assign(seed=PLAN.seed + 1)])
    assert len(generate(tiny_pipeline, longer, tmp_path / "s", **FAST)) == 18


def test_a_folder_of_somebody_else(tiny_pipeline, tmp_path):
    (tmp_path / "000000.png").write_text("precious")
    with pytest.raises(ValueError, match="holds no image set"):
        generate(tiny_pipeline, PLAN, tmp_path, **FAST)
    assert (tmp_path / "000000.png").read_text() == "precious"


def test_full_disk(tiny_pipeline, tmp_path, monkeypatch):
    real, count = Image.Image.save, iter(range(10**6))

    def save(self, *args, **kwargs):
        if next(count) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, *args, **kwargs)

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OSError, match="the disk is full: 4 of 9 images") as error:
        generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=2, **FAST)
    assert error.value.errno == errno.ENOSPC
    assert len(load_image_set(tmp_path / "s")) == 4
    images = read_images(generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=2, **FAST))
    assert close(images, sample_images(tiny_pipeline, PLAN, **FAST))


# ---- provenance

COLUMNS = """file_name prompt seed source sampler steps guidance checkpoint adapter versions y
negative_prompt image_hash"""


def test_provenance_and_regeneration(tiny_pipeline, tmp_path):
    plan = PLAN.assign(negative_prompt=["fog"] + [None] * 8)
    table = generate(tiny_pipeline, plan, tmp_path / "s", **FAST)
    row = json.loads((tmp_path / "s" / "metadata.jsonl").read_text().splitlines()[0])
    assert set(row) == set(COLUMNS.split())
    assert row["checkpoint"] == pipeline_hash(tiny_pipeline)
    for i in (0, 4):
        assert close(regenerate(tiny_pipeline, table.iloc[i]), read_images(table)[i])
    tiny_pipeline.unet.conv_in.weight.data += 1
    with pytest.raises(ValueError, match="was drawn with checkpoint"):
        regenerate(tiny_pipeline, table.iloc[0])


def test_a_set_remembers_its_sampler(tiny_pipeline, tmp_path):
    with pytest.raises(ValueError, match="sampler='leaps' is unknown; allowed: dpmsolver\\+\\+, ddim"):
        generate(tiny_pipeline, PLAN, tmp_path / "none", sampler="leaps", **FAST)
    assert not (tmp_path / "none").exists()
    table = generate(tiny_pipeline, PLAN[:2], tmp_path / "a", sampler="ddim", **FAST)
    assert (table.sampler == "ddim").all()
    images = read_images(table)
    assert close(regenerate(tiny_pipeline, table.iloc[1]), images[1])
    assert not close(images, sample_images(tiny_pipeline, PLAN[:2], **FAST))
    with pytest.raises(ValueError, match="has sampler='ddim' there and 'dpmsolver\\+\\+' here"):
        generate(tiny_pipeline, PLAN[:2], tmp_path / "a", **FAST)


def test_a_setting_that_a_column_asks_for_is_told(tiny_pipeline, tmp_path):
    asked = PLAN[:2].assign(steps=[None, 77], sampler="ddim")
    with pytest.warns(UserWarning) as said:
        generate(tiny_pipeline, asked, tmp_path / "a", sampler="ddim", **FAST)
    assert [str(one.message) for one in said if "column" in str(one.message)] == [
        f"the plan's column steps says 77.0, and all rows are drawn with {FAST['steps']}; "
        "draw them by a call for each"
    ]


@pytest.mark.parametrize(
    "bad", [dict(steps=0), dict(steps=1.5), dict(steps=1001), dict(guidance=float("nan")), dict(batch_size=0)]
)
def test_bad_settings_are_refused_before_the_folder_is_made(tiny_pipeline, tmp_path, bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"{name}="):
        generate(tiny_pipeline, PLAN, tmp_path / "set", **FAST | bad)
    assert not (tmp_path / "set").exists()


def test_a_picture_that_is_not_finite_is_never_saved(tiny_pipeline, tmp_path):
    torch.nn.init.constant_(tiny_pipeline.vae.decoder.conv_out.bias, float("inf"))
    with pytest.raises(FloatingPointError, match="not finite after the autoencoder"):
        generate(tiny_pipeline, PLAN, tmp_path / "set", **FAST)
    assert not list((tmp_path / "set").glob("*.png"))
    assert not (tmp_path / "set/metadata.jsonl").read_text()


@pytest.mark.parametrize("lost", ["steps", "guidance", "sampler", "checkpoint"])
def test_a_row_that_does_not_say_how_it_was_drawn_is_refused(tiny_pipeline, tmp_path, lost):
    table = generate(tiny_pipeline, plan_prompts("a boat", 1), tmp_path, steps=2, progress=False)
    with pytest.raises(ValueError, match=f"the row has no {lost}; rows of an image set have"):
        regenerate(tiny_pipeline, table.iloc[0].drop(lost))
