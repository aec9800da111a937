"A run goes on from the cells of its own study's sweep, and from nothing else."

import errno
import json
from pathlib import Path

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study
from spurious_core.app.sweeps.cell_folders import add_cell, code_stamp, publish
from spurious_core.app.sweeps.taking_over import take_over


@pytest.fixture
def toy(make_study):
    return find_study(make_study())


def put_cell(root, study, stamp=None, **params):
    "A finished cell with a fit, a figure and a table of its own."
    cell = add_cell(root, study, params)
    attempt = cell.folder / "attempt"
    for name in ("fits/seed/a.txt", "fits/.a.tmp", "figures/wga.png", "discoveries.csv"):
        file = attempt / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{params['seed']}")
    metrics = Metrics()
    metrics.add("wga.toy.ERM", 0.5)
    metrics.save(attempt)
    publish(cell, attempt, stamp or code_stamp(study))
    return cell


@pytest.fixture
def root(toy, tmp_path):
    root = tmp_path / "sweep"
    root.mkdir()
    (root / "sweep.json").write_text(json.dumps(dict(study=str(toy.path))))
    put_cell(root, toy, seed=4)
    return root


def parameters(study, **given):
    return {name: parameter.default for name, parameter in study.parameters.items()} | given


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_jobs_left_is_taken_and_what_a_run_makes_is_not(toy, root, tmp_path):
    said = take_over(root, tmp_path / "out", parameters(toy, seed=7, other_name=1))
    assert said == f"1 of 1 cells of {root} are taken over; what they lack is done here"
    assert files(tmp_path / "out") == ["fits/seed/a.txt"]
    assert (tmp_path / "out" / "fits/seed/a.txt").read_text() == "4"


def test_what_is_there_already_stays(toy, root, tmp_path):
    there = tmp_path / "out" / "fits/seed/a.txt"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    take_over(root, tmp_path / "out", parameters(toy))
    assert there.read_text() == "mine"


def test_a_cell_that_is_changed_afterwards_does_not_change_the_run(toy, root, tmp_path):
    take_over(root, tmp_path / "out", parameters(toy))
    (cell,) = (root / "cells").iterdir()
    with (cell / "run/fits/seed/a.txt").open("a") as file:
        file.write("more")
    assert (tmp_path / "out" / "fits/seed/a.txt").read_text() == "4"


def test_cells_that_are_not_done_are_counted_and_left(toy, root, tmp_path):
    add_cell(root, toy, dict(seed=5))
    assert take_over(root, tmp_path / "out", parameters(toy)).startswith("1 of 2 cells")


def test_other_parameters_are_refused_before_anything_is_copied(toy, root, tmp_path):
    put_cell(root, toy, seed=5, scale=9.0)
    with pytest.raises(ValueError, match=r"has scale=9.0, and this run scale=1.0"):
        take_over(root, tmp_path / "out", parameters(toy))
    assert not (tmp_path / "out").exists()
    take_over(root, tmp_path / "out", parameters(toy), apart=["seed", "scale"])
    assert (tmp_path / "out").exists()


def test_what_other_code_has_made_is_refused(toy, root, tmp_path):
    put_cell(root, toy, stamp=code_stamp(toy) | dict(package="older"), seed=6)
    with pytest.raises(
        ValueError, match="was made by other code, libraries or inputs; remove it and sweep again"
    ):
        take_over(root, tmp_path / "out", parameters(toy))


@pytest.mark.parametrize("place", ["", "cells", "cells/x", "../sweep/fits"])
def test_a_run_within_the_sweep_would_change_its_cells(toy, root, place):
    with pytest.raises(ValueError, match="lies in the sweep .*, whose cells it would change"):
        take_over(root, root / place, parameters(toy))


def test_a_cell_of_another_study_and_a_file_that_cant_be_copied_are_named(toy, root, tmp_path):
    (cell,) = (root / "cells").iterdir()
    (cell / "run/fits/b.txt").symlink_to("nowhere")
    with pytest.raises(OSError, match="run/fits can't be copied into .*out: .*nowhere|No such file"):
        take_over(root, tmp_path / "out", parameters(toy))
    about = json.loads((cell / "cell.json").read_text())
    (cell / "cell.json").write_text(json.dumps(about | dict(study="ffr")))
    with pytest.raises(ValueError, match="is of the study ffr; remove it"):
        take_over(root, tmp_path / "out", parameters(toy))


def test_a_full_disk_leaves_no_part_of_a_copy(toy, root, tmp_path, monkeypatch):
    def half(source, target):
        Path(target).write_text("tra")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", half)
    with pytest.raises(OSError, match="run/fits can't be copied into .*out: .*No space left"):
        take_over(root, tmp_path / "out", parameters(toy))
    assert files(tmp_path / "out") == []


def test_no_sweep_another_study_and_nothing_done_are_refused(toy, root, tmp_path):
    assert take_over("", tmp_path / "out", {}) == "all jobs are done here"
    with pytest.raises(ValueError, match="is no sweep: it has no sweep.json"):
        take_over(tmp_path, tmp_path / "out", parameters(toy))
    with pytest.raises(ValueError, match=f"a sweep of {toy.name}, which has a parameter 'profile'"):
        take_over(root, tmp_path / "out", dict(seed=1, out=""))
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "sweep.json").write_text((root / "sweep.json").read_text())
    with pytest.raises(ValueError, match="no cell of .* is done; finish the sweep first"):
        take_over(empty, tmp_path / "out", parameters(toy))
