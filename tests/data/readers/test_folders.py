"What readers share: registered once, splits drawn exactly."

import pytest

from spurious_core.data.readers.folders import draw_splits, read_table, reader, registered_readers
from spurious_core.data.reading import READERS, read_dataset


def test_a_reader_is_registered_once():
    @reader
    def my_birds(root):
        "Birds of mine."

    assert registered_readers()["my_birds"] is my_birds

    def elsewhere(root):
        "Other birds."

    elsewhere.__name__, elsewhere.__module__ = "my_birds", "another.module"
    with pytest.raises(ValueError, match="the reader my_birds stands in .* and in another.module"):
        reader(elsewhere)
    assert registered_readers()["my_birds"] is my_birds


def test_a_notebook_may_define_a_reader_anew():
    def classifier_of(module):
        def my_fish(root):
            "Fish."

        my_fish.__module__ = module
        return reader(my_fish)

    classifier_of("a.module")
    in_notebook = classifier_of("__main__")
    assert registered_readers()["my_fish"] is in_notebook
    with_module = classifier_of("a.module")
    assert registered_readers()["my_fish"] is with_module


def test_splits_are_drawn_exactly_and_by_their_key():
    first = draw_splits(101, dict(val=0.1, test=0.25), ("a", 0))
    assert [(first == s).sum() for s in ("train", "val", "test")] == [66, 10, 25]
    assert (first == draw_splits(101, dict(val=0.1, test=0.25), ("a", 0))).all()
    assert (first != draw_splits(101, dict(val=0.1, test=0.25), ("a", 1))).any()


def table_of(folder, text):
    (folder / "t.csv").write_text(text, encoding="utf-8")
    return read_table(folder / "t.csv", ["file"], "x")


@pytest.mark.parametrize(
    "text",
    [
        "file, label, y\n0.png, big cat, 1\n",
        "file , label ,y\n0.png , big cat ,1 \n",
        'file,label,y\n0.png, "big cat",1\n',
    ],
    ids=["after commas", "before commas", "before quotes"],
)
def test_spaces_beside_commas_are_no_part_of_a_word(tmp_path, text):
    assert table_of(tmp_path, text).to_dict("records") == [dict(file="0.png", label="big cat", y=1)]


def test_two_columns_of_one_name_are_refused(tmp_path):
    with pytest.raises(ValueError, match="columns 2 and 3 are called 'label'; rename or drop one"):
        table_of(tmp_path, "file,label, label\n0.png,cat,dog\n")


def test_a_row_with_a_field_too_many_moves_no_column(tmp_path):
    with pytest.raises(ValueError, match="has rows of more fields than there are names of columns"):
        table_of(tmp_path, "file,label\n0.png,cat,dog\n")


def test_a_column_without_a_name_is_kept(tmp_path):
    assert list(table_of(tmp_path, ",file\n0,0.png\n")) == ["Unnamed: 0", "file"]


@pytest.mark.parametrize(
    "name, release, reader",
    [
        ("celeba", "celebA_v1.0", "wilds_celeba"),
        ("metashift_subpop", "MetaShift-subpopulation-shift", "metashift_mixed"),
        ("metashift_disc", "MetaShift-subpopulation-shift", "metashift_mixed"),
    ],
)
def test_a_release_of_another_reader_is_named_with_it(name, release, reader, tmp_path):
    (tmp_path / release).mkdir()
    with pytest.raises((ValueError, OSError), match=f"{release} is read by {reader}"):
        read_dataset(name, tmp_path)
    assert reader in READERS
