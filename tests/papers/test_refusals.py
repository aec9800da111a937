"What the studies refuse of own folders; what of worlds and words is tested with the checks of studies."

import pytest

from spurious_core.papers import refusals
from spurious_core.papers.classes import FOLDER_PARTS


@pytest.mark.parametrize("check", [refusals.check_class_wise, refusals.check_forms])
def test_own_classes_are_chosen_among_those_of_the_folder(check, tmp_path):
    for part in FOLDER_PARTS:
        (tmp_path / "house" / part).mkdir(parents=True)
        (tmp_path / "landbird" / part).mkdir(parents=True)
    asked = dict(profile="mini", budget="smoke", folder=str(tmp_path), arms=[], steps=0)
    check(classes=["house"], **asked)
    with pytest.raises(ValueError, match="unknown class 'boat'"):
        check(classes=["boat"], **asked)
