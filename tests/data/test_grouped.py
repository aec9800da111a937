"Grouped images: labels, attributes and pictures stay together whatever is done to the table."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.grouped import GroupedImages, listing
from support.grouped_sets import (
    ATTRIBUTES,
    LABELS,
    SPLIT,
    A,
    Y,
    assert_rows_fit,
    coded,
    on_disk,
    row_numbers,
    table,
    toy,
)


@pytest.fixture(params=["memory", "disk"])
def either(request, tmp_path):
    return toy() if request.param == "memory" else on_disk(tmp_path / "d")


# --- order


def test_pictures_follow_their_rows(either):
    assert_rows_fit(either)
    assert row_numbers(either) == list(range(len(Y)))
    assert_rows_fit(either.in_memory())


def test_a_part_keeps_its_pictures(either):
    for split in ("train", "val", "test"):
        assert_rows_fit(either.split(split))
        assert (either.split(split).manifest.split == split).all()
    repeated = either.subset([7, 2, 2])
    assert_rows_fit(repeated)
    assert row_numbers(repeated) == [7, 2, 2]
    assert_rows_fit(either.subset(either.group == 3).in_memory())


def test_images_are_read_by_index_slice_and_mask(either):
    assert either.images([4, 1])[:, 0, 0, 2].tolist() == [40, 10]
    assert len(either.images(slice(2, 4))) == 2
    assert len(either.images(either.y == 0)) == Y.count(0)
    assert either.images(-1).shape == (1, 8, 8, 3)


def test_an_index_of_the_callers_table_does_not_matter():
    manifest = table().set_index(pd.Index(range(50, 50 + len(Y))[::-1]))
    assert_rows_fit(GroupedImages(manifest, LABELS, ATTRIBUTES, pixels=coded(Y, A)))


def test_the_callers_table_is_left_alone():
    manifest = table()
    GroupedImages(manifest, LABELS, ATTRIBUTES, pixels=coded(Y, A))
    assert list(manifest) == ["y", "a", "split"]


def test_counts():
    counts = toy().counts()
    expected = pd.crosstab(np.array(Y) * 2 + A, SPLIT).reindex(range(4), fill_value=0)
    for split in ("train", "val", "test"):
        assert counts[split].tolist() == expected[split].tolist()
    assert counts["all"].tolist() == np.bincount(toy().group).tolist()
    assert counts.group.tolist() == toy().group_names
    assert len(toy().subset([0]).counts()) == 4


# --- balance


@pytest.mark.parametrize("by", ["group", "y"])
@pytest.mark.parametrize("how", ["down", "up"])
def test_balance_makes_equal_counts_deterministically(either, by, how):
    balanced = either.balance(3, by=by, how=how)
    before = np.bincount(getattr(either, by))
    expected = before.min() if how == "down" else before.max()
    assert set(np.bincount(getattr(balanced, by))) == {expected}
    assert_rows_fit(balanced)
    assert balanced.manifest.equals(either.balance(3, by=by, how=how).manifest)
    rows = row_numbers(balanced)
    if how == "down":
        assert len(set(rows)) == len(rows)
    else:
        assert set(rows) == set(range(len(Y)))  # nothing is lost by repeating


def test_balance_depends_on_its_seed():
    assert len({tuple(row_numbers(toy().balance(seed))) for seed in range(8)}) > 1


def test_balance_says_which_groups_it_cannot_balance():
    with pytest.warns(UserWarning, match="1 of 4 groups have no images") as warned:
        balanced = toy().subset(np.array(Y) * 2 + A != 1).balance(0)
    assert warned[0].filename == __file__
    assert np.bincount(balanced.group, minlength=4).tolist() == [2, 0, 2, 2]
    with pytest.raises(ValueError, match="how='sideways' is unknown; allowed: down, up"):
        toy().balance(0, how="sideways")
    with pytest.raises(ValueError, match="by='a' is unknown; allowed: group, y"):
        toy().balance(0, by="a")


# --- what is refused


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(y=[2] + Y[1:]), "y=2 in 1 of 11 rows is unknown; allowed: 0, 1"),
        (dict(a=[-1] + A[1:]), "a=-1"),
        (dict(y=[np.nan] + Y[1:]), "y=nan"),
        (dict(y=[0.5] + Y[1:]), "y=0.5"),
        (dict(split=["valid"] + SPLIT[1:]), "split='valid'.*allowed: train, val, test"),
        (dict(g="fake"), "g='fake'.*real, generated"),
    ],
)
def test_unknown_values(change, message):
    with pytest.raises(ValueError, match=message):
        GroupedImages(table(**change), LABELS, ATTRIBUTES, pixels=coded(Y, A))


def test_a_long_range_is_listed_by_its_ends():
    assert listing(range(1000)) == "0..999"
    assert listing(range(3)) == "0, 1, 2"
    assert listing(["train", "test"]) == "train, test"


def test_a_table_that_lacks_something():
    with pytest.raises(ValueError, match="lacks split, file; it has y, a"):
        GroupedImages(table().drop(columns="split"), LABELS, ATTRIBUTES)
    with pytest.raises(ValueError, match="no images"):
        GroupedImages(table()[:0], LABELS, ATTRIBUTES, pixels=coded(Y, A)[:0])


def test_names_are_needed_once_each():
    with pytest.raises(ValueError, match="without repetition"):
        GroupedImages(table(), ["cat", "cat"], ATTRIBUTES, pixels=coded(Y, A))
    with pytest.raises(ValueError, match=r"attributes=\[\]"):
        GroupedImages(table(), LABELS, [], pixels=coded(Y, A))


def test_pixels_that_do_not_fit():
    for pixels, message in (
        (coded(Y, A)[:-1], "for 11 rows"),
        (coded(Y, A).astype(np.float32), "expected uint8"),
        (coded(Y, A)[..., :2], "expected uint8"),
        (coded(Y, A).tolist(), "pixels list"),
    ):
        with pytest.raises(ValueError, match=message):
            GroupedImages(table(), LABELS, ATTRIBUTES, pixels=pixels)
    with pytest.raises(ValueError, match="size=0"):
        toy(size=0)


def test_parts_that_are_not_there():
    for nothing in ([], np.zeros(11, bool)):
        with pytest.raises(ValueError, match="a subset without images"):
            toy().subset(nothing)
    with pytest.raises(ValueError, match="no split 'val'; it has test"):
        toy().split("test").split("val")


ROWS = "whole numbers from -11 to 10, a mask of 11 rows or a slice"
BY_NAME = pd.Series([True] * 11, index=list("abcdefghijk"))


@pytest.mark.parametrize(
    "which, why",
    [
        ("train", "neither"),
        ([0.0, 1.0], "neither"),
        ([None, 1], "neither"),
        ([[0, 1], [2, 3]], r"it has shape \(2, 2\)"),
        ([[0], [1, 2]], "inhomogeneous"),
        (np.ones(5, bool), "it is a mask of 5 rows"),
        ([3, 11], "there is no row 11"),
        ([-12], "there is no row -12"),
        (BY_NAME, "the index of this mask is not the manifest's"),
        (slice("a", None), "slice indices"),
    ],
)
def test_what_chooses_no_rows_is_refused(which, why):
    for choose in (toy().subset, toy().images):
        with pytest.raises(ValueError, match=f"toy: rows=.* must be {ROWS}: .*{why}"):
            choose(which)


def test_nothing_chooses_all_pictures_and_no_subset():
    assert len(toy().images(None)) == len(toy().images(slice(None))) == len(Y)
    with pytest.raises(ValueError, match=f"toy: rows=None must be {ROWS}"):
        toy().subset(None)


def test_a_series_is_taken_row_by_row(either):
    mask = either.manifest.y == 0
    assert_rows_fit(either.subset(mask))
    assert np.array_equal(either.images(mask), either.images(mask.to_numpy()))
    with pytest.raises(ValueError, match="the index of this mask is not the manifest's; give its to_numpy()"):
        either.subset(mask[::-1])
    assert row_numbers(either.subset(pd.Series([7, 2], index=[1, 0]))) == [7, 2]


def test_a_subset_may_be_a_slice(either):
    assert row_numbers(either.subset(slice(8, 2, -3))) == [8, 5]
    assert len(either.images([])) == 0


# --- what is shown


def test_it_shows_its_counts_and_a_row_of_each_group():
    page = toy()._repr_html_()
    assert page.count("<tr>") + page.count("<tr ") == 5
    assert "dog, outdoors" in page
    assert "data:image/png;base64," in page
    assert toy()._repr_html_() == page
    assert repr(toy()) == "toy: 11 images, 2 classes x 2 attributes, train 6, val 2, test 3"


def test_further_groups_are_counted_not_shown():
    manifest = pd.DataFrame(dict(y=range(40), a=0, split="test"))
    labels = [f"class {i}" for i in range(40)]
    many = GroupedImages(manifest, labels, ["none"], pixels=coded([0] * 40, [0] * 40))
    assert "and 28 further groups" in many._repr_html_()


def test_a_set_whose_files_are_gone_still_shows_its_table(tmp_path):
    images = on_disk(tmp_path / "d")
    (tmp_path / "d/2.png").unlink()
    page = images._repr_html_()
    assert "2.png (missing)" in page
    assert "dog, outdoors" in page


def test_names_and_paths_are_shown_as_text(tmp_path):
    tag = "<script>x</script>"
    shown = replace(toy(), name=tag, labels=["cat", tag])._repr_html_()
    folder = tmp_path / "<i>"
    images = on_disk(folder)
    (folder / "2.png").unlink()
    page = images._repr_html_()
    assert (
        "<script>" not in shown and shown.count("&lt;script&gt;") == 6
    )  # title and two groups, in the picture's text too
    assert "<i>" not in page and "&lt;i&gt;/2.png (missing)" in page


def test_a_size_is_asked_for(tmp_path):
    without = on_disk(tmp_path / "d", size=None)
    with pytest.raises(ValueError, match="size=224"):
        without.images()
    assert replace(without, size=4).images().shape == (11, 4, 4, 3)
    assert without.show() is not None  # shown in a small size


def test_labels_and_attributes_that_look_alike_are_refused():
    rows = pd.DataFrame(dict(y=[0, 1], a=[0, 1], split="train"))
    pixels = np.zeros((2, 4, 4, 3), np.uint8)
    for labels, attributes in ((["cat", "cat\t"], ["land", "water"]), (["cat", "dog"], ["land", " land"])):
        with pytest.raises(ValueError, match="differ by white space or Unicode form only"):
            GroupedImages(rows, labels, attributes, pixels=pixels)


def test_a_manifest_has_each_column_once():
    rows = pd.DataFrame([[0, 0, "train", 1]], columns=["y", "a", "split", "y"])
    with pytest.raises(ValueError, match="the manifest has two columns 'y'; rename or drop one"):
        GroupedImages(rows, ["cat"], ["none"], pixels=np.zeros((1, 4, 4, 3), np.uint8))


def test_what_is_no_table_or_no_list_of_names_is_refused():
    rows = pd.DataFrame(dict(y=[0, 1], a=0, split="train"))
    pixels = np.zeros((2, 4, 4, 3), np.uint8)
    with pytest.raises(ValueError, match="the manifest is a list, and no DataFrame"):
        GroupedImages([0, 1], ["cat", "dog"], ["none"], pixels=pixels)
    for bad in ("ab", [None, "dog"]):
        with pytest.raises(ValueError, match="labels=.* must be a list of names"):
            GroupedImages(rows, bad, ["none"], pixels=pixels)
    with pytest.raises(ValueError, match="seed='x' must be a whole number"):
        GroupedImages(rows, ["cat", "dog"], ["none"], pixels=pixels).balance("x")


@pytest.mark.parametrize("box", ["x", "[5, 5, 2, 2]", [0, 0, None, 3], (0, 0, 3), 7])
def test_a_box_is_four_numbers_or_nothing(box, tmp_path):
    images = on_disk(tmp_path)
    boxes = [(0, 0, 4, 4), None, float("nan"), *[None] * (len(images) - 3)]
    replace(images, manifest=images.manifest.assign(box=boxes))
    boxes[3] = box
    with pytest.raises(ValueError, match="toy: row 3 has box=.*expected four numbers, left, top"):
        replace(images, manifest=images.manifest.assign(box=boxes))
