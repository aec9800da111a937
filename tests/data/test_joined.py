"Several sets as one: pictures stay beside their rows, and sets that do not fit are refused."

from dataclasses import replace

import pytest

from spurious_core.data.joined import concatenate
from support.grouped_sets import SPLIT, A, Y, assert_rows_fit, coded, on_disk, toy


def both_orders_and_disk_only(folder):
    generated = on_disk(folder / "a", "generated", g="generated")
    return [toy(), generated], [generated, toy()], [on_disk(folder / "b"), generated]


def test_real_and_generated_keep_what_they_are(tmp_path):
    for sets in both_orders_and_disk_only(tmp_path):
        both = concatenate(sets)
        assert len(both) == 2 * len(Y)
        assert_rows_fit(both)
        assert both.manifest.g.tolist() == [g for images in sets for g in images.manifest.g]
        is_generated = both.manifest.g == "generated"
        assert (both.manifest.set == "generated").eq(is_generated).all()
        assert_rows_fit(both.subset(is_generated))
        assert both.counts()["train, generated"].sum() == SPLIT.count("train")


def test_sets_on_disk_stay_there_and_may_be_joined_again(tmp_path):
    *_, sets = both_orders_and_disk_only(tmp_path)
    both = concatenate(sets)
    assert both.pixels is None
    assert concatenate([both, toy()]).manifest.set.tolist() == [*both.manifest.set, *["toy"] * len(Y)]


def test_a_name_is_made_of_all_names_or_given():
    assert concatenate([toy(), replace(toy(), name="more")]).name == "toy + more"
    assert concatenate((toy() for _ in range(2)), "all").name == "all"


def test_a_set_without_a_size_takes_that_of_the_pixels(tmp_path):
    assert_rows_fit(concatenate([toy(), on_disk(tmp_path / "a", size=None)]))


def test_sets_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="labels differ"):
        concatenate([toy(), replace(toy(), labels=["dog", "cat"])])
    with pytest.raises(ValueError, match="attributes differ"):
        concatenate([toy(), replace(toy(), attributes=["in", "out"])])
    with pytest.raises(ValueError, match="16 x 16"):
        concatenate([toy(), replace(toy(), pixels=coded(Y, A, 16), name="large")])
    with pytest.raises(ValueError, match="sizes differ"):
        concatenate([on_disk(tmp_path / "a"), on_disk(tmp_path / "b", size=16)])
    with pytest.raises(ValueError, match="nothing"):
        concatenate([])
