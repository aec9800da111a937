"The example folder is what a reader would bring: four folders, captions, nothing twice."

import numpy as np
import pytest

from spurious_core.core.settings import load_profile
from spurious_core.diffusion.references import load_references, read_captions
from spurious_core.models.loading import load_classifier
from spurious_core.papers.class_wise.example_folder import EXAMPLE_COUNTS, write_example_folder
from spurious_core.papers.classes import own_classes


def test_four_folders_of_different_pictures(tmp_path):
    root = write_example_folder(tmp_path, train=10)
    assert own_classes(root) == ["house"]
    counts = EXAMPLE_COUNTS | dict(train=10)
    parts = {part: load_references(root / "house" / part, 64) for part in counts}
    assert {part: len(images) for part, images in parts.items()} == counts
    every = np.concatenate(list(parts.values()))
    assert len({image.tobytes() for image in every}) == len(every)
    names = [f"{i:03d}.png" for i in range(12)]
    captions = read_captions(root / "house/references", names, "")
    assert captions[0] == captions[10] == "a photo of an empty sks scene on grass"
    assert len(set(captions)) == 10


def test_the_guide_takes_references_for_the_class_and_empty_places_not(tmp_path):
    root = write_example_folder(tmp_path, train=8, fresh=4)
    guide = load_classifier(load_profile("mini").guide)
    references, empty = (load_references(root / "house" / part, 64) for part in ("references", "empty"))
    house = guide.index("house")
    assert guide.probs(references)[:, house].mean() > guide.probs(empty)[:, house].mean() + 0.2


def test_each_class_has_its_own_feature_and_who_has_none_is_named(tmp_path):
    few = dict(references=3, empty=1, fresh=1, train=1)
    for label, prop in (("cow", "flower"), ("house", "fence")):
        ours, named = (
            load_references(
                write_example_folder(tmp_path / name, label, *given, **few) / label / "references", 64
            )
            for name, given in (("ours", []), ("named", [prop]))
        )
        assert (ours == named).all()
    with pytest.raises(ValueError, match="label='boat' has no planted prop; take one of house, .*cow"):
        write_example_folder(tmp_path, "boat")


def test_a_feature_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="prop='gate' is unknown; allowed: lamp"):
        write_example_folder(tmp_path, prop="gate")
