"Cells as jobs of SLURM, with submitit's own stand-in for it."

import os
import signal
import threading
from importlib.util import find_spec

import pytest

from spurious_core.app.sweeps import slurm_engine
from spurious_core.app.sweeps.cell_folders import add_cell, is_done
from spurious_core.app.sweeps.claims import CLAIM_FILE, Watch
from spurious_core.app.sweeps.slurm_engine import CellJob, SlurmEngine
from spurious_core.app.sweeps.workers import WorkerConfig
from support.kill_drill import busy_workers, make_cells, seeds_in, write_toy
from support.waiting import wait_for

with_submitit = pytest.mark.skipif(find_spec("submitit") is None, reason="submitit is not installed")
CONFIG = WorkerConfig(lease=4)


def run_with_signal(root, number):
    "Sends one worker a signal in the middle of its cell; the lines of the sweep."
    lines, sent = [], []

    def send() -> bool:
        if found := busy_workers(root):
            os.kill(found[0], number)
            sent.append(found[0])
        return bool(found)

    sender = threading.Thread(target=wait_for, args=(send, 120))
    sender.start()
    SlurmEngine(cluster="local")(root, CONFIG, 2, lines.append)
    sender.join()
    assert len(sent) == 1
    return lines


@pytest.mark.slow
@with_submitit
@pytest.mark.parametrize("number", [signal.SIGUSR2, signal.SIGKILL], ids=["preempted", "killed"])
def test_an_interrupted_job_is_done_again_and_only_that(tmp_path, number):
    cells = make_cells(tmp_path / "s", write_toy(tmp_path, 3.0), 3)
    lines = run_with_signal(tmp_path / "s", number)
    assert all(is_done(cell) for cell in cells) and not any(cell.failures for cell in cells)
    assert sum(line.endswith(" done") for line in lines) == 3
    assert set(seeds_in(tmp_path / "ended.txt").values()) == {1}
    assert sum(seeds_in(tmp_path / "begun.txt").values()) == 4
    was_lost = any("was lost with its job" in line for line in lines)
    assert was_lost == (number == signal.SIGKILL)


@with_submitit
def test_a_job_that_has_to_go_gives_its_claim_back(tmp_path):
    cell = tmp_path / "cells" / "abc"
    cell.mkdir(parents=True)
    assert Watch().take(cell)
    job = CellJob(str(tmp_path), "abc", CONFIG)
    assert job.checkpoint().function is job
    assert not (cell / CLAIM_FILE).exists()


def test_without_submitit_or_slurm_it_says_so(tmp_path, make_study, monkeypatch):
    from spurious_core.app.studies import find_study

    add_cell(tmp_path, find_study(make_study()), dict(seed=1))
    if find_spec("submitit"):
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(OSError, match="engine='slurm': .*srun"):
            SlurmEngine()(tmp_path, CONFIG)
    monkeypatch.setattr(slurm_engine, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"not installed: pip install 'spurious_core\[slurm\]'"):
        SlurmEngine()(tmp_path, CONFIG)


def test_what_slurm_is_asked_for():
    asked = SlurmEngine("gpu", minutes=90, cores=4, cards=1, memory=24).job_options(8)
    assert asked == dict(
        timeout_min=90,
        name="spurious",
        cpus_per_task=4,
        slurm_partition="gpu",
        mem_gb=24,
        gpus_per_node=1,
        slurm_array_parallelism=8,
    )
    assert SlurmEngine().job_options(None) == dict(timeout_min=60, name="spurious", cpus_per_task=1)
    with pytest.raises(ValueError, match="cluster='moon' is unknown; allowed: slurm, local"):
        SlurmEngine(cluster="moon")
