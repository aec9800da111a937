"What works the cells of a sweep off, and its settings."

import threading
from importlib.util import find_spec

import pytest

from spurious_core.app.sweeps.cell_folders import is_done
from spurious_core.app.sweeps.engines import ENGINES, pick_engine
from spurious_core.app.sweeps.local_engine import run_locally
from spurious_core.app.sweeps.ray_engine import RayEngine
from spurious_core.app.sweeps.slurm_engine import SlurmEngine
from spurious_core.app.sweeps.workers import WorkerConfig
from support.kill_drill import make_cells, seeds_in, write_toy


def test_engines_by_name_with_settings_of_a_command_line():
    assert ENGINES.keys() == {"local", "ray", "slurm"} and pick_engine("local") is run_locally
    assert pick_engine("ray", dict(address="a:1", cores="2")) == RayEngine("a:1", cores=2)
    assert pick_engine("slurm", dict(partition="7", memory="1.5")) == SlurmEngine("7", memory=1.5)
    assert pick_engine(RayEngine("a:1")).address == "a:1"


@pytest.mark.parametrize(
    "engine, settings, why",
    [
        ("magic", {}, "engine='magic' is unknown; allowed: local, ray, slurm"),
        ("local", dict(address="a:1"), "engine 'local': unknown setting 'address'"),
        ("ray", dict(port="1"), "engine 'ray': unknown setting 'port'"),
        ("ray", dict(cores="many"), "cores='many' is no number"),
        ("ray", dict(cores="0"), "cores=0"),
        ("ray", dict(cards="-0.5"), "cards=-0.5"),
        ("slurm", dict(minutes="1.5"), "minutes=1.5"),
        ("slurm", dict(memory="null"), "memory=None"),
    ],
)
def test_a_slip_is_one_line(engine, settings, why):
    with pytest.raises(ValueError, match=why):
        pick_engine(engine, settings)


OTHERS = dict(
    local=(run_locally, "torch"), ray=(RayEngine(), "ray"), slurm=(SlurmEngine(cluster="local"), "submitit")
)


@pytest.mark.slow
@pytest.mark.parametrize("other", OTHERS)
def test_two_engines_at_once_do_each_cell_once(tmp_path, monkeypatch, other):
    engine, needs = OTHERS[other]
    if find_spec(needs) is None:
        pytest.skip(f"{needs} is not installed")
    monkeypatch.setenv("HOME", str(tmp_path))
    cells, lines = make_cells(tmp_path / "s", write_toy(tmp_path, 1.0), 6), ([], [])
    together = [
        threading.Thread(target=each, args=(tmp_path / "s", WorkerConfig(lease=20), 1, said.append))
        for each, said in zip((run_locally, engine), lines, strict=True)
    ]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join()
    assert all(is_done(cell) for cell in cells)
    assert set(seeds_in(tmp_path / "begun.txt").values()) == {1}
    assert sorted(sum(lines, [])) == sorted(f"{cell.folder.name} done" for cell in cells)
