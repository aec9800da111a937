"The cells of a sweep on this machine, whatever happens to its workers."

import os
import signal
import subprocess
import sys
import time

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study
from spurious_core.app.sweeps import local_engine
from spurious_core.app.sweeps.cell_folders import add_cell, is_done
from spurious_core.app.sweeps.local_engine import run_locally, worker_environment
from spurious_core.app.sweeps.workers import WorkerConfig
from support.toy_study import SAVE

BEGUN = "import pathlib, time; open({note!r}, 'a').write(str(seed) + '\\n'); time.sleep(0.5)"


@pytest.fixture
def note(tmp_path):
    return tmp_path / "begun.txt"


@pytest.fixture
def cells(make_study, tmp_path, note):
    toy = find_study(make_study(BEGUN.format(note=str(note)), SAVE))
    return [add_cell(tmp_path / "sweep", toy, dict(seed=i, scale=float(i))) for i in range(3)]


def root_of(cells):
    return cells[0].folder.parent.parent


@pytest.mark.slow
def test_two_workers_do_each_cell_once(cells, note):
    lines = []
    run_locally(root_of(cells), WorkerConfig(lease=20), 2, lines.append)
    assert all(is_done(cell) for cell in cells)
    assert [Metrics.load(cell.run)["scale"]["value"] for cell in cells] == [0.0, 1.0, 2.0]
    assert sorted(note.read_text().split()) == ["0", "1", "2"]
    assert len(lines) == 3 and all(line.endswith(" done") for line in lines)


@pytest.mark.slow
def test_a_killed_worker_costs_its_cell_a_second_try_and_nothing_else(cells, note):
    code = f"import sys; sys.argv[1:] = {[str(root_of(cells)), '0', '0', '3']!r}\n{local_engine._WORKER}"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    deadline = time.monotonic() + 120
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    begun = note.read_text().split()
    run_locally(root_of(cells), WorkerConfig(lease=3), 1, lambda line: None)
    assert all(is_done(cell) for cell in cells)
    assert len(note.read_text().split()) <= 3 + len(begun)
    assert not any(cell.failures for cell in cells)


@pytest.mark.slow
def test_an_interrupted_call_takes_its_workers_along_and_gives_back_their_claims(cells, note):
    def stop(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_locally(root_of(cells), WorkerConfig(lease=60), 1, stop)
    assert not list(root_of(cells).glob("cells/*/claim.json"))
    run_locally(root_of(cells), WorkerConfig(lease=60), 1, lambda line: None)  # waits for no lease
    assert all(is_done(cell) for cell in cells)


def test_a_worker_that_has_to_stop_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(local_engine, "_WORKER", "raise SystemExit('error: the disk is full')")
    with pytest.raises(OSError, match="a worker ended with status 1: error: the disk is full"):
        run_locally(tmp_path, WorkerConfig(), 2, lambda line: None)


def test_cores_and_cards_are_shared_out(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert local_engine.visible_cards() == ["2", "5"]
    shares = [worker_environment(i, 3, 8, ["2", "5"]) for i in range(3)]
    assert [share["CUDA_VISIBLE_DEVICES"] for share in shares] == ["2", "5", "2"]
    assert {share["OMP_NUM_THREADS"] for share in shares} == {"2"}
    assert worker_environment(0, 5, 2, [])["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert local_engine.visible_cards() == []
