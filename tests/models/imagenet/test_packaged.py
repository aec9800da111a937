"The real network that comes with packages."

import numpy as np
import pytest
import torch

from spurious_core.app.checkpoint_lookup import look_up
from spurious_core.models.imagenet import packaged
from spurious_core.models.imagenet.packaged import PACKAGED, load_packaged, packaged_file, packaged_name
from spurious_core.models.loading import load_classifier
from support.real_pictures import real_pictures

NAME = "efficientnet_lite0"


@pytest.fixture(scope="module")
def lite0():
    for module in PACKAGED[NAME].modules:
        pytest.importorskip(module)
    return load_classifier(f"package:{NAME}")


@pytest.mark.parametrize("source", ["org/model", "folder", "package"])
def test_other_sources_are_no_packages(source):
    assert packaged_name(source) is None


def test_an_unknown_package_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="package='lite9' is unknown; allowed: efficientnet_lite0"):
        load_classifier("package:lite9")


def test_without_its_packages_it_is_missing_and_says_what_to_install(monkeypatch):
    absent = PACKAGED[NAME]._replace(modules=("not_there", "nor_this"))
    monkeypatch.setitem(packaged.PACKAGED, NAME, absent)
    assert packaged_file(NAME) is None
    found = look_up(f"package:{NAME}")
    assert (found["state"], found["note"]) == ("missing", "pip install 'spurious_core[real]'")
    with pytest.raises(ImportError, match="pip install"):
        load_packaged(NAME)


def test_it_is_a_frozen_classifier_of_a_thousand_classes(lite0):
    assert (lite0.name, len(lite0.labels), lite0.head_weight.shape) == (NAME, 1000, (1000, 1280))
    assert not lite0.training and not any(p.requires_grad for p in lite0.parameters())
    found = look_up(f"package:{NAME}")
    assert found["state"] == "here" and 4.6e6 < found["weights"] < 4.8e6


def test_pixels_have_a_gradient_through_resizing(lite0):
    x = torch.rand(1, 3, 120, 160, requires_grad=True)
    lite0(x)[0, 5].backward()
    assert torch.isfinite(x.grad).all() and x.grad.abs().sum() > 0


def test_it_knows_photographs(lite0):
    "One photograph each of fifty classes; half a percent would be chance."
    pictures, classes = real_pictures("imagenet_one_each", 50)
    assert (lite0.probs(pictures).argmax(1).numpy() == classes).mean() > 0.7


@pytest.mark.slow
def test_normalising_by_imagenets_mean_would_be_worse(lite0):
    "The statement that mean and deviation are 0.5, on photographs."
    pictures, classes = real_pictures("imagenet_one_each", 50)
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    wrong = (x - mean) / std * 0.5 + 0.5  # what the network would see, as pixels
    right, other = (
        torch.log_softmax(lite0(pixels), 1)[np.arange(50), classes].mean() for pixels in (x, wrong)
    )
    assert right > other


def test_a_package_that_nobody_knows_is_named():
    with pytest.raises(ValueError, match="name='nope' is unknown; allowed: efficientnet_lite0"):
        load_packaged("nope")
