"What the studies refuse of own folders; what of worlds and words is tested with the checks of studies."

import pytest

from spurious_core.papers import refusals
from support.own_pictures import put_empty_files


@pytest.mark.parametrize("check", [refusals.check_class_wise, refusals.check_forms])
def test_own_classes_are_chosen_among_those_of_the_folder(check, tmp_path):
    for label in ("house", "landbird"):
        put_empty_files(tmp_path / label)
    asked = dict(profile="mini", budget="smoke", folder=str(tmp_path), arms=[], steps=0)
    check(classes=["house"], **asked)
    with pytest.raises(ValueError, match="unknown class 'boat'"):
        check(classes=["boat"], **asked)
