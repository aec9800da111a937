"Estimation, formats and faults of neural PCA."

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import ResNetConfig, ResNetForImageClassification

from spurious_core.find.neural_pca import (
    NeuralPCA,
    SpuFix,
    feature_attack,
    fit_neural_pca,
    matched_directions,
    spurious_components,
)
from spurious_core.models.classifiers import Classifier, Preprocess

torch.set_num_threads(1)
D = 16


@pytest.fixture(scope="module")
def clf():
    torch.manual_seed(0)
    net = ResNetForImageClassification(
        ResNetConfig(embedding_size=8, hidden_sizes=[8, D], depths=[1, 1], layer_type="basic", num_labels=3)
    )
    return Classifier(net, ["cat", "dog", "cup"], Preprocess(), "net").eval().requires_grad_(False)


def features(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    return (
        torch.randn(n, D, generator=g, dtype=torch.double)
        @ torch.randn(D, D, generator=g, dtype=torch.double)
        + 5
    )


def images(n=30):
    return np.random.default_rng(0).integers(0, 255, (n, 64, 64, 3), dtype=np.uint8)


@pytest.mark.parametrize("n", [5, D - 1, D, D + 1, 200])
def test_agrees_with_the_plain_covariance(clf, n):
    phi = features(n)
    pca = fit_neural_pca(clf, phi, 1, n_components=99, batch=6)
    psi = phi * clf.head_weight[1].double()
    cov = torch.cov(psi.T)
    assert len(pca) == min(n - 1, D)
    v = pca.eigenvectors
    torch.testing.assert_close(v.T @ v, torch.eye(len(pca), dtype=torch.double), rtol=0, atol=1e-8)
    torch.testing.assert_close((v * pca.eigenvalues) @ v.T, cov, rtol=1e-8, atol=1e-9)
    torch.testing.assert_close(pca.mean, psi.mean(0))
    assert (v.sum(0) >= 0).all()


@pytest.mark.parametrize("n", [8, 200])
def test_sum_identity(clf, n):
    phi = features(n)
    pca = fit_neural_pca(clf, phi, "dog", n_components=99)
    logit = phi @ clf.head_weight[1].double()
    torch.testing.assert_close(pca.alpha(phi).sum(1), logit - logit.mean(), rtol=0, atol=1e-9)


def test_rank_deficient_features_have_no_tail(clf):
    phi = features(100).clone()
    phi[:, 5:] = phi[:, :1]
    assert len(fit_neural_pca(clf, phi, 0, n_components=99)) == 5


def test_images_and_features_agree_and_gradients_flow(clf):
    ims = images()
    phi = clf.batched(clf.features, ims)
    pca = fit_neural_pca(clf, ims, 0)
    torch.testing.assert_close(fit_neural_pca(clf, phi, 0, batch=4).eigenvalues, pca.eigenvalues)
    torch.testing.assert_close(pca.alpha(ims, clf), pca.alpha(phi))
    x = torch.rand(2, 3, 64, 64, requires_grad=True)
    a = pca.alpha(clf.features(x))
    assert a.dtype == torch.float32
    a[:, 0].sum().backward()
    assert x.grad.abs().sum() > 0
    best = pca.top_images(ims, 1, 4, clf)
    values = pca.alpha(phi)[:, 1]
    assert values[best].tolist() == sorted(values.tolist(), reverse=True)[:4]
    assert pca.alpha(phi.bfloat16()).dtype == torch.bfloat16


def test_round_trip_and_foreign_files(clf, tmp_path):
    pca = fit_neural_pca(clf, features(50), "cup")
    again = NeuralPCA.load(pca.save(tmp_path / "p.safetensors"))
    assert again.label == "cup" and again.n_images == 50 and torch.equal(again.eigenvectors, pca.eigenvectors)
    assert [f.name for f in tmp_path.iterdir()] == ["p.safetensors"]
    save_file(dict(a=torch.zeros(1)), tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="does not hold"):
        NeuralPCA.load(tmp_path / "other.safetensors")
    with pytest.raises(FileNotFoundError):
        NeuralPCA.load(tmp_path / "none.safetensors")


def test_bad_input(clf):
    with pytest.raises(ValueError, match="not finite"):
        fit_neural_pca(clf, features(20) * float("nan"), 0)
    with pytest.raises(ValueError, match="all the same"):
        fit_neural_pca(clf, torch.ones(20, D), 0)
    with pytest.raises(ValueError, match="class 3"):
        fit_neural_pca(clf, features(20), 3)
    with pytest.raises(ValueError, match="n_components=0"):
        fit_neural_pca(clf, features(20), 0, n_components=0)
    pca = fit_neural_pca(clf, features(20), 0)
    with pytest.raises(IndexError, match="component 99"):
        feature_attack(clf, pca, 99)
    with pytest.raises(ValueError, match="positive"):
        feature_attack(clf, pca, 0, eps=0)
    with pytest.raises(ValueError, match="at least one"):
        spurious_components(pca, dict(a=features(3)), features(3)[:0])


def test_attack_climbs_inside_the_ball(clf):
    pca = fit_neural_pca(clf, images(), 0)
    start = torch.rand(3, 3, 64, 64) * 0.5 + 0.25
    out = feature_attack(clf, pca, [0, 1], start, eps=2.0, steps=15)
    value = lambda x: pca.alpha(clf.features(x))[:, :2].sum(1)
    assert (value(out) > value(start)).all()
    assert ((out - start).flatten(1).norm(dim=1) <= 2 + 1e-4).all() and out.min() >= 0 and out.max() <= 1


def test_detector_wants_a_lead_and_separation(clf):
    phi = features(400)
    pca = fit_neural_pca(clf, phi, 0)
    quiet = phi.mean(0).expand(50, -1)
    v = pca.eigenvectors[:, 0] / pca.weight
    sd = float((pca.eigenvectors.sum(0) ** 2 * pca.eigenvalues).sum().sqrt())

    def shifted(effect):
        return quiet + v * effect * sd / float(pca.eigenvectors[:, 0].sum())

    t = spurious_components(pca, dict(a=shifted(0.6), b=shifted(0.1)), quiet)
    top = t.iloc[0]
    assert (
        top.feature == "a"
        and top.component == 0
        and top.auc == 1
        and abs(top.effect - 0.6) < 1e-6
        and abs(top.margin - 0.5) < 1e-6
    )
    assert t[t.spurious].index.tolist() == [0]
    assert not spurious_components(pca, dict(a=shifted(0.6), b=shifted(0.5)), quiet).spurious.any()  # no lead
    assert not spurious_components(
        pca, dict(a=phi[:100], b=phi[100:200]), phi[300:]
    ).spurious.any()  # no separation


def test_spufix_only_lowers_the_fixed_class(clf):
    ims = images()
    pca = fit_neural_pca(clf, ims, 1)
    d, mean = matched_directions(clf, pca, [0, 1], clf, ims)
    assert d.shape == (D, 2)
    torch.testing.assert_close(d.norm(dim=0), torch.ones(2, dtype=torch.double))
    fixed = SpuFix(clf, {"dog": (d, mean)})
    x = torch.rand(20, 3, 64, 64)
    a, b = clf(x), fixed(x)
    assert (
        (b[:, 1] <= a[:, 1] + 1e-6).all()
        and torch.equal(a[:, [0, 2]], b[:, [0, 2]])
        and torch.equal(fixed.features(x), clf.features(x))
    )
    # one direction: the paper's formula
    one = SpuFix(clf, {"dog": (d[:, :1], mean)})
    psi = clf.features(x).double() * clf.head_weight[1].double() - mean
    beta = (psi @ d[:, 0] * d[:, 0].sum()).clamp_min(0)
    torch.testing.assert_close(one(x)[:, 1].double(), a[:, 1].double() - beta, rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="5 dimensions"):
        SpuFix(clf, {"dog": (torch.zeros(5, 1), torch.zeros(5))})
    with pytest.raises(ValueError, match="unknown"):
        SpuFix(clf, {"cow": (d, mean)})
