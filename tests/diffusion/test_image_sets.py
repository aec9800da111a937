"Image sets on disk: rows, portable paths, what is there already, and full disks."

import errno
import json
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from spurious_core.core.files import digest
from spurious_core.core.images import read_images
from spurious_core.diffusion.image_sets import (
    METADATA,
    PART,
    append_metadata,
    collect_parts,
    finished_rows,
    load_image_set,
    picture_hash,
    pipeline_hash,
    portable_path,
    read_metadata,
    save_images,
    write_metadata,
)

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), np.uint8)
ROWS = [dict(file_name=f"{i:06d}.png", prompt="snow", seed=i) for i in range(4)]
SAVED = [row | dict(image_hash=digest(image)) for row, image in zip(ROWS, IMAGES, strict=True)]


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
    assert finished_rows(folder, ROWS) == by_name(SAVED)


def test_the_hash_follows_the_weights(tiny_pipeline):
    before = pipeline_hash(tiny_pipeline)
    assert pipeline_hash(tiny_pipeline) == before
    with torch.no_grad():
        tiny_pipeline.vae.decoder.conv_out.bias += 1
    assert pipeline_hash(tiny_pipeline) != before


def test_a_line_cut_short_is_dropped(folder):
    file = folder / METADATA
    file.write_text(file.read_text()[:-10])
    with pytest.warns(UserWarning, match="the last line was cut short"):
        assert read_metadata(file) == SAVED[:3]
    with pytest.warns(UserWarning, match="the last line was cut short"):
        assert finished_rows(folder, ROWS) == by_name(SAVED[:3])
    assert file.read_text() == "".join(json.dumps(row) + "\n" for row in SAVED[:3])
    append_metadata(file, SAVED[3:])
    assert read_metadata(file) == SAVED


def test_a_damaged_line_that_is_not_the_last_is_named(folder):
    file = folder / METADATA
    file.write_text(file.read_text().replace('{"file_name": "000001', '"file_name": "000001'))
    with pytest.raises(ValueError, match="line 2 of .*metadata.jsonl is no JSON object"):
        finished_rows(folder, ROWS)


def test_lines_end_at_line_feeds_only_and_may_begin_with_a_byte_order_mark(tmp_path):
    row = dict(file_name="a.png", prompt="one\u2028two\u0085three")
    line = json.dumps(row, ensure_ascii=False)
    (tmp_path / METADATA).write_text(f"\ufeff{line}\n", encoding="utf-8")
    assert read_metadata(tmp_path / METADATA) == [row]


def test_a_doubled_line_is_one_row_and_rows_that_differ_are_named(folder):
    file = folder / METADATA
    append_metadata(file, SAVED[1:3])
    assert load_image_set(folder).seed.tolist() == [0, 1, 2, 3]
    assert finished_rows(folder, ROWS) == by_name(SAVED)
    assert len(file.read_text().splitlines()) == 4
    append_metadata(file, [SAVED[2] | dict(seed=7), SAVED[3] | dict(seed=7)])
    text = file.read_text()
    for read in (load_image_set, lambda folder: finished_rows(folder, ROWS)):
        with pytest.raises(ValueError, match="different rows of 000002.png, 000003.png; remove all but one"):
            read(folder)
    assert file.read_text() == text
    file.write_text('{"prompt": "snow"}\n')
    with pytest.raises(ValueError, match="a row without a file_name"):
        load_image_set(folder)


def test_rows_are_added_at_the_end_and_put_in_order_once(tmp_path):
    file = tmp_path / METADATA
    done = save_images(tmp_path, METADATA, IMAGES[2:], ROWS[2:], {}, total=4)
    place, text = file.stat().st_ino, file.read_text()
    assert save_images(tmp_path, METADATA, IMAGES[:2], ROWS[:2], done, total=4) == by_name(SAVED)
    assert file.stat().st_ino == place
    assert file.read_text().startswith(text)
    assert load_image_set(tmp_path).seed.tolist() == [0, 1, 2, 3]
    collect_parts(tmp_path)
    assert file.read_text() == "".join(json.dumps(row) + "\n" for row in SAVED)
    place = file.stat().st_ino
    collect_parts(tmp_path)
    assert file.stat().st_ino == place


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


@pytest.mark.parametrize(
    "row, why",
    [
        ("", "metadata.jsonl holds no rows"),
        ('{"file_name": ""}', "holds a row without a file_name"),
        ('{"file_name": "../000000.png"}', "../000000.png lies outside of the image set"),
        ('{"file_name": "/etc/hostname"}', "/etc/hostname lies outside of the image set"),
        (
            '{"file_name": "000000.png", "init_image": 3}',
            "000000.png: init_image=3 must be the path of a picture",
        ),
    ],
)
def test_rows_that_cannot_be_are_named(folder, row, why):
    (folder / METADATA).write_text(row + "\n")
    with pytest.raises(ValueError, match=why):
        load_image_set(folder)


@pytest.mark.parametrize("damage", [b"no png", IMAGES.tobytes()[:60], None])
def test_a_broken_image_is_not_finished(folder, damage):
    (folder / "000001.png").unlink()
    if damage:
        (folder / "000001.png").write_bytes(damage)
    with pytest.warns(UserWarning, match="000001.png is missing or broken"):
        done = finished_rows(folder, ROWS)
    assert done == by_name([SAVED[0], *SAVED[2:]])
    assert read_metadata(folder / METADATA) == list(done.values())


def test_a_picture_with_too_many_pixels_is_drawn_again(folder, monkeypatch):
    wide = np.zeros((1, 300, 3), np.uint8)
    Image.fromarray(wide).save(folder / "000001.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.warns(UserWarning, match="000001.png is missing or broken, and is drawn again"):
        done = finished_rows(folder, ROWS)
    assert done == by_name([SAVED[0], *SAVED[2:]])


def test_a_folder_in_the_place_of_a_picture_is_named(folder):
    (folder / "000001.png").unlink()
    (folder / "000001.png").mkdir()
    for rows in (SAVED, SAVED[:1]):  # whether it was drawn, or is still to be
        write_metadata(folder / METADATA, by_name(rows))
        with pytest.raises(
            ValueError, match="000001.png is a folder in the place of a picture; move it away"
        ):
            finished_rows(folder, ROWS)


@pytest.mark.parametrize("image", [IMAGES[0], IMAGES[1] ^ 1, IMAGES[1][:4], IMAGES[1][..., 0]])
def test_a_picture_that_was_changed_is_not_finished(folder, image):
    Image.fromarray(image).save(folder / "000001.png")
    with pytest.warns(UserWarning, match="000001.png was changed since it was drawn, and is drawn again"):
        done = finished_rows(folder, ROWS)
    assert done == by_name([SAVED[0], *SAVED[2:]])


def test_a_picture_that_was_only_written_anew_is_finished(folder):
    Image.fromarray(IMAGES[1]).save(folder / "000001.png", compress_level=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert finished_rows(folder, ROWS) == by_name(SAVED)


def test_a_picture_drawn_from_another_start_is_not_finished(folder):
    there = {row["file_name"]: row | dict(init_image="../a.png", init_image_hash="1") for row in SAVED}
    (folder / METADATA).unlink()
    write_metadata(folder / METADATA, there)
    wanted = [row | dict(init_image="../a.png", init_image_hash="12"[row["seed"] == 2]) for row in ROWS]
    with pytest.warns(UserWarning, match="000002.png was drawn from another init_image than ../a.png holds"):
        assert list(finished_rows(folder, wanted)) == [row["file_name"] for row in ROWS if row["seed"] != 2]


def test_sets_without_hashes_are_read_and_it_is_said_once(folder):
    write_metadata(folder / METADATA, by_name(ROWS))
    before = (folder / METADATA).read_bytes()
    with pytest.warns(UserWarning, match="holds 4 rows of an earlier version, without hashes") as said:
        assert finished_rows(folder, [row | dict(mask_hash="1") for row in ROWS]) == by_name(ROWS)
    assert len(said) == 1
    assert (folder / METADATA).read_bytes() == before


def test_hashes_are_of_what_the_drawing_sees(tmp_path):
    paths = {name: tmp_path / f"{name}.png" for name in ("a", "again", "turned", "grey", "other")}
    mask = np.zeros((8, 8), np.uint8)
    mask[:4] = 255
    Image.fromarray(IMAGES[0]).save(paths["a"])
    Image.fromarray(IMAGES[0]).save(paths["again"], compress_level=0)
    upside_down = Image.Exif()
    upside_down[0x0112] = 3
    Image.fromarray(IMAGES[0]).save(paths["turned"], exif=upside_down)
    Image.fromarray(mask).save(paths["grey"])
    Image.fromarray(mask).convert("1").save(paths["other"])
    assert picture_hash("init_image", paths["a"]) == picture_hash("init_image", paths["again"])
    assert picture_hash("init_image", paths["a"]) != picture_hash("init_image", paths["turned"])
    assert picture_hash("mask", paths["grey"]) == picture_hash("paste", paths["other"])


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
    append_metadata(folder / f"{PART}0.jsonl", ROWS[2:])
    append_metadata(folder / f"{PART}1.jsonl", ROWS[:2])
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
    assert [json.loads(line) for line in (folder / METADATA).read_text().splitlines()] == SAVED


def test_the_hash_follows_what_the_scheduler_makes_of_an_answer(tiny_pipeline):
    before, kept = pipeline_hash(tiny_pipeline), tiny_pipeline.scheduler
    try:
        tiny_pipeline.scheduler = type(kept).from_config(kept.config, prediction_type="v_prediction")
        assert pipeline_hash(tiny_pipeline) != before
    finally:
        tiny_pipeline.scheduler = kept
    assert pipeline_hash(tiny_pipeline) == before
