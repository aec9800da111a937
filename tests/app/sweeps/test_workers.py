"One worker: it takes a cell that nobody works on, runs it, and publishes what came out."

import errno
import json
import subprocess
import sys
import time

import psutil
import pytest

from spurious_core.app import runs
from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study
from spurious_core.app.sweeps import workers
from spurious_core.app.sweeps.cell_folders import add_cell, is_done
from spurious_core.app.sweeps.claims import CLAIM_FILE, Watch
from spurious_core.app.sweeps.workers import WorkerConfig, run_cell, work
from support.toy_study import SAVE

QUICK = WorkerConfig(lease=2)


@pytest.fixture
def cells(make_study, tmp_path):
    "Three cells; the one of seed 1 fails."
    toy = find_study(make_study("assert seed != 1, 'seed 1 never works'", SAVE))
    return [add_cell(tmp_path / "sweep", toy, dict(seed=seed, scale=float(seed))) for seed in range(3)]


def root_of(cells):
    return cells[0].folder.parent.parent


WORKER = """
import time
from spurious_core.app.sweeps import workers
workers.work = lambda *args, **options: print("working", flush=True) or time.sleep(60)
workers.main([".", "0", "0", "60"])
"""
PARENT = f"""
import subprocess, sys
print(subprocess.Popen([sys.executable, "-c", {WORKER!r}]).pid, flush=True)
input()
"""


def has_ended(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_worker_ends_with_the_one_that_started_it():
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen([sys.executable, "-c", PARENT], **pipes) as parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        assert parent.stdout.readline() == "working\n"
        parent.kill()
    deadline = time.monotonic() + 20
    while not has_ended(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert has_ended(worker)


def test_all_cells_are_worked_off_and_a_failure_keeps_its_notebook_and_its_error(cells):
    lines = []
    assert work(root_of(cells), QUICK, lines.append) == 2
    assert [is_done(cell) for cell in cells] == [True, False, True]
    assert Metrics.load(cells[2].run)["scale"]["value"] == 2.0
    assert len(cells[1].failures) == 1 and "seed 1 never works" in cells[1].failures[0]["error"]
    assert list((cells[1].folder / "failed").glob("*.ipynb*"))
    assert sorted(line.split()[1] for line in lines) == ["done", "done", "failed:"]
    assert work(root_of(cells), QUICK) == 0  # as often as was asked for, and no more
    assert work(root_of(cells), WorkerConfig(retries=2, lease=2)) == 0
    assert len(cells[1].failures) == 3


def test_what_another_works_on_is_left_alone_and_what_a_dead_one_held_is_taken(cells, monkeypatch):
    monkeypatch.setattr(workers, "run_cell", lambda cell, config: cell.run.mkdir() or finish(cell))

    def finish(cell):
        Metrics(scale=dict(value=1.0, ci=None, n=None)).save(cell.run)
        return True

    assert Watch().take(cells[0].folder)  # and never counts
    (cells[0].folder / "attempt-dead").mkdir()
    assert work(root_of(cells), WorkerConfig(lease=0.3)) == 3
    assert not (cells[0].folder / "attempt-dead").exists()
    assert not any((cell.folder / CLAIM_FILE).exists() for cell in cells)


FULL = [
    OSError(errno.ENOSPC, "No space left on device"),
    runs.RunError("toy: cell 3 failed (OSError: [Errno 28] No space left on device: 'fits/a')"),
]


@pytest.mark.parametrize("error", FULL)
def test_a_full_disk_ends_the_worker_and_leaves_the_cell_as_it_was(cells, monkeypatch, error):
    def full(*args, **options):
        raise error

    monkeypatch.setattr(runs, "run_study", full)
    with pytest.raises(OSError, match="the disk is full; make room, and run the same command to go on"):
        work(root_of(cells), QUICK)
    assert not cells[0].failures and not (cells[0].folder / CLAIM_FILE).exists()


def test_who_comes_too_late_changes_nothing(cells, monkeypatch):
    "Another finished the cell while this attempt ran, which failed for that reason or another."

    def overtaken(study, params, attempt, **options):
        cells[0].run.mkdir()
        (cells[0].run / "metrics.json").write_text(json.dumps(dict(scale=dict(value=7.0, ci=None, n=None))))
        attempt.mkdir()
        (attempt / "metrics.json").write_text(json.dumps(dict(scale=dict(value=8.0, ci=None, n=None))))
        return attempt

    monkeypatch.setattr(runs, "run_study", overtaken)
    run_cell(cells[0], QUICK)
    assert Metrics.load(cells[0].run)["scale"]["value"] == 7.0
    assert not cells[0].failures and not list(cells[0].folder.glob("attempt-*"))


@pytest.mark.parametrize("bad", [dict(retries=-1), dict(lease=0), dict(timeout=0), dict(timeout=1.5)])
def test_settings_are_checked(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=name):
        WorkerConfig(**bad)
