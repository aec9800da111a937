"Where guide, form, cut-outs and gate meet."

from dataclasses import replace

import pytest
import torch
from torch import nn

from spurious_core.core.seeds import generator
from spurious_core.diffusion.forms import FORMS
from spurious_core.diffusion.similarity_loss import SimilarityLoss, SimilarityLossConfig, cutouts, see
from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.models.classifier import Classifier

PLAIN = SimilarityLossConfig(cutouts=0, unit="spread")
T = torch.full((4,), 0.85)


def noise(n, seed, level=0.5):
    return level * torch.rand(n, 3, 8, 8, generator=generator(seed))


@pytest.fixture(scope="module")
def guide():
    "A small random classifier of two classes."
    with torch.random.fork_rng():
        torch.manual_seed(0)
        layers = nn.Conv2d(3, 6, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(24, 2)
        return Classifier(nn.Sequential(*layers), ["boat", "car"], name="small")


@pytest.fixture(scope="module")
def make(guide):
    "make(settings) is a loss for the class boat; pictures may be taken away by name."
    pca = fit_neural_pca(guide, noise(40, 0), "boat")
    pool = noise(40, 1)
    pool = pool[pca.alpha(pool, guide)[:, [0, 2]].sum(1).argsort()]
    empty, with_feature = pool[:10], pool[-6:]
    pictures = dict(object_free=empty, object_images=noise(20, 2, 1.0))

    def make(config=PLAIN, components=(0, 2), references=with_feature, **other):
        return SimilarityLoss(guide, pca, references, components, config, **(pictures | other))

    return make


@pytest.mark.parametrize(
    "setting",
    [
        dict(form="l2"),
        dict(unit="std"),
        dict(center="mean"),
        dict(quantile=0.0),
        dict(cutout_min=1.5),
        dict(guard=-1.0),
        dict(keep=-0.1),
        dict(noise=float("nan")),
        dict(n_keep=-1),
        dict(cutouts=1.5),
        dict(snr_weight="no"),
        dict(sigma_min=1.0),
        dict(sigma_max=1.1),
    ],
)
def test_settings_are_checked(setting):
    (name,) = setting
    with pytest.raises(ValueError, match=f"{name}="):
        SimilarityLossConfig(**setting)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("guard, keep", [(0.0, 0.0), (1.0, 0.5)])
def test_one_number_a_picture_with_a_gradient(make, form, guard, keep):
    loss = make(replace(PLAIN, form=form, guard=guard, keep=keep, cutouts=2))
    x = noise(4, 5, 0.9).requires_grad_(True)
    value = loss(x, dict(index=torch.arange(4), seed=1), T)
    assert value.shape == (4,)
    assert torch.isfinite(torch.autograd.grad(value.sum(), x)[0]).all()


def test_guards_add_to_the_form(make):
    x = noise(4, 5, 2.0)
    bare = make(replace(PLAIN, guard=0.0))(x, {}, T)
    guard = (make(replace(PLAIN, guard=1.0))(x, {}, T) - bare).clamp(min=0)
    double = make(replace(PLAIN, guard=2.0))(x, {}, T)
    assert torch.allclose(double, bare + 2 * guard, atol=1e-4)
    fenced = make(replace(PLAIN, guard=0.0, keep=1.0))(x, {}, T)
    assert (fenced > bare).any()
    nothing_to_fence = make(replace(PLAIN, guard=0.0, keep=1.0, n_keep=1), components=[0])
    assert nothing_to_fence.guards == []


@pytest.mark.parametrize(
    "settings, missing",
    [
        (dict(form="contrast", guard=0.0), ("object_free", "object_images")),
        (dict(form="hinge", unit="gap", guard=0.0), ("object_free",)),
        (dict(form="hinge", guard=0.5), ("object_images",)),
        (dict(form="cosine", guard=0.0), ("object_free",)),
        (dict(form="cosine", center="zero", guard=0.0), ()),
        (dict(form="distribution", unit="gap", guard=0.0), ()),
        (dict(form="alpha", guard=0.0), ()),
    ],
)
def test_only_the_pictures_that_are_needed_must_be_given(make, settings, missing):
    config = replace(PLAIN, **settings)
    for name in missing:
        with pytest.raises(ValueError, match=f"form='{config.form}'.* need {name}"):
            make(config, **{name: None})
        with pytest.raises(ValueError, match=f"need {name}"):
            make(config, **{name: torch.zeros(0, 3, 8, 8)})
    others = {name: None for name in ("object_free", "object_images") if name not in missing}
    make(config, **others)


def test_what_it_is_made_from_is_checked(make):
    for components in ([], [99], [-1]):
        with pytest.raises(ValueError, match="need at least one of 0.."):
            make(components=components)
    for references in (noise(1, 3), noise(4, 3)[0]):
        with pytest.raises(ValueError, match="need at least two images"):
            make(references=references)


def test_gate(make):
    loss = make(replace(PLAIN, sigma_min=0.3, sigma_max=0.9))
    assert loss.gate(torch.tensor([0, 0.29, 0.3, 0.9, 0.91])).tolist() == [False, False, True, True, False]


def test_noisy_estimates_are_trusted_less(make):
    x, sigma = noise(4, 5), torch.tensor([0.0, 0.6, 0.8, 1.0])
    whole = make()(x, {}, torch.zeros(4))
    assert torch.allclose(make()(x, {}, sigma), whole * torch.tensor([1.0, 0.8, 0.6, 0.0]))
    assert torch.equal(make(replace(PLAIN, snr_weight=False))(x, {}, sigma), whole)


def test_the_same_seed_gives_the_same_cutouts(make):
    loss, x = make(replace(PLAIN, cutouts=3)), noise(4, 5)
    whole = loss(x, dict(seed=3), T)
    assert torch.equal(loss(x, dict(seed=3), T), whole)
    assert not torch.equal(loss(x, dict(seed=4), T), whole)
    part = torch.tensor([3, 1])
    assert torch.allclose(
        loss(x[part], dict(seed=3, place=part, batch_size=4), T[:2]), whole[part], atol=1e-5
    )


def test_cutouts():
    x = noise(2, 0)
    assert torch.allclose(cutouts(x, 2, 1.0, 0.0, generator(0)), x.repeat(2, 1, 1, 1), atol=1e-5)
    crops = cutouts(x, 3, 0.5, 0.1, generator(0))
    assert crops.shape == (6, 3, 8, 8)
    flat = cutouts(torch.full((1, 3, 8, 8), 0.4), 1, 0.5, 0.0, generator(0))
    assert torch.allclose(flat, torch.full_like(flat, 0.4))


def test_fingerprint_tells_all_that_shapes_the_loss(make):
    text = make(SimilarityLossConfig(cutouts=0)).fingerprint
    start, _, config = text.partition(" SimilarityLossConfig(")
    assert start.startswith("small boat [0, 2] ")
    assert len(start.split()[-1]) == 12
    assert config == (
        "form='hinge', unit='way', center='object_free', quantile=0.9, guard=1.0, keep=0.0, n_keep=12, "
        "sigma_min=0.639, sigma_max=1.0, snr_weight=True, cutouts=0, cutout_min=0.85, noise=0.02)"
    )
    assert make().fingerprint != text


def test_what_the_guide_saw_lies_on_its_device(guide):
    "Forms fitted on the CPU would meet pictures of an accelerator."
    pca = fit_neural_pca(guide, noise(40, 0), "boat")

    class Elsewhere:
        device, features = torch.device("meta"), None

        def batched(self, features, images):
            return guide.batched(guide.features, images)

        def head(self, features):
            return torch.nn.functional.linear(features, guide.head_weight.to(features.device))

        def index(self, label):
            return guide.index(label)

    seen = see(Elsewhere(), pca, noise(3, 1))
    assert {part.device.type for part in (seen.psi, seen.alpha, seen.log_p)} == {"meta"}
    here = see(guide, pca, noise(3, 1))
    assert here.psi.shape == seen.psi.shape
    assert here.alpha.device == guide.device
