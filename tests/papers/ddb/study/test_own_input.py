"Folder and classifier belong together, and know the same classes."

import numpy as np
import pytest

from spurious_core.mitigate.networks import small_resnet
from spurious_core.models.loading import save_classifier
from spurious_core.papers.ddb.study.own_input import OwnInput
from support.own_pictures import put_pictures


@pytest.fixture
def own_data(tmp_path):
    for label in ("cat", "dog"):
        put_pictures(tmp_path / "images" / label, np.zeros((4, 16, 16, 3), np.uint8))
    save_classifier(small_resnet(["dog", "cat", "swan"], (4, 8)), tmp_path / "classifier")
    return dict(folder=str(tmp_path / "images"), classifier=str(tmp_path / "classifier"))


def test_the_given_classifier_keeps_the_classes_of_the_folder(own_data):
    assert OwnInput(**own_data).read_classifier().labels == ["cat", "dog"]


@pytest.mark.parametrize(
    "parts, why",
    [
        ({"swan": "bird"}, "'swan' is no class; allowed: cat, dog"),
        ({"cat": " "}, "the part of 'cat' is no text"),
        ({"cat": 3}, "the part of 'cat' is no text"),
    ],
)
def test_parts_belong_to_classes_of_the_folder(own_data, parts, why):
    with pytest.raises(ValueError, match=why):
        OwnInput(**own_data, parts=parts).read_classifier()


def test_folder_and_classifier_belong_together():
    with pytest.raises(ValueError, match="folder and classifier belong together"):
        OwnInput(classifier="somewhere")
    with pytest.raises(ValueError, match="parts and initializer are for your own images"):
        OwnInput(initializer="animal")
