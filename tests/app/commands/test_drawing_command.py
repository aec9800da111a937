"What `spurious draw` says at its end, and what it refuses in one line."

import pandas as pd
import pytest
from typer.testing import CliRunner

from spurious_core.app.cli import app
from spurious_core.app.drawing import drawing_plans
from spurious_core.app.drawing.plan_files import write_plan
from spurious_core.diffusion.plans import plan_prompts


def draw(*arguments):
    return CliRunner().invoke(app, ["draw", *map(str, arguments)])


@pytest.fixture
def plan(tmp_path):
    return write_plan(plan_prompts("a photo of a boat in water", 4), tmp_path / "plan.parquet")


@pytest.fixture
def sweep(monkeypatch):
    "In place of a sweep: a first shard that is done, and another that is what a test says."
    states = dict(state=["done", "done"], error=["", ""])
    asked = []

    def draw_all(study, cells, out, config, engine, workers, **options):
        asked.append((cells, config.retries, workers))
        return pd.DataFrame(states)

    monkeypatch.setattr(drawing_plans, "sweep", draw_all)
    return states, asked


def test_the_end_is_two_sentences_and_a_folder(plan, sweep, tmp_path, monkeypatch):
    counts = dict(rows=4, lost=0, doubled=0)
    monkeypatch.setattr(drawing_plans, "lost_and_doubled", lambda out, plan: counts)
    done = draw(plan, "--out", tmp_path / "out", "-p", "steps=4", "-p", "shard=3", "--workers", 2)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0] == "Of 4 rows 4 are drawn, 0 twice."
    assert done.stdout.endswith("a folder for each shard.\n")
    ((cells, retries, workers),) = sweep[1]
    assert [(cell["first"], cell["last"], cell["steps"]) for cell in cells] == [(0, 3, 4), (3, 4, 4)]
    assert (retries, workers) == (2, 2)


def test_what_is_missing_is_said_and_an_error(plan, sweep, tmp_path):
    sweep[0].update(state=["done", "failed"], error=["", "no space left"])
    done = draw(plan, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "Of 4 rows 0 are drawn" in done.stdout
    assert "Of 2 shards 1 failed: no space left" in done.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["-p", "step=4"], "unknown parameter 'step'"),
        (["-p", "steps=four"], "steps='four' is not of type int"),
        (["-p", "profile=big"], "unknown profile 'big'"),
        (["--engine", "cloud"], "engine='cloud' is unknown"),
        (["--set", "cores"], "--set cores: write NAME=VALUE"),
    ],
)
def test_mistakes_are_one_line(plan, tmp_path, arguments, message):
    done = draw(plan, "--out", tmp_path / "out", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()
