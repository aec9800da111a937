"What the studies refuse of own folders; what of worlds and words is tested with the checks of studies."

import pytest

from spurious_core.app.studies import find_study
from spurious_core.app.study_checks import check_study
from spurious_core.core.settings import load_profile
from spurious_core.diffusion.sampling import known_sampler
from spurious_core.papers import refusals
from spurious_core.papers.own_pictures import rendered_models
from support.own_pictures import put_empty_files


@pytest.mark.parametrize("profile", ["mini", "mini_flow"])
def test_every_embedded_pipeline_has_the_usual_sampler(profile):
    found = load_profile(profile)
    assert rendered_models(found, ["pipeline"])
    assert known_sampler(found.pipeline, refusals.USUAL_SAMPLER) == refusals.USUAL_SAMPLER
    assert find_study("d3s").parameters["sampler"].default == refusals.USUAL_SAMPLER


def test_rendered_worlds_are_not_drawn_to_be_checked(monkeypatch):
    monkeypatch.setattr("spurious_core.data.rendered.draw", None)
    for methods in (["ERM", "GroupDRO"], ["Resample"]):
        check_study(find_study("mitigation_benchmark"), dict(methods=methods, size=4096, world="waterbirds"))


@pytest.mark.parametrize("check", [refusals.check_class_wise, refusals.check_forms])
def test_own_classes_are_chosen_among_those_of_the_folder(check, tmp_path):
    for label in ("house", "landbird"):
        put_empty_files(tmp_path / label)
    asked = dict(profile="mini", budget="smoke", folder=str(tmp_path), arms=[], steps=0)
    check(classes=["house"], **asked)
    with pytest.raises(ValueError, match="unknown class 'boat'"):
        check(classes=["boat"], **asked)
