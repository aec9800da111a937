"Folders and classifiers that speak of the same things or not, and judges that have not seen a picture."

from dataclasses import replace

import numpy as np
import pytest
import torch

from spurious_core.app.audit import subjects
from spurious_core.app.audit.subjects import fitted_head, look, match_labels, read_subject
from spurious_core.core.settings import load_profile
from spurious_core.data.grouped import GroupedImages
from spurious_core.data.rendered import world_images
from spurious_core.data.worlds import get_world
from spurious_core.mitigate.networks import restrict_labels
from spurious_core.models.loading import load_classifier
from spurious_core.models.preprocessing import Preprocess
from support.networks import small_classifier

SYNONYMS = ["tench, Tinca tinca", "great white shark, white shark", "cow"]


@pytest.fixture(scope="module")
def birds():
    return world_images(get_world("waterbirds"), 40, "train")


@pytest.mark.parametrize(
    "folders, numbers",
    [
        (["cow", "tench"], [2, 0]),
        (["White_Shark", "tinca tinca"], [1, 0]),
        (["great white shark, white shark"], [1]),
        (["tench", "Tinca tinca", "cow"], [None, None, 2]),  # one class, twice
        (["cow", "goat"], [2, None]),
    ],
)
def test_names_and_synonyms(folders, numbers):
    assert match_labels(folders, SYNONYMS) == numbers


def test_a_classifier_that_knows_the_classes_is_taken_as_it_is(birds):
    clf = small_classifier(preprocess=Preprocess())
    clf.labels = ["waterbird", "boat", "landbird"]
    subject = read_subject(birds, clf)
    assert not subject.fitted
    with torch.no_grad():
        logits = clf.batched(clf, birds.images())[:, [2, 0]]
    np.testing.assert_allclose(subject.probs, logits.softmax(1).numpy(), atol=1e-4)
    assert subject.looks.thumbs.shape == (40, 96, 96, 3)


def test_a_picture_is_not_judged_by_what_learned_from_it(birds):
    "Features that say nothing but which picture it is: a head that had seen them would be right."
    rng = np.random.default_rng(0)
    features = torch.from_numpy(rng.normal(size=(40, 400)))
    (weight, bias), logits = fitted_head(features, birds)
    known = (features.numpy() @ weight.T + bias).argmax(1) == birds.y
    assert known.mean() > 0.95
    assert (logits.argmax(1) == birds.y).mean() < 0.8


def test_other_splits_are_judged_by_the_head_of_all_training_pictures(birds):
    manifest = birds.manifest.assign(split=["train"] * 30 + ["test"] * 10)
    images = GroupedImages(manifest, birds.labels, birds.attributes, "birds", birds.pixels, size=64)
    features = torch.from_numpy(np.random.default_rng(1).normal(size=(40, 6)))
    (weight, bias), logits = fitted_head(features, images)
    np.testing.assert_allclose(logits[30:], features.numpy()[30:] @ weight.T + bias)
    assert not np.allclose(logits[:30], features.numpy()[:30] @ weight.T + bias)


def test_too_few_pictures_to_fit_are_an_error(birds):
    few = birds.subset(np.r_[np.flatnonzero(birds.y == 0)[:8], np.flatnonzero(birds.y == 1)[:3]])
    with pytest.raises(ValueError, match="3 training pictures of waterbird"):
        fitted_head(torch.randn(11, 4), few)


def test_margins_know_nothing_of_the_middle(birds):
    clf = small_classifier(preprocess=Preprocess())
    looks = look(clf, birds.subset(range(4)), batch=3)
    assert looks.features.shape == looks.margins.shape and not torch.allclose(looks.features, looks.margins)


def test_pictures_of_one_class_cannot_be_audited(birds):
    alone = birds.subset(birds.y == 0)
    one = GroupedImages(alone.manifest, birds.labels[:1], birds.attributes, "birds", alone.pixels, size=64)
    with pytest.raises(ValueError, match="birds: all pictures are landbird; at least two classes are needed"):
        read_subject(one, small_classifier(preprocess=Preprocess()))


def test_who_judges_is_said(birds):
    clf = small_classifier(preprocess=Preprocess())
    clf.labels = ["waterbird", "boat", "lanbird"]
    sentence = read_subject(birds, clf).judged_by
    assert "a last layer fitted to features of resnet" in sentence
    assert sentence.endswith("the network does not know landbird.")


def test_a_classifier_of_more_classes_says_among_how_many_it_chose(birds):
    clf = load_classifier(load_profile("mini").guide)  # ten classes, of which one is landbird
    boats = replace(birds, labels=["landbird", "boat"])
    subject = read_subject(boats, clf)
    names = [clf.labels[k] for k in clf.probs(boats.images()).argmax(1).tolist()]
    right = np.array(names) == np.array(boats.labels)[boats.y]
    assert 0 < (~right).sum() and (subject.right_among_all == right).all()
    two = restrict_labels(clf, boats.labels)
    assert read_subject(boats, two).judged_by == f"40 pictures, judged by {two.name} as it comes."
    chosen = f"which here chooses among these 2 of its {len(clf.labels)} classes; among all "
    assert chosen in subject.judged_by and f"it is right in {right.mean():.3f}" in subject.judged_by


def test_a_bad_seed_is_refused_before_a_picture_is_looked_at(birds, monkeypatch):
    monkeypatch.setattr(subjects, "look", lambda *_, **__: pytest.fail("looked"))
    with pytest.raises(ValueError, match="seed=-1 must lie in"):
        read_subject(birds, load_classifier(load_profile("mini").guide), seed=-1)
