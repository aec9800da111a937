"The checks of studies take parameters that the studies have, and agree with them on what is refused."

from inspect import signature

import pytest

from spurious_core.app.studies import find_study
from spurious_core.app.study_checks import PLANS
from spurious_core.papers import refusals
from spurious_core.papers.class_wise.kit import FOLDER_PARTS


@pytest.mark.parametrize("name", PLANS)
def test_a_check_takes_parameters_of_its_study(name):
    module, _, function = PLANS[name].partition(":")
    if module == refusals.__name__:
        assert set(signature(getattr(refusals, function)).parameters) <= set(find_study(name).parameters)


@pytest.mark.parametrize("check", [refusals.check_class_wise, refusals.check_forms])
def test_own_classes_are_chosen_among_those_of_the_folder(check, tmp_path):
    for part in FOLDER_PARTS:
        (tmp_path / "house" / part).mkdir(parents=True)
        (tmp_path / "landbird" / part).mkdir(parents=True)
    asked = dict(profile="mini", budget="smoke", folder=str(tmp_path), arms=[], steps=0)
    asked = {name: asked[name] for name in signature(check).parameters if name in asked}
    check(classes=["house"], **asked)
    with pytest.raises(ValueError, match="unknown class 'boat'"):
        check(classes=["boat"], **asked)
