"What the detector names for every class, and whether that is right."

from dataclasses import replace

import pandas as pd
import pytest

from spurious_core.papers.class_wise.survey import (
    component_panel,
    false_alarms,
    feature_name,
    planted_feature,
    strongest_component,
    survey_table,
)


def component_rows(*spurious, margins=(0.1, 0.3, 0.2)):
    numbers = dict(auc=0.9, effect=1.0, margin=margins, feature=["lamp", "kite", "flag"])
    return pd.DataFrame(dict(component=[0, 1, 2], spurious=spurious) | numbers)


@pytest.mark.parametrize(
    "spurious, component", [((True, True, False), 0), ((False, False, True), 2), ((False, False, False), 1)]
)
def test_the_first_component_if_spurious_else_the_one_that_comes_closest(planted, spurious, component):
    target = replace(planted, table=component_rows(*spurious))
    assert strongest_component(target).component == component


def test_a_world_knows_what_was_planted(world_kit, planted):
    table = survey_table(world_kit, {"landbird": planted})
    assert table.loc[0, ["planted", "detected"]].tolist() == ["lamp", "lamp"]
    assert table.found.tolist() == [True]
    wrong = replace(planted, table=component_rows(False, True, False))
    assert survey_table(world_kit, {"landbird": wrong}).found.tolist() == [False]


def test_nothing_detected_is_nothing_found(world_kit, kit, planted):
    silent = replace(planted, table=component_rows(False, False, False))
    for each in (world_kit, kit):
        table = survey_table(each, {"landbird": silent})
        assert table.detected.isna().all()
        assert not table.found.any()


def test_of_ones_own_pictures_only_the_references_are_known(kit, target):
    table = survey_table(kit, {"landbird": target})
    assert "planted" not in table
    assert table.found.all()
    assert planted_feature(kit, "landbird") is None
    assert feature_name(kit, "landbird") == "the feature"


def test_the_panel_shows_a_component_of_the_target(world_kit, planted):
    panel = component_panel(world_kit, planted, attack_steps=2)
    assert panel.get_suptitle() == f"landbird: component {planted.components[0]} (planted: lamp)"
    assert component_panel(world_kit, planted, 2, l=3).get_suptitle().startswith("landbird: component 3")


@pytest.mark.slow
def test_the_guide_itself_would_raise_an_alarm_and_the_null_guide_does_not(world_kit):
    labels = ["house", "landbird"]
    quiet = false_alarms(world_kit, labels, n_train=120, n_bank=20)
    assert quiet.to_dict() == dict(house=False, landbird=False)
    guilty = replace(world_kit, profile=replace(world_kit.profile, null_guide=world_kit.profile.guide))
    assert false_alarms(guilty, labels, n_train=120, n_bank=20).any()
