"Studies: found by name or path, and held to their contract."

import pytest

from spurious_core.app.audit.calibration_plans import AUDIT_BUDGETS
from spurious_core.app.speed.turns import SPEED_PLANS
from spurious_core.app.studies import BUDGETS, describe, find_study, list_studies, studies_folder
from spurious_core.papers.aspire.study_plans import ASPIRE_PLANS
from spurious_core.papers.class_wise.plans import CLASS_WISE_PLANS, FORMS_PLANS
from spurious_core.papers.d3s.study.study_plans import D3S_PLANS
from spurious_core.papers.ddb.study.plan import DDB_PLANS
from spurious_core.papers.discoverers.plans import DISCOVERY_BUDGETS
from spurious_core.papers.ffr.planning import FFR_BUDGETS
from spurious_core.papers.generators.generator_plans import GENERATOR_BUDGETS
from spurious_core.papers.mitigation.planning import BENCHMARK_BUDGETS
from spurious_core.papers.real.plans import BAR_BUDGETS, REAL_BUDGETS
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


@pytest.mark.parametrize("seed", [-1, 2**70])
def test_a_seed_is_one_that_all_generators_take(make_study, seed):
    with pytest.raises(ValueError, match=f"^seed={seed} must lie in"):
        find_study(make_study()).check(dict(seed=str(seed)))


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


def test_a_study_is_read_without_knowing_all_of_jupyter(tmp_path):
    for text in ("[]", '{"cells": [{}]}', '{"worksheets": []}'):
        (tmp_path / "bad.ipynb").write_text(text)
        with pytest.raises(ValueError, match="bad.ipynb is not a notebook"):
            find_study(tmp_path / "bad.ipynb")


PLANS = dict(
    aspire=ASPIRE_PLANS,
    audit_calibration=AUDIT_BUDGETS,
    bar=BAR_BUDGETS,
    class_wise_spurious_generation=CLASS_WISE_PLANS,
    d3s=D3S_PLANS,
    ddb=DDB_PLANS,
    discovery_benchmark=DISCOVERY_BUDGETS,
    ffr=FFR_BUDGETS,
    mitigation_benchmark=BENCHMARK_BUDGETS,
    real_spurious_features=REAL_BUDGETS,
    similarity_loss_forms=FORMS_PLANS,
    speed=SPEED_PLANS,
    which_generator=GENERATOR_BUDGETS,
)


@pytest.mark.parametrize("name", list_studies())
def test_the_comment_names_the_budgets_that_there_are_plans_for(name):
    plans = PLANS[name]
    study = find_study(name)
    assert sorted(study.budgets) == sorted(plans)
    for budget in {*BUDGETS} - {*plans}:
        with pytest.raises(ValueError, match=f"budget='{budget}' is unknown; allowed: smoke, quick, full"):
            study.check(dict(budget=budget))
    assert study.is_ours


def test_a_study_whose_comment_names_no_budget_has_all(make_study):
    silent = PARAMETERS.replace("# smoke, quick or full", "# how much")
    study = find_study(make_study(parameters=silent))
    assert study.budgets == list(BUDGETS)
    assert not study.is_ours


def test_the_projects_studies_are_found():
    assert studies_folder().is_dir()
    assert [find_study(name).name for name in list_studies()] == list_studies()
