"Codes and names agree, and a row that has neither is named."

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.codes import codes_and_names, names_of

COLUMNS = ("y", "label")


def frame(**columns):
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})


def test_names_are_texts_as_written():
    values = pd.Series(["NA", "None", "nan", "00", True, False, 3, np.int64(4), 5.0], dtype=object)
    assert names_of(values, "x").tolist() == ["NA", "None", "nan", "00", "true", "false", "3", "4", "5"]


@pytest.mark.parametrize("missing", [None, float("nan"), "", pd.NA])
def test_a_missing_label_is_named_by_its_row(missing):
    with pytest.raises(ValueError, match="x: label: row 2 has none"):
        codes_and_names(frame(label=["cat", "dog", missing]), COLUMNS, None, "x")


@pytest.mark.parametrize("bad", [["cat"], dict(a=1), 0.5, float("inf")])
def test_what_can_be_no_label_is_named_by_its_row(bad):
    with pytest.raises(ValueError, match=r"x: label: row 1 has .*expected a name or a whole number"):
        codes_and_names(frame(label=["cat", bad]), COLUMNS, None, "x")


def test_true_and_false_are_names_and_whole_numbers_are_codes():
    codes, names = codes_and_names(frame(label=[True, False, True]), COLUMNS, None, "x")
    assert (codes.tolist(), names) == ([1, 0, 1], ["false", "true"])
    codes, names = codes_and_names(frame(label=[1, 0, 1]), COLUMNS, None, "x")
    assert (codes.tolist(), names) == ([1, 0, 1], ["label 0", "label 1"])
    codes, names = codes_and_names(frame(label=["00", "01", "00"]), COLUMNS, None, "x")
    assert (codes.tolist(), names) == ([0, 1, 0], ["00", "01"])


def test_a_code_of_a_thousand_million_costs_nothing():
    with pytest.raises(ValueError, match=r"y goes up to 1000000000, but only \[0, 1000000000\] occur"):
        codes_and_names(frame(y=[0, 10**9]), COLUMNS, None, "x")


@pytest.mark.parametrize("values", [[True, False], ["yes", "no"], ["cat", "1"]])
def test_codes_that_are_no_numbers_are_told_what_is_allowed(values):
    said = "x: y: row 0 has '.*'; expected whole numbers from 0 on; names belong into a column label"
    with pytest.raises(ValueError, match=said):
        codes_and_names(frame(y=values), COLUMNS, None, "x")


def test_a_number_beyond_all_counting_is_named_with_its_row():
    with pytest.raises(ValueError, match="x: y: row 1 has '99999999999999999999'; expected whole numbers"):
        codes_and_names(frame(y=[0, 99999999999999999999]), COLUMNS, None, "x")
