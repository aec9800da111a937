"Plans: seeds, checks and batches."

import numpy as np
import pandas as pd
import pytest

from spurious_core.diffusion.plans import (
    GENERATED_COLUMNS,
    batch_rows,
    is_absent,
    plan_prompts,
    plan_rows,
    source_of,
)
from support.drawing import PLAN

IMAGE = np.zeros((16, 16, 3), np.uint8)


def with_image(**columns):
    return PLAN[:1].assign(init_image=[IMAGE], **columns)


def test_seeds_are_distinct_and_shared_between_arms():
    assert len(PLAN) == 9
    assert PLAN.seed.is_unique
    assert PLAN.y.tolist() == [0] * 3 + [1] * 3 + [-1] * 3
    assert plan_prompts(["x", "y", "z"], 3, seed=1).seed.equals(PLAN.seed)
    assert plan_prompts("x", 3, seed=2).seed.isin(PLAN.seed).sum() == 0


def test_names_of_ones_own_are_not_lost_without_a_word(recwarn):
    "A set's own table, or a part of it, is drawn again without a warning."
    plan_rows(PLAN.assign(file_name=[f"{i + 7:06d}.png" for i in range(len(PLAN))]), guidance=3.0)
    assert not recwarn
    with pytest.warns(UserWarning, match=r"called 000000.png .* not dog.png; keep your names in a column of"):
        rows = plan_rows(PLAN.assign(file_name=["000000.png", None] + ["dog.png"] * 7), guidance=3.0)
    assert all("file_name" not in row for row in rows)


def test_one_value_for_all_prompts():
    assert plan_prompts(["x", "y"], 2, arm="base").arm.tolist() == ["base"] * 4


@pytest.mark.parametrize(
    "prompts, n, columns, why",
    [
        ("x", 3, dict(y=[1, 2]), "'y' has 2 values for 1"),
        ("x", 0, {}, "n=0 images of 1 prompts"),
        ([], 1, {}, "n=1 images of 0 prompts"),
        (
            ["x", "y"],
            5_000_001,
            {},
            "2 prompts: a plan has at most 10,000,000 rows; .* in shards .`spurious draw`",
        ),
    ],
)
def test_what_is_no_plan_is_named(prompts, n, columns, why):
    with pytest.raises(ValueError, match=why):
        plan_prompts(prompts, n, **columns)


@pytest.mark.parametrize(
    "cells, source",
    [
        ({}, "text2img"),
        (dict(init_image=1), "img2img"),
        (dict(init_image=1, mask=1), "inpaint"),
        (dict(init_image=1, image_guidance=1.5), "instruct"),
        (dict(init_image=1, paste=1), "img2img"),
    ],
)
def test_the_source_of_a_row(cells, source):
    assert source_of(cells) == source


def test_rows_are_filled_in_and_empty_cells_left_out():
    plan = pd.concat([PLAN[:1].assign(guidance=None, negative_prompt=np.nan), with_image(guidance=5.0)])
    first, second = plan_rows(plan, 3.0)
    assert first == dict(guidance=3.0, prompt=PLAN.prompt[0], seed=PLAN.seed[0], y=0, source="text2img")
    assert (second["guidance"], second["strength"], second["source"]) == (5.0, 0.8, "img2img")


def test_an_image_sets_own_table_is_a_plan():
    (row,) = plan_rows(PLAN[:1].assign(**dict.fromkeys(GENERATED_COLUMNS, "x")), 3.0)
    assert row["source"] == "text2img"
    assert not (set(GENERATED_COLUMNS) - {"source"}) & set(row)


@pytest.mark.parametrize(
    "value, absent", [(None, True), (np.nan, True), (pd.NA, True), (0, False), ("", False)]
)
def test_empty_cells(value, absent):
    assert is_absent(value) is absent


def halves(n):
    "Texts that were cut within an emoji; pandas' own kind of text refuses them."
    return pd.Series(["a \ud83d"] * n, dtype=object)


@pytest.mark.parametrize(
    "plan, why",
    [
        ([], "a plan is a DataFrame"),
        (PLAN[:0], "at least one row"),
        (PLAN.drop(columns="seed"), "lacks the column seed; it has prompt, y"),
        (pd.concat([PLAN, PLAN[["seed"]]], axis=1), "two columns 'seed'; rename or drop one"),
        (PLAN.assign(prompt=3), "row 0 of the plan: prompt=3 must be text"),
        (PLAN.assign(seed=0.5), "seed=0.5 must be a whole number"),
        (PLAN.assign(seed=None), "seed=None must be a whole number"),
        (PLAN.assign(seed=-1), "row 0 of the plan: seed=-1 must lie in"),
        (PLAN.assign(seed=[0] * (len(PLAN) - 1) + [2**70]), "seed=1180591620717411303424 must lie in"),
        (PLAN.assign(negative_prompt=3), "row 0 of the plan: negative_prompt=3 must be text"),
        (PLAN.assign(prompt=[["a"]] * len(PLAN)), "prompt=.*a.* must be text"),
        (PLAN.assign(prompt=halves(len(PLAN))), r"row 0 of the plan: prompt='a \\ud83d' holds .* no UTF-8"),
        (PLAN.assign(negative_prompt=halves(len(PLAN))), r"negative_prompt='a \\ud83d' holds"),
        (PLAN.assign(label=halves(len(PLAN))), r"row 0 of the plan: label='a \\ud83d' holds"),
        (PLAN.assign(mask="m.png"), "mask needs an init_image"),
        (PLAN.assign(paste="m.png"), "paste needs an init_image"),
        (PLAN.assign(image_guidance=1.5), "image_guidance needs an init_image"),
        (with_image(image_guidance=1.5, strength=0.5), "neither mask nor strength"),
        (with_image(image_guidance=0.5), r"image_guidance=0.5 must lie in \[1, inf\)"),
        (with_image(image_guidance=np.inf), r"image_guidance=inf must lie in \[1, inf\)"),
        (with_image(strength=0.0), r"strength=0.0 must lie in \(0, 1\]"),
        (with_image(strength=1.1), r"strength=1.1 must lie in \(0, 1\]"),
    ],
)
def test_bad_rows_are_named(plan, why):
    with pytest.raises(ValueError, match=why):
        plan_rows(plan, 3.0)


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match="row 0 of the plan: init_image no.png does not exist"):
        plan_rows(PLAN.assign(init_image="no.png"), 3.0)


def test_batches_hold_rows_of_one_kind():
    rows = plan_rows(pd.concat([PLAN[:3], with_image(), with_image(strength=0.5), with_image()]), 3.0)
    assert batch_rows(rows, 2) == [[0, 1], [2], [3, 5], [4]]
    assert batch_rows(rows, 16) == [[0, 1, 2], [3, 5], [4]]
    with pytest.raises(ValueError, match="batch_size=0 must be at least 1"):
        batch_rows(rows, 0)


@pytest.mark.parametrize(
    "bad", [dict(n=0), dict(n=1.5), dict(seed=1.5), dict(seed=None), dict(seed=-1), dict(seed=2**70)]
)
def test_counts_and_seeds_of_a_plan_are_whole(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"{name}="):
        plan_prompts("x", **dict(n=1) | bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0, None])
def test_guidance_is_a_finite_number(bad):
    with pytest.raises(ValueError, match="guidance="):
        plan_rows(PLAN, bad)
    if bad == bad and bad is not None:  # else the cell is empty, and the plan's own scale serves
        with pytest.raises(ValueError, match="row 0 of the plan: guidance="):
            plan_rows(PLAN.assign(guidance=bad), 3.0)


@pytest.mark.parametrize("prompts", ["", [" "], ["a boat", ""], ["a boat", None]])
def test_a_prompt_says_something(prompts):
    with pytest.raises(ValueError, match=f"prompt {len(prompts) // 2}=.* must be a text that says something"):
        plan_prompts(prompts, 1)


def test_a_whole_number_of_another_type_is_the_same_number():
    for seed, n in ((1.0, 2.0), (np.float32(1), np.int64(2))):
        assert plan_prompts("x", n, seed=seed).equals(plan_prompts("x", 2, seed=1))
    assert batch_rows(plan_rows(PLAN, 1.0), 2.0) == batch_rows(plan_rows(PLAN, 1.0), 2)
