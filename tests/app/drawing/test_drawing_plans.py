"Shards of a plan: every row in one of them, counted where it is lost or twice, drawn by its own seed."

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spurious_core.app.drawing.drawing_plans import (
    DrawConfig,
    draw_plan,
    drawn_shards,
    lost_and_doubled,
    read_config,
    shard_cells,
)
from spurious_core.app.drawing.plan_files import write_plan
from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study
from spurious_core.app.sweeps.cell_folders import add_cell
from spurious_core.core.files import file_hash
from spurious_core.core.images import read_images
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.diffusion.plans import plan_prompts
from support.draw_drill import CONFIG, run_drill
from support.study_cells import run_cells

PROMPTS = ["a photo of a boat in water", "a photo of a cow on grass"]


@pytest.fixture
def plan(tmp_path):
    return write_plan(plan_prompts(PROMPTS, 4), tmp_path / "plan.parquet")


def test_every_row_is_in_one_shard(plan):
    cells = shard_cells(plan, DrawConfig(shard=3, steps=2))
    assert [(cell["first"], cell["last"]) for cell in cells] == [(0, 3), (3, 6), (6, 8)]
    assert {cell["plan_hash"] for cell in cells} == {file_hash(plan)}
    study = find_study("_draw_shard")
    assert [study.check(cell) for cell in cells] == cells


def test_bad_settings_are_refused_at_once(plan, tmp_path):
    for wrong in (dict(shard=0), dict(batch_size=1.5), dict(steps=-1), dict(guidance=float("nan"))):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            DrawConfig(**wrong)
    with pytest.raises(ValueError, match="mini"):
        draw_plan(plan, tmp_path / "out", DrawConfig(profile="minni"))
    with pytest.raises(ValueError, match="sampler='eulr' is unknown; allowed: .*euler"):
        draw_plan(plan, tmp_path / "out", DrawConfig(sampler="eulr"))
    with pytest.raises(ValueError, match="sampler='ddim' is unknown; allowed: euler, heun"):
        draw_plan(plan, tmp_path / "out", DrawConfig(profile="mini_flow", sampler="ddim"))
    assert not (tmp_path / "out").exists()


def test_a_folder_holds_a_plan_drawn_in_one_way(plan, tmp_path):
    out, config = tmp_path / "out", DrawConfig(shard=4, steps=2)
    for cell in shard_cells(plan, config):
        add_cell(out, find_study("_draw_shard"), cell)
    for other, why in (
        (replace(config, steps=3), "holds this plan drawn with steps=2; choose another folder"),
        (replace(config, shard=5), "holds this plan cut into shards of another size; choose another folder"),
    ):
        with pytest.raises(ValueError, match=why):
            draw_plan(plan, out, other)


def test_a_folder_holds_one_plan(plan, tmp_path):
    out, rows = tmp_path / "out", pd.read_parquet(plan)
    (first, *_) = shard_cells(plan, DrawConfig())
    add_cell(out, find_study("_draw_shard"), first)
    other = write_plan(rows[1:], tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="holds another plan, .*plan.parquet; choose another folder"):
        draw_plan(other, out)
    write_plan(rows.assign(seed=rows.seed + 1), plan)
    with pytest.raises(ValueError, match="holds this plan as it was before it changed; choose another"):
        draw_plan(plan, out)


def test_a_row_without_a_prompt_is_named_before_anything_is_drawn(plan, tmp_path):
    rows = pd.read_parquet(plan).astype(dict(seed="Int64"))
    for name in ("prompt", "seed"):
        holed = rows.assign(**{name: rows[name].mask(rows.index == 5)})
        holed.to_parquet(tmp_path / "holed.parquet", row_group_size=4)
        with pytest.raises(ValueError, match=f"row 5 of the plan has no {name}"):
            shard_cells(tmp_path / "holed.parquet", DrawConfig())


def test_a_file_that_is_no_plan_is_refused_before_a_kernel_starts(plan, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no plan at .*nothing.parquet"):
        shard_cells(tmp_path / "nothing.parquet", DrawConfig())
    rows = pd.read_parquet(plan)
    rows.drop(columns="prompt").to_parquet(tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="the plan lacks the column prompt; it has seed"):
        shard_cells(tmp_path / "a.parquet", DrawConfig())
    rows[:0].to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="the plan has no rows"):
        shard_cells(tmp_path / "b.parquet", DrawConfig())
    with pytest.raises(FileNotFoundError, match="adapter='nix' does not exist"):
        shard_cells(plan, DrawConfig(adapter="nix"))
    for nothing, why in ((tmp_path, "is no adapter: it has neither"), (plan, "Weights only load failed$")):
        with pytest.raises((FileNotFoundError, ValueError), match=why):
            shard_cells(plan, DrawConfig(adapter=str(nothing)))
    with pytest.raises(ValueError, match="steps is given twice"):
        read_config(["steps=1", "steps=2"])


def finish(out, params, rows):
    "A shard that is done, with the numbers of its rows."
    run = add_cell(out, find_study("_draw_shard"), params).run
    run.mkdir()
    pd.DataFrame(dict(row=rows)).to_parquet(run / "rows.parquet")
    metrics = Metrics()
    metrics.add("drawn.rows.mini", len(rows), n=len(rows), over="images")
    metrics.save(run)


def test_what_is_lost_or_twice_is_counted(plan, tmp_path):
    out = tmp_path / "out"
    first, second, third = shard_cells(plan, DrawConfig(shard=3))
    finish(out, third, [6, 7])
    finish(out, first, [0, 1, 1])
    assert lost_and_doubled(out, plan) == dict(rows=8, lost=4, doubled=1)
    assert [pd.read_parquet(run / "rows.parquet").row[0] for run in drawn_shards(out)] == [0, 6]
    finish(out, second | dict(plan_hash="of another plan"), [2, 3, 4, 5])
    assert lost_and_doubled(out, plan)["lost"] == 4


def test_a_shard_is_an_image_set_and_a_table_and_does_not_depend_on_the_cut(plan, tmp_path):
    pictures = {}
    for size in (8, 3):
        cell = shard_cells(plan, DrawConfig(shard=size, steps=2))[-1]
        out = tmp_path / f"of {size}"
        run_cells("_draw_shard", out=str(out), **cell)
        table = pd.read_parquet(out / "rows.parquet")
        assert table.row.tolist() == list(range(cell["first"], 8))
        pictures |= {size: read_images(load_image_set(out / "images"))}
    assert np.abs(pictures[8][6:].astype(int) - pictures[3]).max() <= 1
    assert list((tmp_path / "of 3" / "figures").glob("*.png"))


def test_a_plan_that_has_changed_is_not_drawn_as_the_former(plan, tmp_path):
    cell = shard_cells(plan, DrawConfig(steps=2))[0]
    write_plan(plan_prompts(PROMPTS, 4, seed=1), plan)
    with pytest.raises(ValueError, match="has changed since it was cut into shards"):
        run_cells("_draw_shard", out=str(tmp_path / "out"), **cell)


@pytest.mark.slow
def test_two_workers_draw_all_of_it_and_a_second_call_nothing(plan, tmp_path):
    out, lines = tmp_path / "out", []
    for _ in range(2):
        status = draw_plan(plan, out, DrawConfig(shard=3, steps=2), workers=2, say=lines.append)
        assert status.state.tolist() == ["done"] * 3
    assert lost_and_doubled(out, plan) == dict(rows=8, lost=0, doubled=0)
    assert sum(line.endswith(" done") for line in lines) == 3
    assert len(list(Path(out).rglob("*.png"))) == 8 + 3


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")
def test_a_worker_that_is_killed_on_a_cluster_loses_no_row_and_doubles_none(tmp_path):
    config = replace(
        CONFIG, shard=100, batch_size=2
    )  # many short batches, so that there is time to be killed
    counts = run_drill(tmp_path, 400, config, kills=1, seconds=1)
    assert (counts["rows"], counts["kills"]) == (400, 1)
    assert (counts["lost"], counts["doubled"], counts["differences"]) == (0, 0, 0)
