"SpuFix: which components, found or named."

from dataclasses import replace

import numpy as np
import pytest
import torch

from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.mitigate.fitting import fit
from spurious_core.mitigate.methods.spufix import check_components, correlations, shortcut_value
from support.mitigation import FAST, LABELS, images, quick, small


def test_correlations_by_hand():
    alpha = np.array([[1.0, 5.0, 2.0], [1.0, -5.0, 2.0], [-1.0, 5.0, 2.0], [-1.0, -5.0, 2.0]])
    assert correlations(alpha, [1, 1, 0, 0]).tolist() == [1.0, 0.0, 0.0]
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 2)), rng.integers(0, 2, 50)
    expected = [np.corrcoef(x[:, i], y)[0, 1] for i in range(2)]
    assert np.allclose(correlations(x, y), expected)


def test_the_shortcut_is_the_attribute_with_the_largest_logit():
    assert shortcut_value([3.0, 1.0, 5.0, 0.0], [1, 0, 1, 2]) == 1


@pytest.mark.parametrize("bad", [{"boat": [0]}, {"dark": 0}, {"dark": "01"}, [0]])
def test_bad_components_are_refused(bad):
    with pytest.raises(ValueError, match="must map class names"):
        check_components(bad, LABELS)


@pytest.mark.parametrize("bad", [-1, "0", None, [float("nan"), 1.0], [0.0, 0.0], [[1.0]], []])
def test_what_is_neither_a_number_nor_a_direction_is_named(bad):
    with pytest.raises(ValueError, match="^spufix_components: dark: "):
        check_components({"light": [0], "dark": [0, bad]}, LABELS)


def other_order(*args, **options):
    "The components of a class in another order, and with the other sign."
    pca = fit_neural_pca(*args, **options)
    order = torch.arange(len(pca)).roll(1)
    return replace(pca, eigenvectors=-pca.eigenvectors[:, order], eigenvalues=pca.eigenvalues[order])


def test_a_direction_is_found_among_the_components_of_the_run(monkeypatch):
    seen = []

    def keep(*args, **options):
        seen.append(fit_neural_pca(*args, **options))
        return seen[-1]

    monkeypatch.setattr("spurious_core.mitigate.methods.spufix.fit_neural_pca", keep)
    quick("SpuFix", config=FAST.with_(spufix_components={"light": [0]}))
    pca = next(pca for pca in seen if pca.label == "light")
    config = FAST.with_(spufix_components={"light": [pca.eigenvectors[:, 1].tolist()]})
    assert quick("SpuFix", config=config).details["components"]["light"] == [1]
    monkeypatch.setattr("spurious_core.mitigate.methods.spufix.fit_neural_pca", other_order)
    assert quick("SpuFix", config=config).details["components"]["light"] == [2]
    strange = FAST.with_(spufix_components={"light": [[1.0, 2.0]]})
    with pytest.raises(ValueError, match="spufix_components: light: 2 dimensions"):
        quick("SpuFix", config=strange)


def test_components_are_found_on_validation_images_or_named():
    found = quick("SpuFix", config=FAST.with_(spufix_top=4)).details["components"]
    assert set(found) == set(LABELS)
    named = quick("SpuFix", config=FAST.with_(spufix_components={"light": [0]}))
    assert named.details["components"] == {"dark": [], "light": [0]}
    same_attribute = images(60, 1.0, 1, "val")
    same_attribute = same_attribute.subset(same_attribute.y == same_attribute.a)
    with pytest.raises(ValueError, match="with and without the attribute, and there is only one kind"):
        quick("SpuFix", val=same_attribute)


def test_without_validation_they_must_be_named():
    with pytest.raises(ValueError, match="pass val, or name them in spufix_components"):
        fit("SpuFix", images(), None, small, FAST, progress=False)
