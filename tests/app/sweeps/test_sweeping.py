"Many runs of one study, as one folder."

import pytest

from spurious_core.app.sweeps import sweeping
from spurious_core.app.sweeps.cell_folders import code_stamp
from spurious_core.app.sweeps.engines import ENGINES
from spurious_core.app.sweeps.sweeping import status_in_words, study_of, sweep, sweep_status


@pytest.fixture
def idle(monkeypatch):
    "An engine that does nothing."
    monkeypatch.setitem(ENGINES, "local", lambda root, config, workers, say: None)


def test_cells_can_be_added_later_and_none_is_lost(make_study, tmp_path, idle):
    study, lines = make_study(), []
    sweep(study, dict(seed="0..1"), tmp_path / "s", say=lines.append)
    status = sweep(study, dict(seed="0..3"), tmp_path / "s", say=lines.append)
    assert lines == [f"{n} cells: {n} waiting; results go to {tmp_path / 's'}" for n in (2, 4)]
    assert sorted(status.seed) == [0, 1, 2, 3] and set(status.state) == {"waiting"}
    sweep(study, [dict(seed=9)], tmp_path / "s", say=lines.append)
    assert lines[-1].startswith("5 cells: 5 waiting; ")
    assert study_of(tmp_path / "s").path == study.resolve()


def test_whatever_could_fail_is_tried_before_anything_is_made(make_study, tmp_path, idle):
    study = make_study()
    for cells, why in (
        (dict(sed=1), "unknown parameter 'sed'"),
        (dict(profile=["mini", "big"]), "unknown profile 'big'"),
        ([], "write a list of parameters"),
    ):
        with pytest.raises(ValueError, match=why):
            sweep(study, cells, tmp_path / "s")
    with pytest.raises(ValueError, match="engine='magic' is unknown; allowed: local"):
        sweep(study, dict(seed=1), tmp_path / "s", engine="magic")
    assert not (tmp_path / "s").exists()


def test_a_parameter_may_not_be_called_like_a_column(make_study, tmp_path):
    from support.toy_study import PARAMETERS

    study = make_study(parameters=PARAMETERS + "\nvalue: int = 3  # of nothing")
    with pytest.raises(ValueError, match="toy has a parameter 'value', which is a column of a sweep's table"):
        sweep(study, dict(seed=1), tmp_path / "s")


def test_a_folder_is_one_studys(make_study, tmp_path, idle):
    sweep(make_study(), dict(seed=1), tmp_path / "s", say=lambda line: None)
    with pytest.raises(ValueError, match="is a sweep of .*toy.ipynb, not of .*other.ipynb; choose another"):
        sweep(make_study(name="other"), dict(seed=1), tmp_path / "s")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.tex").write_text("")
    with pytest.raises(ValueError, match="holds other things and is no sweep"):
        sweep(make_study(), dict(seed=1), tmp_path / "full")
    with pytest.raises(ValueError, match="no sweep.json"):
        study_of(tmp_path / "full")


@pytest.mark.usefixtures("without_workers")
def test_a_sweep_goes_on_where_it_stopped_and_marks_what_is_stale(make_study, tmp_path, monkeypatch):
    study, lines = make_study(), []
    status = sweep(study, dict(scale="1,2"), tmp_path / "s", say=lines.append)
    assert status_in_words(status) == "2 cells: 2 done"
    status = sweep(study, dict(scale="1..3"), tmp_path / "s", say=lines.append)
    assert status_in_words(status) == "3 cells: 3 done"
    assert sum(line.endswith(" done") and ":" not in line for line in lines) == 3
    now = code_stamp(study_of(tmp_path / "s"))
    monkeypatch.setattr(sweeping, "code_stamp", lambda study: now | dict(torch="0"))
    assert status_in_words(sweep_status(tmp_path / "s")) == "3 cells: 3 stale"


def test_a_sweep_cannot_be_where_a_file_is(make_study, tmp_path):
    (tmp_path / "notes").touch()
    with pytest.raises(NotADirectoryError, match="notes is a file; choose another"):
        sweep(make_study(), dict(seed=1), tmp_path / "notes")
