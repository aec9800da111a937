"Studies: found by name or path, and held to their contract."

import pytest

from spurious_core.app.studies import describe, find_study, list_studies, studies_folder
from support.toy_study import PARAMETERS


def test_unknown_studies(tmp_path):
    with pytest.raises(ValueError, match="no study 'nonsense'; known:"):
        find_study("nonsense")
    with pytest.raises(ValueError, match="no study"):
        find_study(tmp_path / "none.ipynb")
    (tmp_path / "bad.ipynb").write_text("not json")
    with pytest.raises(ValueError, match="bad.ipynb is not a notebook"):
        find_study(tmp_path / "bad.ipynb")


def test_contract_parameters(make_study):
    with pytest.raises(ValueError, match="must have the parameters .*see seed"):
        find_study(make_study(parameters=PARAMETERS.replace("seed: int", "seed: float")))
    with pytest.raises(ValueError, match="see out"):
        find_study(make_study(parameters=PARAMETERS.split("\nout")[0]))


def test_describe_leaves_the_folder_out(make_study):
    df = describe(make_study())
    assert list(df.columns) == ["name", "type", "default", "comment"]
    assert list(df.name) == [
        "profile",
        "budget",
        "seed",
        "scale",
        "tags",
    ]
    assert df.set_index("name").comment["scale"] == "of nothing"


def test_the_projects_studies_are_found():
    assert studies_folder().is_dir()
    assert [find_study(name).name for name in list_studies()] == list_studies()
