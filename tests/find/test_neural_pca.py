"Estimation, formats and faults of neural PCA."

import pytest
import torch
from safetensors.torch import save_file

from spurious_core.core.checkpoints import read_tensors, write_tensors
from spurious_core.find.neural_pca import _spectrum, fit_neural_pca, load_components, save_components
from support.modes import modes, readable_by_all
from support.small_guide import D, features, images, small_guide


@pytest.fixture(scope="module")
def clf():
    return small_guide()


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


@pytest.mark.parametrize("n, dimensions", [(150, 400), (400, 150)])
def test_the_leading_components_are_those_of_all(n, dimensions):
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(n, dimensions, dtype=torch.double, generator=generator)
    rows = rows * torch.arange(1, dimensions + 1).double() ** -0.5
    _, vectors, values = _spectrum(rows.split(64), n, 10)
    every_value, every_vector = torch.linalg.eigh(torch.cov(rows.T))
    torch.testing.assert_close(values, every_value.flip(0)[:10], rtol=1e-10, atol=0)
    cosines = (vectors * every_vector.flip(1)[:, :10]).sum(0).abs()
    torch.testing.assert_close(cosines, torch.ones_like(cosines), rtol=0, atol=1e-8)
    assert torch.equal(_spectrum(rows.split(64), n, 10)[1], vectors)


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
    again = load_components(save_components(pca, tmp_path / "p.safetensors"))
    assert again.label == "cup"
    assert again.n_images == 50
    assert torch.equal(again.eigenvectors, pca.eigenvectors)
    assert [f.name for f in tmp_path.iterdir()] == ["p.safetensors"]
    save_file(dict(a=torch.zeros(1)), tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="does not hold"):
        load_components(tmp_path / "other.safetensors")
    with pytest.raises(FileNotFoundError):
        load_components(tmp_path / "none.safetensors")
    (tmp_path / "p.safetensors").write_bytes(b"half of it")
    with pytest.raises(ValueError, match="p.safetensors is damaged"):
        load_components(tmp_path / "p.safetensors")


@pytest.mark.parametrize(
    "changes, about, why",
    [
        (dict(mean=None), dict(label="cup", n_images="50"), "does not hold the components"),
        (dict(further=torch.zeros(1)), dict(label="cup", n_images="50"), "does not hold the components"),
        ({}, dict(label="cup"), "does not hold the components"),
        ({}, dict(label="cup", n_images="many"), "is damaged"),
        (dict(mean=torch.zeros(3)), dict(label="cup", n_images="50"), r"is damaged: mean has shape \(3,\)"),
        (dict(eigenvectors=torch.zeros(3)), dict(label="cup", n_images="50"), "is damaged: eigenvectors"),
        (dict(weight=torch.full((D,), torch.nan)), dict(label="cup", n_images="50"), "is damaged: weight"),
    ],
)
def test_a_whole_file_with_other_contents_is_named(clf, tmp_path, changes, about, why):
    pca = fit_neural_pca(clf, features(50), "cup")
    names = ("weight", "mean", "eigenvectors", "eigenvalues")
    held = {name: getattr(pca, name).clone() for name in names} | changes
    file = tmp_path / "p.safetensors"
    save_file({name: value for name, value in held.items() if value is not None}, file, about)
    with pytest.raises(ValueError, match=f"p.safetensors {why}"):
        load_components(file)


def test_bad_input(clf):
    with pytest.raises(ValueError, match="not finite"):
        fit_neural_pca(clf, features(20) * float("nan"), 0)
    with pytest.raises(ValueError, match="all the same"):
        fit_neural_pca(clf, torch.ones(20, D), 0)
    with pytest.raises(ValueError, match="class 3"):
        fit_neural_pca(clf, features(20), 3)
    with pytest.raises(ValueError, match="n_components=0"):
        fit_neural_pca(clf, features(20), 0, n_components=0)
    for k in (True, 1.5):
        with pytest.raises(ValueError, match=f"k={k} must be a whole number"):
            fit_neural_pca(clf, features(9), k)


def test_a_colleague_can_read_components(clf, tmp_path):
    with readable_by_all():
        save_components(fit_neural_pca(clf, features(50), "cup"), tmp_path / "x.safetensors")
    assert modes(tmp_path) == {"0o644"}


def test_tensors_are_written_through_a_link_with_the_mode_of_what_was_there(clf, tmp_path):
    (tmp_path / "shared").mkdir()
    shared, link = tmp_path / "shared/x.safetensors", tmp_path / "x.safetensors"
    link.symlink_to(shared)
    pca = fit_neural_pca(clf, features(50), "cup")
    save_components(pca, link)
    assert link.is_symlink() and torch.equal(load_components(shared).mean, pca.mean)
    shared.chmod(0o664)
    write_tensors(link, dict(a=torch.ones(2)), step=1)
    assert link.is_symlink() and read_tensors(shared)[1] == dict(step=1)
    assert shared.stat().st_mode & 0o777 == 0o664
