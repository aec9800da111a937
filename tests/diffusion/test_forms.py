"Every form and guard against numbers that one can work out by hand."

import pytest
import torch

from spurious_core.diffusion.forms import (
    FORMS,
    Alpha,
    Contrast,
    Cosine,
    Distance,
    Distribution,
    Evidence,
    Features,
    Fence,
    Guard,
    Hinge,
    LogProbability,
)


def features(*rows, differentiable=False):
    """Pictures in a space of two: the spurious feature, and the object. `alpha` is `psi`, to make it simple,
    and the probability grows with the feature."""
    psi = torch.tensor(rows, dtype=torch.float32, requires_grad=differentiable)
    return Features(psi, psi, psi[:, 0] - 9)


REFERENCES = features((2.0, 0.0), (3.0, 0.5), (4.0, -0.5))
EMPTY = features((0.5, 0.0), (1.5, 0.0))
OBJECTS = features((3.0, 9.0), (3.0, 11.0))
EVIDENCE = Evidence("boat", REFERENCES, torch.zeros(2), EMPTY, OBJECTS)
ONE = features((2.0, 5.0))


def fitted(form, **settings):
    return form([0], **settings).fit(EVIDENCE)


def test_alpha_has_no_bound():
    alpha = fitted(Alpha)  # the aim is 3, empty scenes are at 1: the way is 2
    assert alpha(ONE).item() == -1
    assert alpha(features((20.0, 0.0))).item() == -10


def test_hinge_ends_at_the_aim():
    hinge = fitted(Hinge)
    assert hinge(features((1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (9.0, 0.0))).tolist() == [1, 0.5, 0, 0]
    assert fitted(Hinge, quantile=1.0).aim == 4


def test_unit_is_the_way_or_the_spread():
    assert fitted(Hinge).scale == 2
    spread = fitted(Hinge, unit="spread")
    assert spread.scale == 1
    assert spread.needs == ()
    assert spread.fit(Evidence("boat", REFERENCES, torch.zeros(2))) is spread


def test_the_probability_needs_no_components():
    form = LogProbability([1]).fit(EVIDENCE)  # the aim is -6, empty scenes are at -8
    assert form(features((1.0, 0.0), (2.0, 50.0), (3.0, 0.0))).tolist() == [1, 0.5, 0]


def test_several_components_are_added():
    both = Hinge([0, 1]).fit(EVIDENCE)
    assert both.amount(ONE).item() == 7


def test_distance_holds_to_the_reference_that_a_picture_was_made_from():
    distance = fitted(Distance)
    assert distance(features((2.0, 0.0), (2.0, 0.0)), torch.tensor([0, 2])).tolist() == [0, 1]
    with pytest.raises(ValueError, match="needs the number of the reference"):
        distance(ONE)


def test_contrast_does_not_see_the_object():
    contrast = fitted(Contrast)
    assert torch.allclose(contrast.axis, torch.tensor([1.0, 0.0]), atol=1e-6)
    near, far = features((2.0, 0.0)), features((2.0, 50.0))
    assert contrast(near).item() == pytest.approx(0.5)
    assert contrast(far).item() == pytest.approx(0.5, abs=1e-5)
    assert contrast(EMPTY).mean().item() == pytest.approx(1)
    assert fitted(Contrast, unit="spread").needs == ("object_free", "object_images")


@pytest.mark.parametrize("center, wanted", [("zero", 0), ("train", 0), ("object_free", 1)])
def test_cosine_is_seen_from_its_centre(center, wanted):
    cosine = fitted(Cosine, center=center)
    assert cosine.origin.tolist() == [wanted, 0]
    assert cosine(features((7.0, 0.0))).item() == pytest.approx(0, abs=1e-6)
    assert cosine(features((float(wanted), 3.0))).item() == pytest.approx(1, abs=1e-6)
    assert cosine.needs == (("object_free",) if wanted else ())


def test_distribution_is_free_within_one_standard_deviation():
    distribution = fitted(Distribution)  # mean 3, standard deviation 1
    assert distribution(features((2.5, 9.0), (4.0, 9.0), (6.0, 9.0), (0.0, 9.0))).tolist() == [0, 0, 4, 4]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_prefers_references_and_has_a_gradient_elsewhere(name):
    form = fitted(FORMS[name])
    numbers = torch.arange(3)
    near = form(REFERENCES, numbers).mean()
    away = features((-1.0, 1.0), (-2.0, 1.0), (-3.0, 1.0), differentiable=True)
    far = form(away, numbers).mean()
    assert near < far
    assert torch.autograd.grad(far, away.psi)[0].abs().sum() > 0


def test_nothing_to_pull_to():
    swapped = Evidence("boat", EMPTY, torch.zeros(2), REFERENCES, OBJECTS)
    with pytest.raises(ValueError, match="boat: the references lie no further along components"):
        Hinge([0]).fit(swapped)


@pytest.mark.parametrize("settings", [dict(unit="std"), dict(center="mean")])
def test_unknown_settings(settings):
    with pytest.raises(ValueError, match="is unknown; allowed"):
        Hinge([0], **settings)


def test_the_guard_charges_beyond_the_furthest_reference():
    guard = Guard().fit(EVIDENCE)  # towards the object: the limit is 0.5, the spread 0.5
    assert guard(REFERENCES).abs().max().item() == pytest.approx(0, abs=1e-6)
    assert guard(features((3.0, 1.5), (3.0, -9.0))).tolist() == pytest.approx([2, 0])


def test_the_fence_holds_the_other_components():
    fence = Fence([1]).fit(EVIDENCE)
    assert fence(REFERENCES).abs().max() == 0
    assert fence(features((99.0, 0.0), (0.0, 1.5), (0.0, -1.0))).tolist() == pytest.approx([0, 4, 1])
