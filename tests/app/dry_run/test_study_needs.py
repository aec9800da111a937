"The path of the full-size dry run, at a tiny size: random checkpoints, budget dry, the presets for a GPU."

import json

import pytest

from spurious_core.app.dry_run.random_profiles import make_random_profile
from spurious_core.app.dry_run.study_needs import STUDIES
from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study, list_studies
from spurious_core.core.settings import Profile
from support.study_cells import run_cells


def test_every_study_is_listed_with_fields_and_parameters_that_exist():
    assert sorted(STUDIES) == list_studies()
    for name, needs in STUDIES.items():
        assert {*needs.fields, *needs.required, *needs.rendered} <= set(Profile.__dataclass_fields__)
        assert set(needs.parameters) <= set(find_study(name).parameters)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    "The folder of a dry run, with the presets for 80 GB, which take the full decoder."
    folder = tmp_path_factory.mktemp("dry")
    parameters = dict(profile=make_random_profile(folder / "tiny"), budget="dry", card=80)
    run_cells("class_wise_spurious_generation", out=str(folder / "out"), **parameters)
    return folder / "out"


@pytest.mark.slow
def test_a_dry_run_counts_its_two_pictures(out):
    assert Metrics.load(out)["consistency.sfsl"]["n"] == 2


@pytest.mark.slow
def test_a_dry_run_takes_ten_steps_with_the_full_decoder(out):
    arm = out / "runs/landbird-0/sfsl"
    config = json.loads((arm / "adapter/config.json").read_text())
    assert (config["steps"], config["batch_size"]) == (10, 1)
    assert (config["decoder"], config["precision"]) == ("AutoencoderKL", "fp32")
    assert config["gradient_checkpointing"] is True
    assert len((arm / "adapter/log.jsonl").read_text().splitlines()) == 10
    assert len(list((arm / "images").glob("*.png"))) == 4
