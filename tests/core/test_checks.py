"Checks: what passes, what is refused, and in which words."

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from spurious_core.core.checks import (
    as_many,
    checked_codes,
    checked_seed,
    distinct,
    encodable,
    file_path,
    finite,
    folder_path,
    known,
    not_blank,
    not_negative,
    one_of,
    plain_numbers,
    positive,
    text_rows,
    texts,
    whole,
    within,
    yes_or_no,
)
from spurious_core.data.readers.imagefolder import imagefolder
from spurious_core.data.reading import read_dataset
from spurious_core.diffusion.references import load_references


def test_one_of_names_the_bad_value_and_the_allowed_ones():
    assert one_of("method", "lora", ("lora", "dreambooth")) == "lora"
    with pytest.raises(ValueError, match="^method='x' is unknown; allowed: lora, dreambooth$"):
        one_of("method", "x", ("lora", "dreambooth"))


def test_known_names_the_first_stranger_and_where():
    known("field", ["a", "b"], {"a": 1, "b": 2})
    with pytest.raises(ValueError, match=r"^my.ini \[big\]: unknown field 'c'; known: a, b$"):
        known("field", ["a", "c", "d"], ["a", "b"], where="my.ini [big]")
    with pytest.raises(ValueError, match="^unknown profile 'ab'; known: a, b$"):
        known("profile", "ab", ["a", "b"])  # one name, not two letters


@pytest.mark.parametrize(
    "interval, inside, outside",
    [
        ("[0, 1)", (0, 0.5, np.float32(0.25)), (1, -1e-9)),
        ("(0, 1]", (1, 1e-9), (0, 1.0001)),
        ("[1, inf)", (1, 1e300), (0.99, float("inf"))),
        ("(-inf, inf)", (-1e300, 0), (float("-inf"), float("inf"))),
    ],
)
def test_within_reads_an_interval_as_on_paper(interval, inside, outside):
    for value in inside:
        assert within("x", value, interval) == value
    for value in (*outside, float("nan"), None, "0.5", True):
        with pytest.raises(ValueError, match="^x=.* must lie in "):
            within("x", value, interval)


@pytest.mark.parametrize("check, zero", [(positive, False), (not_negative, True)])
def test_rates_and_weights_are_finite(check, zero):
    assert check("lr", 1e-4) == 1e-4
    if zero:
        assert check("lr", 0) == 0
    bad = [-1, float("inf"), float("nan"), "1", None] + ([] if zero else [0])
    for value in bad:
        with pytest.raises(ValueError, match="^lr="):
            check("lr", value)


def test_whole_takes_whole_numbers_of_any_type_and_no_others():
    for value in (3, 3.0, np.int64(3), np.float32(3)):
        assert whole("steps", value) == 3 and type(whole("steps", value)) is int
    for value in (1.5, float("inf"), float("nan"), "3", None, True):
        with pytest.raises(ValueError, match="^steps=.* must be a whole number$"):
            whole("steps", value)
    with pytest.raises(ValueError, match="^steps=0 must be at least 1$"):
        whole("steps", 0)
    assert whole("seed", -5, minimum=None) == -5


@pytest.mark.parametrize("bad", ["", " \n", None, 3])
def test_a_text_must_say_something(bad):
    with pytest.raises(ValueError, match="prompt=.* must be a text that says something"):
        not_blank("prompt", bad)
    assert not_blank("prompt", " a boat ") == " a boat "


def test_finite_returns_an_array_and_refuses_nan_infinity_and_words():
    assert finite("x", torch.tensor([1.0, 2.0])).tolist() == [1.0, 2.0]
    for bad in ([float("nan")], [float("inf")], ["a"], [None]):
        with pytest.raises(ValueError, match="^x "):
            finite("x", bad)


def test_as_many():
    assert as_many("titles", ("a", "b"), 2, "images") == ["a", "b"]
    with pytest.raises(ValueError, match="^1 titles for 2 images$"):
        as_many("titles", ["a"], 2, "images")


def test_a_seed_is_held_by_tables_and_generators():
    for seed, same in ((0, 0), (1.0, 1), (np.float64(2), 2), (np.int64(3), 3), (2**63 - 1, 2**63 - 1)):
        assert checked_seed("seed", seed) == same and type(checked_seed("seed", seed)) is int
    for bad in (-1, 2**63, 2**70, np.uint64(2**63)):
        with pytest.raises(ValueError, match=r"^seed=.* must lie in \[0, 2\^63\)$"):
            checked_seed("seed", bad)
    for bad in (1.5, None, True, "1", float("nan"), float("inf")):
        with pytest.raises(ValueError, match="^seed=.* must be a whole number$"):
            checked_seed("seed", bad)


@pytest.mark.parametrize("bad", ["no", "", None, 0, 1.0, 2])
def test_a_word_is_no_yes(bad):
    with pytest.raises(ValueError, match="recompute=.* must be True or False"):
        yes_or_no("recompute", bad)
    assert yes_or_no("recompute", np.False_) is False


@pytest.mark.parametrize("bad", ["to_q", 3, None, (), ("to_q", ""), [1]])
def test_a_text_is_no_list_of_texts(bad):
    with pytest.raises(ValueError, match="layers="):
        texts("layers", bad)
    assert texts("layers", ["to_q"]) == ("to_q",)
    assert texts("trackers", [], 0) == ()


@pytest.mark.parametrize("bad", [None, "ball", 3])
def test_one_text_is_no_rows_of_text(bad):
    with pytest.raises(ValueError, match=f"phrases={bad!r} must be a list of texts"):
        text_rows("phrases", bad)


def test_the_row_that_is_no_text_is_named():
    with pytest.raises(ValueError, match="row 1 of phrases: text=nan must be a text, and is a float"):
        text_rows("phrases", ["ball", float("nan")])
    assert text_rows("phrases", iter(["ball", ""])) == ["ball", ""]


@dataclass
class Kinds:
    lr: float = 1.0
    share: float | None = None
    n: int = 1
    steps: int | None = None
    sizes: tuple[int, ...] = ()
    on: bool = True
    name: str = "x"
    no: int | None = None


def test_numbers_of_other_kinds_become_plain_ones():
    kinds = Kinds(np.float32(0.5), Fraction(1, 4), np.int64(3), 2.0, (np.int64(1), 2), True, "x")
    plain_numbers(kinds)
    assert repr(list(vars(kinds).values())) == "[0.5, 0.25, 3, 2, (1, 2), True, 'x', None]"


@pytest.mark.parametrize(
    "name, bad, said",
    [
        ("lr", "3", "lr='3' must be a finite number"),
        ("lr", None, "lr=None must be a finite number"),
        ("share", float("nan"), "share=nan must be a finite number"),
        ("share", float("inf"), "share=inf must be a finite number"),
        ("n", True, "n=True must be a whole number"),
        ("n", 1.5, "n=1.5 must be a whole number"),
        ("steps", "3", "steps='3' must be a whole number"),
        ("sizes", (1, 0.5), r"sizes=\(1, 0.5\): one=0.5 must be a whole number"),
        ("sizes", "12", "sizes='12' must be a tuple of numbers"),
        ("n", -1, "n=-1 must be at least 0"),
    ],
)
def test_what_is_no_number_is_refused_by_its_field(name, bad, said):
    with pytest.raises(ValueError, match=f"^{said}$"):
        plain_numbers(replace(Kinds(), **{name: bad}), minimum=0)
    assert plain_numbers(Kinds(share=float("inf")), infinite=("share",)) is None


def test_a_text_is_no_list_of_captions():
    with pytest.raises(ValueError, match="captions='abcd' must be a list: one for each of 4 images"):
        as_many("captions", "abcd", 4, "images")
    with pytest.raises(ValueError, match="captions=3 must be a list: one for each of 4 images"):
        as_many("captions", 3, 4, "images")


@pytest.mark.parametrize("value", ["", "  ", None, 3, ["a"], "a\0b"])
def test_an_empty_path_is_no_folder(value):
    with pytest.raises(ValueError, match=r"out=.* must be the path of a folder \('.' is the current one\)"):
        folder_path("out", value)
    assert folder_path("out", "a/b") == Path("a/b")


@pytest.mark.parametrize("door", [folder_path, file_path])
def test_the_sign_for_ones_home_is_read(door, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert door("out", "~/a") == tmp_path / "a" and door("out", "b~") == Path("b~")


def test_a_folder_in_the_place_of_a_file_is_said(tmp_path):
    with pytest.raises(IsADirectoryError, match="out=.* is a folder; name a file in it"):
        file_path("out", tmp_path)
    for value in ("", None, 3):
        with pytest.raises(ValueError, match="out=.* must be the path of a file"):
            file_path("out", value)


@pytest.mark.parametrize(
    "read",
    [
        lambda: imagefolder(""),
        lambda: read_dataset("waterbirds", ""),
        lambda: load_references("", 8),
        lambda: load_references(Image.new("RGB", (8, 8)), 8),
    ],
)
def test_what_reads_folders_asks_for_one(read):
    with pytest.raises(ValueError, match="must be the path of a folder"):
        read()


@pytest.mark.parametrize(
    "one, other, spelt",
    [
        ("cat", "cat ", "'cat' and 'cat '"),
        ("polar bear", "polar  bear", "'polar bear' and 'polar  bear'"),
        ("caf\u00e9", "cafe\u0301", r"'caf\\xe9' and 'cafe\\u0301'"),
        ("cat", "cat\u00a0", r"'cat' and 'cat\\xa0'"),
    ],
)
def test_names_that_look_alike_are_spelt_out(one, other, spelt):
    with pytest.raises(ValueError, match=f"classes: {spelt} differ by white space or Unicode form only"):
        distinct("classes", ["dog", one, other])
    assert distinct("classes", ["dog", "Dog", one]) == ["dog", "Dog", one]


def test_codes_are_whole_numbers_and_true_is_one():
    assert checked_codes("y", [True, False], 2).tolist() == [1, 0]
    assert checked_codes("y", torch.tensor([2.0, 0.0])).dtype == int
    for bad, said in (
        ([0.5], "y.0. is 0.5"),
        (["cat"], "of type <U3"),
        ([None], "of type object"),
        ([3], "is 3"),
    ):
        with pytest.raises(ValueError, match=f"{said}.*; expected integers 0 to 1"):
            checked_codes("y", bad, 2)
    with pytest.raises(ValueError, match="y.0. is -1 .1 such rows.; expected integers from 0 on"):
        checked_codes("y", [-1])


def test_half_a_letter_is_no_text():
    assert encodable("prompt", "a \U0001f600") == not_blank("prompt", "a \U0001f600")
    for door in (encodable, not_blank, folder_path, file_path):
        with pytest.raises(
            ValueError, match=r"prompt='a \\ud83d' holds '\\ud83d', half a letter, and is no UTF-8"
        ):
            door("prompt", "a \ud83d")
    with pytest.raises(ValueError, match=r"labels='\\udcff' holds '\\udcff'"):
        distinct("labels", ["cat", "\udcff"])


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "notes").touch()
    with pytest.raises(NotADirectoryError, match="out_dir='.*notes' is a file; give a folder"):
        folder_path("out_dir", tmp_path / "notes")
