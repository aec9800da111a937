"A plan in a file: what is written is read, from any row to any other, and no group more than is needed."

import pandas as pd
import pytest

from spurious_core.app.drawing import plan_files
from spurious_core.app.drawing.plan_files import count_rows, read_rows, write_plan
from spurious_core.core.files import file_hash


@pytest.fixture
def plan():
    return pd.DataFrame(dict(prompt=[f"a photo {i}" for i in range(10)], seed=range(10), y=[0, 1] * 5))


@pytest.fixture
def file(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(plan_files, "ROWS_OF_A_GROUP", 3)
    return write_plan(plan, tmp_path / "plan.parquet")


@pytest.mark.parametrize("first, last", [(0, 10), (0, 1), (3, 6), (2, 4), (5, 10), (9, 10)])
def test_any_rows_are_read_across_the_groups(plan, file, first, last):
    assert read_rows(file, first, last).equals(plan[first:last].reset_index(drop=True))
    assert count_rows(file) == 10


@pytest.mark.parametrize("first, last", [(0, 11), (5, 5), (6, 5), (10, 11)])
def test_rows_that_there_are_not_are_an_error(file, first, last):
    with pytest.raises(ValueError, match=f"has 10 rows; there are no rows {first} to {last}"):
        read_rows(file, first, last)


def test_a_plan_has_rows_prompts_and_seeds(plan, tmp_path):
    for wrong in (plan[:0], plan.drop(columns="prompt"), plan.drop(columns="seed")):
        with pytest.raises(ValueError, match="a plan needs rows with prompt and seed"):
            write_plan(wrong, tmp_path / "wrong.parquet")
    assert not list(tmp_path.iterdir())


def test_another_plan_has_another_hash(plan, file, tmp_path):
    again = write_plan(plan, tmp_path / "again.parquet")
    other = write_plan(plan.assign(seed=plan.seed + 1), tmp_path / "other.parquet")
    assert file_hash(again) == file_hash(file) != file_hash(other)
