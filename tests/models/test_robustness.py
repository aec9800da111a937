"Checkpoints of the `robustness` package: opened with permission only, and the same network afterwards."

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.models.loading import load_classifier
from spurious_core.models.preprocessing import Preprocess, as_pixels
from spurious_core.models.robustness import convert_robustness
from support.networks import LABELS
from support.pickles import Trap
from support.resnets import PLAIN, normal, random_resnet

X = np.random.default_rng(2).integers(0, 256, (6, 64, 64, 3), np.uint8)
# robustness has its own statistics for CIFAR
CIFAR = Preprocess(mean=(0.4914, 0.4822, 0.4465), std=(0.2023, 0.1994, 0.2010))


def model_of(net):
    "The weights as `robustness` names them."
    return {f"module.model.{key}": value for key, value in net.state_dict().items()}


def robust_checkpoint(net, file, preprocess=PLAIN):
    "As `robustness` saves: under `module.`, the weights twice, and with what only dill can pickle."
    dill = pytest.importorskip("dill")
    model = model_of(net)
    model |= {f"module.attacker.model.{key}": value for key, value in net.state_dict().items()}
    for part in ("module.normalizer.", "module.attacker.normalize."):
        model[f"{part}new_mean"] = torch.tensor(preprocess.mean)[:, None, None]
        model[f"{part}new_std"] = torch.tensor(preprocess.std)[:, None, None]
    factor = 0.1
    schedule = dict(lr_lambdas=[lambda epoch: factor**epoch])
    optimiser = dict(state={}, param_groups=[])
    checkpoint = dict(model=model, optimizer=optimiser, schedule=schedule, epoch=90, amp=None)
    torch.save(checkpoint, file, pickle_module=dill)
    return file


def test_pickles_are_only_opened_on_request(tmp_path):
    net, evil, out = random_resnet(), tmp_path / "evil", tmp_path / "c.safetensors"
    state = net.state_dict()
    model = model_of(net) | {f"module.attacker.model.{key}": value * 0 for key, value in state.items()}
    model["module.normalizer.new_mean"] = torch.zeros(3)
    torch.save(dict(model=model, args=Trap(evil)), tmp_path / "c.pt")
    with pytest.raises(ValueError, match="allow_pickle=True"):
        convert_robustness(tmp_path / "c.pt", out)
    assert not evil.exists()
    assert not out.exists()
    kept = load_file(convert_robustness(tmp_path / "c.pt", out, allow_pickle=True))
    assert evil.exists()
    assert kept.keys() == state.keys()
    assert all(torch.equal(kept[key], state[key]) for key in state)


def test_conversion_of_something_else(tmp_path):
    torch.save(random_resnet().state_dict(), tmp_path / "c.pt")
    with pytest.raises(ValueError, match='no weights under "model."'):
        convert_robustness(tmp_path / "c.pt", tmp_path / "o.safetensors")


def test_a_package_that_is_not_there(tmp_path, monkeypatch):
    checkpoint = robust_checkpoint(random_resnet(), tmp_path / "c.pt")
    monkeypatch.setitem(sys.modules, "dill", None)
    with pytest.raises(ImportError, match="pip install dill"):
        convert_robustness(checkpoint, tmp_path / "o.safetensors", allow_pickle=True)
    assert not (tmp_path / "o.safetensors").exists()


def test_a_converted_checkpoint_is_the_same_network(tmp_path):
    net = random_resnet(basic=False)
    checkpoint = robust_checkpoint(net, tmp_path / "cifar_l2_1_0.pt", CIFAR)
    clf = load_classifier(convert_robustness(checkpoint, tmp_path / "g.safetensors", allow_pickle=True))
    assert clf.preprocess.mean == pytest.approx(CIFAR.mean)
    assert clf.preprocess.std == pytest.approx(CIFAR.std)
    assert clf.preprocess.crop == 224
    clf.preprocess = replace(clf.preprocess, size=None, crop=None)
    pixels = as_pixels(X)
    torch.testing.assert_close(clf(pixels), net(normal(pixels, CIFAR)), rtol=1e-3, atol=1e-4)


def test_labels_noted_at_conversion(tmp_path):
    checkpoint, out = tmp_path / "c.pt", tmp_path / "o.safetensors"
    torch.save(dict(model=model_of(random_resnet())), checkpoint)
    with pytest.raises(ValueError, match="2 labels for 3 outputs"):
        convert_robustness(checkpoint, out, labels=LABELS[:2])
    assert not out.exists()
    assert load_classifier(convert_robustness(checkpoint, out)).labels == ["0", "1", "2"]
    named = load_classifier(convert_robustness(checkpoint, out, labels=LABELS))
    assert named.labels == LABELS
    assert named.preprocess.mean == PLAIN.mean


@pytest.fixture(scope="module")
def guide(resnet50, tmp_path_factory):
    "A ResNet-50, converted as a published guide."
    folder = tmp_path_factory.mktemp("guide")
    checkpoint = robust_checkpoint(resnet50, folder / "imagenet_l2_3_0.pt")
    with pytest.raises(ValueError, match="allow_pickle=True"):
        convert_robustness(checkpoint, folder / "guide.safetensors")
    with pytest.raises(ValueError, match="convert_robustness"):
        load_classifier(checkpoint)
    out = convert_robustness(checkpoint, folder / "guide.safetensors", allow_pickle=True)
    assert set(load_file(out)) == set(resnet50.state_dict())
    return load_classifier(out)


def test_psi_and_alpha_of_a_converted_guide(resnet50, guide):
    label, new = 417, np.random.default_rng(9).integers(0, 256, (3, 64, 64, 3), np.uint8)
    assert guide.preprocess.mean == pytest.approx(PLAIN.mean)
    guide.preprocess = PLAIN
    pca = fit_neural_pca(guide, X, label)
    phi, phi_new = (resnet50.features(normal(as_pixels(x))).double().numpy() for x in (X, new))
    weight = resnet50.fc.weight[label].double().numpy()
    mean = (weight * phi).mean(0)
    _, singular, v = np.linalg.svd(weight * phi - mean, full_matrices=False)
    assert len(pca) == 5
    np.testing.assert_allclose(pca.eigenvalues, singular[:5] ** 2 / 5, rtol=1e-3)
    np.testing.assert_allclose(pca.psi(new, guide), weight * phi_new, rtol=1e-3, atol=1e-6)
    alpha = (weight * phi_new - mean) @ v[:5].T * v[:5].sum(1)
    np.testing.assert_allclose(pca.alpha(new, guide), alpha, rtol=2e-2, atol=1e-3 * abs(alpha).max())
