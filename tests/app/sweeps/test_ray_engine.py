"Cells as tasks of Ray, whatever happens to its workers and nodes."

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

import spurious_core
from spurious_core.app.sweeps import ray_engine
from spurious_core.app.sweeps.cell_folders import add_cell, is_done
from spurious_core.app.sweeps.ray_engine import (
    RayEngine,
    check_address,
    run_named,
    share_of_cards,
    shipped_environment,
)
from spurious_core.app.sweeps.workers import WorkerConfig
from support.kill_drill import make_cells, numbers_of, run_drill, write_toy
from support.waiting import wait_for

with_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")


@pytest.mark.slow
@with_ray
def test_a_killed_worker_and_a_killed_node_lose_nothing_and_double_nothing(tmp_path):
    counts = run_drill(tmp_path, 6, 2.0)
    assert (counts["cells"], counts["kills"], counts["begun_again"] >= 2) == (6, 2, True)
    assert (counts["lost"], counts["doubled"], counts["differences"]) == (0, 0, 0)


@pytest.mark.slow
@with_ray
def test_a_cluster_of_our_making_does_the_cells_and_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    cells, lines = make_cells(tmp_path / "s", write_toy(tmp_path, 0.0), 2), []
    RayEngine()(tmp_path / "s", WorkerConfig(lease=4), 2, lines.append)
    assert all(is_done(cell) for cell in cells) and len(numbers_of(tmp_path / "s")) == 2
    assert sorted(lines) == sorted(f"{cell.folder.name} done" for cell in cells)
    assert not (tmp_path / ".ray").exists()


def test_an_address_where_nobody_listens_is_one_line_in_seconds(tmp_path):
    for address, error, why in (
        ("127.0.0.1:1", OSError, "no Ray cluster answers at 127.0.0.1:1: .*refused"),
        ("127.0.0.1:99999", OSError, "no Ray cluster answers"),
        ("here", ValueError, "address='here': write HOST:PORT"),
    ):
        with pytest.raises(error, match=why):
            check_address(address)


def test_without_ray_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_engine, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"not installed: pip install 'spurious_core\[ray\]'"):
        RayEngine()(tmp_path, WorkerConfig())


def test_a_cell_gets_a_card_or_its_share():
    shares = [share_of_cards(*each) for each in ((0, None), (8, None), (8, 3), (2, 8))]
    assert shares == [0.0, 1.0, 1.0, 0.25]


def test_tasks_know_where_the_code_is_and_no_secrets(monkeypatch):
    monkeypatch.setenv("SPURIOUS_DEVICE", "cpu")
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    shipped = shipped_environment()
    assert shipped["SPURIOUS_DEVICE"] == "cpu" and "HF_TOKEN" not in shipped
    code = str(Path(spurious_core.__file__).resolve().parent.parent)
    assert shipped["PYTHONPATH"].split(os.pathsep)[0] == code
    assert shipped["RAY_USAGE_STATS_ENABLED"] == "0"


def test_a_task_does_its_cell_and_no_other_and_says_if_a_node_sees_no_folder(
    make_study, tmp_path, monkeypatch
):
    from spurious_core.app.studies import find_study

    monkeypatch.chdir(tmp_path)
    task = dict(root=str(tmp_path / "s"), retries=0, timeout=None, lease=2.0, tracker="")
    with pytest.raises(OSError, match="does not see .*s: put it on a file system of all nodes"):
        run_named(task, str(tmp_path), "abc")
    toy = find_study(make_study())
    first, second = (add_cell(tmp_path / "s", toy, dict(seed=seed)) for seed in range(2))
    (tmp_path / "s/sweep.json").write_text("{}")
    assert run_named(task, str(tmp_path), first.folder.name) == [f"{first.folder.name} done"]
    assert is_done(first) and not is_done(second)
    with pytest.raises(OSError, match="does not see .*elsewhere"):
        run_named(task, str(tmp_path / "elsewhere"), second.folder.name)


def test_what_is_no_cluster_is_given_up(monkeypatch, capsys):
    ended = []
    monkeypatch.setattr(ray_engine.os, "_exit", ended.append)
    ray_engine._give_up("10.0.0.7:80")
    assert ended == [1]
    assert capsys.readouterr().out.startswith("error: no Ray cluster of this version answers at 10.0.0.7:80")


def litter_processes() -> list[psutil.Process]:
    "Processes of clusters that were started here: their command names the folder of the call."
    place = os.path.join(tempfile.gettempdir(), "ray-")
    return [each for each in psutil.process_iter() if place in " ".join(command_of(each))]


def command_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


@pytest.mark.slow
@with_ray
def test_an_interrupted_call_takes_its_cluster_along_and_the_next_goes_on(tmp_path):
    cells, seen = make_cells(tmp_path / "s", write_toy(tmp_path, 0.0), 3), []

    def stop(line):
        seen.extend(litter_processes())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RayEngine()(tmp_path / "s", WorkerConfig(lease=4), 1, stop)
    assert len(seen) >= 2  # at least its raylet and its gcs_server
    wait_for(lambda: not any(each.is_running() for each in seen))
    RayEngine()(tmp_path / "s", WorkerConfig(lease=4), 1, lambda line: None)
    assert all(is_done(cell) for cell in cells)
