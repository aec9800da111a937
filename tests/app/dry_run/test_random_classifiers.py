"Random classifiers have features of an ordinary size, and load in both formats."

import pytest
import torch

from spurious_core.app.dry_run.random_classifiers import random_classifier, random_guide
from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.models.loading import load_classifier

TINY = SIZES["tiny"]
LABELS = [f"class {i}" for i in range(12)]


@pytest.fixture(scope="module")
def pictures():
    return draw(sample(get_world("imagenet_like"), 6))


@pytest.mark.parametrize("kind", TINY.jury)
def test_every_kind_of_juror_tells_pictures_apart(kind, pictures, tmp_path):
    folder = random_classifier(tmp_path / kind, TINY, LABELS, TINY.jury[kind], kind=kind)
    classifier = load_classifier(folder)
    assert classifier.labels == LABELS
    assert classifier.net.config.model_type == kind
    spread = classifier.batched(classifier.features, pictures).std(0).max()
    assert 0.001 < spread < 100


def test_it_always_says_what_it_is_told(pictures, tmp_path):
    folder = random_classifier(tmp_path / "blind", TINY, LABELS, TINY.observer, always="class 7")
    assert (load_classifier(folder).probs(pictures)[:, 7] > 0.99).all()


def test_namesakes_are_equal_and_others_differ(tmp_path):
    folders = [tmp_path / "a/juror", tmp_path / "b/juror", tmp_path / "a/guide"]
    nets = [load_classifier(random_classifier(f, TINY, LABELS, TINY.resnet)) for f in folders]
    first, namesake, other = (net.head_weight for net in nets)
    assert torch.equal(first, namesake)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("size", ["tiny", "small"])
def test_the_guide_has_torchvisions_names(size, pictures, tmp_path):
    guide = load_classifier(random_guide(tmp_path / "new/guide.safetensors", SIZES[size], LABELS))
    assert guide.labels == LABELS
    assert guide.probs(pictures).std(0).max() > 0
