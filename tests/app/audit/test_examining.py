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
        assert conflicting.mean() > 0.7 and row.wrong > row.expected
    said = [step for step in next_steps(planted) if step.endswith("see where its mistakes gather.")]
    assert len(said) == len(gathered)
    assert f"where {gathered.expected.iloc[0]:.0%} would be expected" in said[0]


def test_copies_count_pictures_and_the_earlier_split_keeps_them(net):
    birds = world_images(get_world("waterbirds"), 60, "train")
    birds.manifest["split"] = ["test"] * 30 + ["train"] * 30
    birds.pixels[[1, 2, 40, 41]] = birds.pixels[0]
    steps = next_steps(examine_subject(read_subject(birds, net, refit=True)))
    assert any(step.startswith("Remove 3 pictures that an earlier split has as well") for step in steps)


def test_classes_of_which_there_are_too_few_are_named(net):
    birds = world_images(get_world("waterbirds"), 120, "train")
    birds.manifest["split"] = ["train"] * 110 + ["test"] * 10
    found = examine_subject(read_subject(birds, net, refit=True))
    few = found.accuracies[found.accuracies.n < 30]
    last = next_steps(found)[-1]
    assert set(few.split) == {"test"} and last.startswith("Too few pictures to say much of them")
    assert all(f"{row.label} ({row.n} in {row.split})" in last for row in few.itertuples())


def test_too_few_pictures_of_every_class_is_one_sentence(net):
    birds = world_images(get_world("waterbirds"), 40, "train")
    last = next_steps(examine_subject(read_subject(birds, net, refit=True)))[-1]
    assert last == "Too few pictures to say much of any class: 20 of each in a split."
