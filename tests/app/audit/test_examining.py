"A planted shortcut is named, a clean world is not slandered, and what follows is said."

import numpy as np
import pytest

from spurious_core.app.audit.examining import examine_subject, next_steps
from spurious_core.app.audit.subjects import read_subject
from spurious_core.core.settings import load_profile
from spurious_core.data.rendered import world_images
from spurious_core.data.worlds import get_world
from spurious_core.models.loading import load_classifier


@pytest.fixture(scope="module")
def net():
    return load_classifier(load_profile("mini").null_guide)


@pytest.fixture(scope="module")
def planted(net):
    birds = world_images(get_world("waterbirds_hard"), 500, "train", ratio=0.9)
    return examine_subject(read_subject(birds, net, refit=True))


def test_a_classifier_that_guesses_is_told(net):
    birds = world_images(get_world("waterbirds_hard"), 80, "train")
    subject = read_subject(birds, net, refit=True)
    subject.probs = np.tile([[0.9, 0.1]], (80, 1))  # every bird is a waterbird
    steps = next_steps(examine_subject(subject))
    assert steps[0].startswith("Accuracy is 0.50") and "not told from guessing among 2 classes" in steps[0]


def test_a_class_that_is_mostly_wrong_is_told(net):
    birds = world_images(get_world("waterbirds_hard"), 80, "train")
    subject = read_subject(birds, net, refit=True)
    right = np.eye(2)[birds.y]
    right[np.flatnonzero(birds.y == 1)[:30]] = [0.8, 0.2]
    subject.probs = right
    label, other = birds.labels[1], birds.labels[0]
    steps = next_steps(examine_subject(subject))
    assert steps[0].startswith(f"{label} (train) is called right in 0.25")
    assert f"most often {other} instead" in steps[0]


def test_the_planted_scenes_are_named(planted):
    assert len(planted.named)
    for _, shortcut in planted.named.iterrows():
        usual = planted.subject.images.a[planted.inside(shortcut)] == shortcut.k
        assert usual.mean() > 0.7
        assert shortcut.called_inside > shortcut.called_outside


@pytest.mark.slow
def test_a_world_without_shortcut_is_not_slandered(net):
    birds = world_images(get_world("waterbirds_hard"), 500, "train", ratio=0.5)
    found = examine_subject(read_subject(birds, net, refit=True))
    assert not len(found.named)
    assert "Collect pictures" not in " ".join(next_steps(found))


def test_mistakes_gather_where_the_place_conflicts(planted):
    gathered = planted.gathered
    assert len(gathered) and gathered.label.is_unique
    for _, row in gathered.iterrows():
        k = planted.subject.images.labels.index(row.label)
        conflicting = planted.subject.images.a[planted.inside(row)] != k
        assert conflicting.mean() > 0.7 and row.wrong_inside > row.wrong_outside
    said = [step for step in next_steps(planted) if step.endswith("see where its mistakes gather.")]
    assert len(said) == len(gathered)
    assert f"in {gathered.wrong_outside.iloc[0]:.0%} elsewhere" in said[0]
