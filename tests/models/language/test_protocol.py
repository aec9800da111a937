"Names of classes come out of phrases, whole words only."

import pytest

from spurious_core.models.language.protocol import (
    without_names,
)


@pytest.mark.parametrize(
    "phrase, names, left",
    [
        ("Landbirds", ["landbird"], ""),
        ("blond woman", ["blond", "dark"], "woman"),
        ("catfish", ["cat"], "catfish"),
        ("swimming cap", ["cap"], "swimming"),
        ("a dog sled", ["dog sled", "dog"], ""),
        ("buses", ["bus"], ""),
        ("two horses", ["horse"], "two"),
        ("ponies", ["pony"], ""),
        ("a cape", ["cap"], "a cape"),
        ("grass", ["gras s"], "grass"),
        ("an old boat", [], "an old boat"),
        ("", ["x"], ""),
    ],
)
def test_names_come_out_whole_words_only(phrase, names, left):
    assert without_names(phrase, names) == left
