"Image sets on disk: rows, portable paths, what is there already, and full disks."

import errno
import json

import numpy as np
import pytest
import torch
from PIL import Image

from spurious_core.core.images import read_images
from spurious_core.diffusion.image_sets import (
    METADATA,
    PART,
    collect_parts,
    finished_rows,
    load_image_set,
    pipeline_hash,
    portable_path,
    read_metadata,
    save_images,
    write_metadata,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
ROWS = [dict(file_name=f"{i:06d}.png", prompt="snow", seed=i) for i in range(4)]


def by_name(rows):
    return {row["file_name"]: row for row in rows}


@pytest.fixture
def folder(tmp_path):
    "An image set of which all is drawn."
    (tmp_path / "set").mkdir()
    save_images(tmp_path / "set", METADATA, IMAGES, ROWS, {}, total=4)
    return tmp_path / "set"


def test_what_is_saved_is_read(folder):
    table = load_image_set(folder)
    assert (read_images(table) == IMAGES).all()
    assert table.seed.tolist() == [0, 1, 2, 3]
    assert finished_rows(folder, ROWS) == by_name(ROWS)


def test_the_hash_follows_the_weights(tiny_pipeline):
    before = pipeline_hash(tiny_pipeline)
    assert pipeline_hash(tiny_pipeline) == before
    with torch.no_grad():
        tiny_pipeline.vae.decoder.conv_out.bias += 1
    assert pipeline_hash(tiny_pipeline) != before


def test_a_line_cut_short_is_dropped(folder):
    file = folder / METADATA
    file.write_text(file.read_text()[:-10])
    with pytest.warns(UserWarning, match="unreadable line is dropped"):
        assert read_metadata(file) == ROWS[:3]


@pytest.mark.parametrize("place, kept", [("set/a.png", "a.png"), ("in/a.png", "../in/a.png")])
def test_paths_near_a_set_are_relative(tmp_path, place, kept):
    assert portable_path(tmp_path / "set", tmp_path / place) == kept


def test_paths_far_from_a_set_are_absolute(tmp_path):
    far = tmp_path / "far.png"
    assert portable_path(tmp_path / "sets/set", far) == str(far)


def test_missing_sets_and_images_are_named(folder, tmp_path):
    (folder / "000002.png").unlink()
    with pytest.raises(FileNotFoundError, match="1 images are missing, such as .*000002.png"):
        load_image_set(folder)
    with pytest.raises(FileNotFoundError, match="holds no image set: it has no metadata.jsonl"):
        load_image_set(tmp_path)


@pytest.mark.parametrize("damage", [b"no png", IMAGES.tobytes()[:60], None])
def test_a_broken_image_is_not_finished(folder, damage):
    (folder / "000001.png").unlink()
    if damage:
        (folder / "000001.png").write_bytes(damage)
    with pytest.warns(UserWarning, match="000001.png is missing or broken"):
        done = finished_rows(folder, ROWS)
    assert done == by_name([ROWS[0], *ROWS[2:]])


def test_a_set_of_other_rows_is_refused(folder):
    with pytest.raises(ValueError, match="000003.png is not in this plan"):
        finished_rows(folder, ROWS[:3])
    other = [row | dict(prompt="fog") for row in ROWS]
    with pytest.raises(ValueError, match="000000.png has prompt='snow' there and 'fog' here"):
        finished_rows(folder, other)
    assert finished_rows(folder, [row | dict(versions="new") for row in ROWS])


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(ValueError, match="is not empty and holds no image set"):
        finished_rows(tmp_path, ROWS)


def test_parts_are_collected_once_and_again(folder):
    write_metadata(folder / METADATA, {})
    write_metadata(folder / f"{PART}0.jsonl", by_name(ROWS[:2]))
    write_metadata(folder / f"{PART}1.jsonl", by_name(ROWS[2:]))
    part = (folder / f"{PART}1.jsonl").read_text()
    collect_parts(folder)
    (folder / f"{PART}1.jsonl").write_text(part)  # as if killed before the last was removed
    collect_parts(folder)
    assert read_metadata(folder / METADATA) == ROWS
    assert not list(folder.glob(f"{PART}*"))


def test_leftovers_are_swept(folder):
    (folder / ".000001.png.tmp").write_text("half")
    finished_rows(folder, ROWS)
    assert not (folder / ".000001.png.tmp").exists()


def test_a_full_disk_says_how_to_go_on(folder, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="the disk is full: 2 of 4 images are in .*; make room") as error:
        save_images(folder, METADATA, IMAGES[2:], ROWS[2:], by_name(ROWS[:2]), total=4)
    assert error.value.errno == errno.ENOSPC
    assert [json.loads(line) for line in (folder / METADATA).read_text().splitlines()] == ROWS
