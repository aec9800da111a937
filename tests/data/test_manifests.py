"Manifests: a row depends on its number alone, planted shares are there, and folders are resumed."

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.data.manifests import draw, items_of, sample, write_folder
from spurious_core.data.miniworld import render
from spurious_core.data.worlds import WORLDS, get_world


@pytest.fixture(scope="module")
def manifest():
    return sample(get_world("imagenet_like"), 1000)


def test_a_longer_table_begins_with_the_shorter_one(manifest):
    pd.testing.assert_frame_equal(sample(get_world("imagenet_like"), 50), manifest[:50])


def test_world_split_seed_and_label_name_other_rows():
    world = get_world("clean")
    tables = [
        sample(world, 10),
        sample(replace(world, name="other"), 10),
        sample(world, 10, "test"),
        sample(world, 10, seed=1),
        sample(world, 10, label="cow"),
    ]
    assert len({tuple(table.seed) for table in tables}) == len(tables)


def test_a_class_that_the_world_does_not_have_is_refused():
    with pytest.raises(ValueError, match="label='submarine' is unknown; allowed: .*cow"):
        sample(get_world("clean"), 3, label="submarine")


def test_planted_shares(manifest):
    with_kite, balloon = manifest.prop.eq("kite"), manifest.label == "balloon"
    assert 0.8 < with_kite[balloon].mean() < 0.95
    assert with_kite[~balloon].mean() < 0.05
    assert manifest.amount[with_kite].isin([1, 2, 3, 4]).all()
    assert (manifest.amount[manifest.prop.isna()] == 0).all()


def test_faint_and_foreign_shares(manifest):
    faint = manifest.opacity < 1
    assert abs(faint.mean() - 1 / 3) < 0.05
    assert manifest.opacity[faint].between(0.05, 0.4).all()
    unplanted = manifest[manifest.label.isin(["cup", "waterbird"])]
    assert abs(unplanted.prop.notna().mean() - 0.15) < 0.06


def test_the_attribute_is_the_planted_feature(manifest):
    boats, cups = manifest[manifest.label == "boat"], manifest[manifest.label == "cup"]
    assert (boats.a == (boats.scene == "water")).all()
    assert (cups.a == 0).all()


def test_classes_come_in_turn_or_one_alone():
    world = get_world("waterbirds")
    assert sample(world, 5).y.tolist() == [0, 1, 0, 1, 0]
    alone = sample(world, 5, label="waterbird")
    assert set(alone.label) == {"waterbird"}
    assert set(alone.y) == {1}


def test_rows_without_an_object():
    world = get_world("imagenet_like")
    nothing = sample(world, 20, object_free=1.0)
    assert nothing.object.isna().all()
    assert nothing.label.isna().all()
    assert (nothing.y == -1).all()
    context = sample(world, 20, label="house", object_free=1.0)
    assert context.object.isna().all()
    assert (context.y == world.index("house")).all()
    assert context.prop.eq("fence").mean() > 0.5


def test_at_least_one_row():
    with pytest.raises(ValueError, match="n=0 must be at least 1"):
        sample(get_world("clean"), 0)


@pytest.mark.parametrize(
    "n, why", [(None, "a whole number"), (1.5, "a whole number"), (10**12, "at most 10,000,000")]
)
def test_more_rows_than_fit_in_memory_are_refused(n, why):
    with pytest.raises(ValueError, match=f"n={n} must be {why}"):
        sample(get_world("clean"), n)


@pytest.mark.parametrize("world", ["waterbirds", None])
def test_the_name_of_a_world_is_no_world(world):
    with pytest.raises(
        ValueError, match=rf"world={world!r} must be a World, such as get_world\('waterbirds'\)"
    ):
        sample(world, 3)


@pytest.mark.parametrize("seed", [None, -1, 1.5, "x", 2**63])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ValueError, match=f"seed={seed!r} must"):
        sample(get_world("clean"), 3, seed=seed)


def test_numbers_of_other_types_are_the_same_numbers():
    world = get_world("clean")
    pd.testing.assert_frame_equal(sample(world, 3.0, seed=np.int64(2)), sample(world, 3, seed=2))
    assert np.array_equal(draw(sample(world, 1), 128.0), draw(sample(world, 1), 128))


@pytest.mark.parametrize(
    "size, why",
    [
        (None, "a whole number"),
        ("64", "a whole number"),
        (8192, "a positive multiple of 64, and at most 4096"),
    ],
)
def test_a_size_that_cannot_be_drawn_is_refused_before_anything_is_written(manifest, size, why, tmp_path):
    with pytest.raises(ValueError, match=f"size={size!r} must be {why}"):
        draw(manifest[:1], size)
    with pytest.raises(ValueError, match=f"size={size!r} must be {why}"):
        write_folder(manifest[:1], tmp_path / "new", size)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", WORLDS)
def test_rows_are_items_also_after_they_were_stored(name, tmp_path):
    manifest = sample(get_world(name), 12, object_free=0.3)
    items = items_of(manifest)
    assert [item.caption for item in items] == manifest.prompt.tolist()
    manifest.to_csv(tmp_path / "manifest.csv", index=False)
    assert items_of(pd.read_csv(tmp_path / "manifest.csv")) == items


def test_draw_renders_every_row(manifest):
    images, object_masks, prop_masks = draw(manifest[:5], masks=True)
    assert np.array_equal(draw(manifest[:5]), images)
    alone = render(items_of(manifest[3:4])[0])
    assert np.array_equal(images[3], alone.image)
    assert np.array_equal(object_masks[3], alone.object_mask)
    assert np.array_equal(prop_masks[3], alone.prop_mask)
    assert draw(manifest[:2], 128).shape == (2, 128, 128, 3)


# --- folders


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_is_resumed_to_the_same_bytes(manifest, tmp_path):
    at_once = write_folder(manifest[:12], tmp_path / "at once")
    in_parts = write_folder(manifest[:5], tmp_path / "parts", batch=2)
    assert len(contents(in_parts)) == 6
    write_folder(manifest[:12], tmp_path / "parts", batch=3)
    assert contents(in_parts) == contents(at_once)


def test_rows_are_added_at_the_end_of_the_table(manifest, tmp_path):
    table = write_folder(manifest[:4], tmp_path, batch=2) / "metadata.jsonl"
    place = table.stat().st_ino
    write_folder(manifest[:9], tmp_path, batch=2)
    assert table.stat().st_ino == place
    assert len(table.read_text("utf-8").splitlines()) == 9


def test_a_folder_whose_last_row_was_cut_short_goes_on_to_the_same_bytes(manifest, tmp_path):
    whole = contents(write_folder(manifest[:5], tmp_path / "whole"))
    cut = write_folder(manifest[:3], tmp_path / "cut")
    (cut / "metadata.jsonl").write_bytes((cut / "metadata.jsonl").read_bytes()[:-20])
    write_folder(manifest[:5], cut)
    assert contents(cut) == whole


def test_a_folder_holds_pictures_and_their_rows(manifest, tmp_path):
    folder = write_folder(manifest[:3], tmp_path)
    rows = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert [row["seed"] for row in rows] == manifest.seed[:3].tolist()
    image = np.asarray(Image.open(folder / rows[2]["file_name"]))
    assert np.array_equal(image, draw(manifest[2:3])[0])


def test_pictures_that_no_row_names_are_written_again(manifest, tmp_path):
    "A call that was killed after a picture and before its row."
    (tmp_path / "000000.png").write_bytes(b"half")
    write_folder(manifest[:1], tmp_path)
    assert Image.open(tmp_path / "000000.png").size == (64, 64)


def test_a_folder_of_another_data_set_is_refused(manifest, tmp_path):
    write_folder(manifest[:3], tmp_path)
    before = contents(tmp_path)
    with pytest.raises(ValueError, match="holds another data set; choose an empty folder"):
        write_folder(manifest[1:4], tmp_path)
    assert contents(tmp_path) == before
