"A cell is a folder, and what the folder holds is all the truth there is."

import json
import shutil

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study
from spurious_core.app.sweeps.cell_folders import (
    add_cell,
    cell_name,
    code_stamp,
    inputs_hash,
    is_done,
    list_cells,
    note_failure,
    publish,
    state_of,
)
from spurious_core.core.settings import settings_file


@pytest.fixture
def toy(make_study):
    return find_study(make_study())


def attempt_with(folder, value):
    folder.mkdir()
    Metrics(scale=dict(value=value, ci=None, n=None)).save(folder)
    return folder


def test_defaults_count_as_if_they_had_been_given(toy):
    assert cell_name(toy, {}) == cell_name(toy, dict(seed=0, scale=1.0)) == cell_name(toy, dict(out="x"))
    assert (
        len({cell_name(toy, params) for params in ({}, dict(seed=1), dict(scale=2.0), dict(tags=["a"]))}) == 4
    )


def test_adding_a_cell_again_changes_nothing(toy, tmp_path):
    cell = add_cell(tmp_path / "sweep", toy, dict(seed=1))
    written = (cell.folder / "cell.json").stat().st_mtime_ns
    assert add_cell(tmp_path / "sweep", toy, dict(seed=1)) == cell
    assert (cell.folder / "cell.json").stat().st_mtime_ns == written
    add_cell(tmp_path / "sweep", toy, dict(seed=2))
    assert len(list_cells(tmp_path / "sweep")) == 2


def test_of_two_that_finish_the_second_is_thrown_away(toy, tmp_path):
    cell, stamp = add_cell(tmp_path, toy, {}), code_stamp(toy)
    assert publish(cell, attempt_with(cell.folder / "a", 1.0), stamp)
    assert not publish(cell, attempt_with(cell.folder / "b", 2.0), stamp)
    assert Metrics.load(cell.run)["scale"]["value"] == 1.0


def test_states(toy, tmp_path):
    cell, stamp = add_cell(tmp_path, toy, {}), code_stamp(toy)
    assert state_of(cell, stamp) == "waiting"
    assert state_of(cell, stamp, is_claimed=True) == "running"
    note_failure(cell, "no memory", 3.0)
    assert state_of(cell, stamp) == "failed"
    publish(cell, attempt_with(cell.folder / "a", 1.0), stamp)
    assert state_of(cell, stamp) == "done"
    assert state_of(cell, stamp | dict(torch="0")) == "stale"
    (cell.folder / "cell.json").write_text(json.dumps(cell.about | dict(stamp=None)))
    assert state_of(cell, stamp) == "stale"  # killed before it wrote down what made it


def test_a_cell_is_stale_when_what_its_parameters_name_has_changed(toy, tmp_path):
    settings = tmp_path / "my.ini"
    settings.write_text("[p]\n" + section_of("mini"))
    weights = tmp_path / "adapter" / "a.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"one")
    params = dict(profile=f"{settings}:p", adapter=str(weights.parent))
    cell, stamp = add_cell(tmp_path, toy, params), code_stamp(toy)
    before = inputs_hash(params)
    publish(cell, attempt_with(cell.folder / "a", 1.0), stamp | dict(inputs=before))
    assert state_of(cell, stamp) == "done"
    weights.write_bytes(b"two")  # as many bytes
    assert state_of(cell, stamp) == "stale"
    weights.write_bytes(b"one")
    assert state_of(cell, stamp) == "done"
    settings.write_text(settings.read_text().replace("sampler_steps", "# of mini\nsampler_steps"))
    assert state_of(cell, stamp) == "done"
    settings.write_text(settings.read_text() + "dpi = 30\n")
    assert state_of(cell, stamp) == "stale"


def section_of(name):
    "The fields of a profile of the project's, as lines of a settings file."
    return settings_file().read_text().partition(f"[{name}]\n")[2].partition("\n[")[0] + "\n"


def test_a_damaged_run_is_replaced(toy, tmp_path):
    cell, stamp = add_cell(tmp_path, toy, {}), code_stamp(toy)
    publish(cell, attempt_with(cell.folder / "a", 1.0), stamp)
    (cell.run / "metrics.json").write_text("{")
    assert publish(cell, attempt_with(cell.folder / "b", 2.0), stamp)
    assert Metrics.load(cell.run)["scale"]["value"] == 2.0


@pytest.mark.parametrize("text", ["", "{", "{}", '{"a": {"value": 1}}'])
def test_a_run_without_valid_numbers_is_not_done(toy, tmp_path, text):
    cell = add_cell(tmp_path, toy, {})
    cell.run.mkdir()
    (cell.run / "metrics.json").write_text(text)
    assert not is_done(cell)


def test_the_stamp_changes_with_the_notebooks_code_and_not_with_its_outputs(make_study):
    path = make_study()
    before = code_stamp(find_study(path))
    notebook = json.loads(path.read_text())
    notebook["cells"][-1]["outputs"] = [dict(output_type="stream", name="stdout", text="seen")]
    path.write_text(json.dumps(notebook))
    assert code_stamp(find_study(path)) == before
    assert code_stamp(find_study(make_study("1/0"))) != before


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"study": "toy"}', "\udcff", '{"study": "toy", "params": null, "stamp": null}']
)
def test_a_damaged_cell_is_named_with_what_to_do(toy, tmp_path, text):
    cell = add_cell(tmp_path, toy, {})
    (cell.folder / "cell.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=f"cell.json is damaged; remove {cell.folder} and sweep it again"):
        _ = cell.about


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[{}]"])
def test_damaged_failures_are_named_with_what_to_do(toy, tmp_path, text):
    cell = add_cell(tmp_path, toy, {})
    (cell.folder / "failures.json").write_text(text)
    with pytest.raises(ValueError, match="failures.json is damaged; remove it"):
        _ = cell.failures


def test_a_cell_whose_folder_is_removed_is_no_more(toy, tmp_path):
    cells = [add_cell(tmp_path, toy, dict(seed=seed)) for seed in range(2)]
    shutil.rmtree(cells[0].folder)
    assert list_cells(tmp_path) == [cells[1]]
