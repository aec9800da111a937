"A list of features, what of it counts, and marks."

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.discoverers.reports import (
    FEATURES,
    feature_scores,
    marks_of,
    planted_features,
    reported_features,
)
from spurious_core.papers.discoverers.trial_worlds import trial_world

LABELS = ["cat", "dog"]


def with_p(**values):
    "Two classes and all features, none of which is anything but those named cat_prop__kite=p."
    p = pd.DataFrame(1.0, LABELS, FEATURES)
    for name, value in values.items():
        label, feature = name.split("_", 1)
        p.loc[label, feature.replace("__", "=")] = value
    return feature_scores(LABELS, FEATURES, 1 - p.to_numpy(), p=p.to_numpy())


def test_the_rate_is_held_over_everything_that_was_looked_at():
    one = reported_features(with_p(cat_prop__kite=0.002))
    assert not one.reported.any()  # 36 were looked at: q is 0.07
    assert one[one.feature == "prop=kite"].q.min() == pytest.approx(0.072)
    few = reported_features(with_p(cat_prop__kite=0.002).iloc[:8])
    assert few[few.reported].feature.tolist() == ["prop=kite"]


def test_without_p_the_first_of_every_class_are_reported():
    table = feature_scores(LABELS, FEATURES, np.arange(36.0).reshape(2, 18))
    for found in (reported_features(table), reported_features(table.assign(p=np.nan))):
        assert found[found.reported].feature.tolist() == [FEATURES[-1]] * 2
    assert reported_features(table, first=3).reported.sum() == 6


def test_an_empty_list_reports_nothing():
    empty = reported_features(feature_scores(LABELS, [], np.zeros(0), p=np.zeros(0)))
    marks = marks_of(empty, dict(cat=[{"prop=kite"}], dog=[]))
    assert (marks["planted"], marks["first"], marks["reports"], marks["with_report"]) == (1, 0, 0, 0)


def test_marks():
    table = with_p(cat_prop__kite=1e-6, cat_prop__flag=1e-7, dog_scene__cave=1e-6)
    marks = marks_of(reported_features(table), dict(cat=[{"prop=kite"}], dog=[{"scene=cave"}]))
    wanted = dict(planted=2, first=1, three=2, reports=3, false=1, classes=2, with_report=2)
    assert marks == wanted


def test_truth_is_in_words_of_the_vocabulary():
    world = trial_world(5, True)
    planted = planted_features(world)
    first, second, third = world.labels
    assert planted[third] == [] and all(len(planted[label]) == 1 for label in (first, second))
    assert next(iter(planted[first][0])).startswith("prop=") and planted[second][0] < set(FEATURES)
    assert not any(planted_features(trial_world(5, False)).values())
