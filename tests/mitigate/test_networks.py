"Where a training starts: copies, new heads, seeds."

import pytest
import torch

from spurious_core.mitigate.networks import (
    new_classifier,
    restrict_labels,
    seeded,
    small_resnet,
    with_head,
)
from spurious_core.models.loading import load_classifier, save_classifier
from support.mitigation import LABELS, quick, same


def three():
    return new_classifier(lambda: small_resnet(["a", "b", "c"], (4, 8)), ["a", "b", "c"], "cpu", 0)


def test_a_backbone_is_copied_and_its_head_made_anew_only_for_other_classes(tmp_path):
    torch.manual_seed(0)
    clf = small_resnet(["a", "b", "c"], (4, 8)).eval().requires_grad_(False)
    before = {name: value.clone() for name, value in clf.state_dict().items()}
    fitted = quick("ERM", backbone=clf)
    assert same(before, clf.state_dict())
    assert fitted.clf.labels == LABELS and fitted.clf.head.out_features == 2
    again = load_classifier(save_classifier(fitted.clf, tmp_path / "c", torch.float32))
    assert again.labels == LABELS  # a plain transformers folder, with the new head
    x = torch.rand(2, 3, 16, 16)
    assert torch.allclose(again(x), fitted.clf(x), atol=1e-5)
    kept = new_classifier(fitted.clf, LABELS)
    assert torch.equal(kept.head_weight, fitted.clf.head_weight) and kept.head_weight.requires_grad


def test_seeds_decide_new_weights_and_leave_the_global_state_alone():
    before = torch.random.get_rng_state()
    assert same(three().state_dict(), three().state_dict())
    with seeded(torch.device("cpu"), "key"):
        torch.rand(3)
    assert torch.equal(before, torch.random.get_rng_state())


def test_restricted_labels_keep_the_rows_of_their_classes():
    clf, x = three(), torch.rand(2, 3, 16, 16)
    two = restrict_labels(clf, ["c", "a"])
    assert torch.allclose(two(x), clf(x)[:, [2, 0]], atol=1e-5)
    assert clf.labels == ["a", "b", "c"] and two.net.config.num_labels == 2
    with pytest.raises(ValueError, match="it knows a, b, c"):
        restrict_labels(clf, ["a", "d"])
    with pytest.raises(ValueError, match="without repetition"):
        restrict_labels(clf, ["a", "a"])


def test_a_head_is_replaced_in_place():
    clf = three()
    assert with_head(clf, torch.zeros(3, 8), [1.0, 2.0, 3.0]) is clf
    assert clf(torch.rand(1, 3, 16, 16)).tolist() == [[1.0, 2.0, 3.0]]


def test_what_is_no_classifier_is_refused():
    with pytest.raises(ValueError, match="backbone is a str; expected a Classifier or a function"):
        new_classifier("resnet50", LABELS)
    with pytest.raises(ValueError, match="backbone is a int"):
        new_classifier(lambda: 3, LABELS)
