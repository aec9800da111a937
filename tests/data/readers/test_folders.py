"What readers share: registered once, splits drawn exactly."

import pytest

from spurious_core.data.readers.folders import draw_splits, reader, registered_readers


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
