"Classes without generated pictures: which they are, what is left of the set, and what the test asks."

from types import SimpleNamespace

import numpy as np
import pytest

from spurious_core.papers.d3s.study.shortcut import ShortcutTask
from spurious_core.papers.d3s.study.withheld import withheld_classes, withheld_task, without_withheld
from support.d3s import LABELS, pictures


def study_of(n, labels=LABELS):
    return SimpleNamespace(plan=SimpleNamespace(withheld=n), labels=labels)


@pytest.mark.parametrize(
    "asked, n_labels, withheld", [(1, 4, 1), (2, 4, 2), (3, 4, 2), (3, 3, 1), (3, 10, 3)]
)
def test_as_many_as_the_plan_says_and_two_classes_are_left(asked, n_labels, withheld):
    labels = [f"class {i}" for i in range(n_labels)]
    study = study_of(asked, labels)
    found = withheld_classes(study, 0)
    assert len(found) == withheld
    assert found == [label for label in labels if label in found] == withheld_classes(study, 0)
    assert len({tuple(withheld_classes(study, seed)) for seed in range(20)}) > 1


def test_the_rest_of_the_set_counts_its_own_classes_and_the_task_asks_for_the_others():
    study, data = study_of(2), pictures(80)
    rest = without_withheld(study, data, 3)
    task = withheld_task(study, ShortcutTask(data, data), 3)
    withheld = withheld_classes(study, 3)
    assert rest.labels == [label for label in LABELS if label not in withheld]
    kept = np.isin(np.array(LABELS)[data.y], rest.labels)
    assert [rest.labels[y] for y in rest.y] == [LABELS[y] for y in data.y[kept]]
    assert (rest.images() == data.images(kept)).all()
    assert task.train is data
    assert task.test.labels == LABELS
    assert (task.test.y == data.y[~kept]).all()
