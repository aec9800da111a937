"The guide to run times shows what the committed runs took, and which of them did a part of the work."

import re

import pytest

from spurious_core.app.studies import list_studies
from spurious_core.core.files import read_json
from support.notebooks import ROOT

GUIDE = ROOT / "nbs/guides/04_run_times.ipynb"


@pytest.fixture(scope="module")
def table():
    "What the guide's code makes of the files as they are."
    names = {}
    for cell in read_json(GUIDE)["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    return names["table"].reset_index()


def test_the_stored_table_is_that_of_the_committed_files(table):
    outputs = [output for cell in read_json(GUIDE)["cells"] for output in cell.get("outputs", [])]
    (stored,) = outputs
    assert "".join(stored["data"]["text/plain"]).split() == table.set_index("study").to_string().split()


def test_every_study_with_evidence_is_there(table):
    done = {path.parent.name for path in (ROOT / "figures").glob("*/environment.json")}
    assert done & set(list_studies()) <= set(table.study)
    assert {"discovery_benchmark", "which_generator"} <= set(table.study)


def about(study):
    return read_json(ROOT / "figures" / study / "environment.json")


def test_seconds_that_are_not_the_whole_say_so(table):
    covers = table[table.budget != "dry"].set_index("study").covers
    from_cells = {study for study in covers.index if about(study)["parameters"].get("runs")}
    old = {"aspire", "ddb", "mitigation_benchmark"}
    resumed = {study for study in covers.index if about(study).get("resumed", study in old)}
    assert set(covers[covers == "the end"].index) == from_cells | resumed
    assert from_cells > {"discovery_benchmark"} and set(covers) == {"all", "the end"}


def test_fits_that_took_longer_than_their_run_were_read(table):
    "A run can't hold more seconds of fits than its cores had; one that does was resumed."
    covers = table[table.budget != "dry"].set_index("study").covers
    for study in covers.index:
        numbers = read_json(ROOT / "figures" / study / "metrics.json")
        fits = sum(each["value"] * each["n"] for key, each in numbers.items() if re.match(r"seconds\.", key))
        assert fits <= about(study)["seconds"] * about(study)["cores"] or covers[study] != "all", study
