"SpuFix: which components, found or named."

import numpy as np
import pytest

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


@pytest.mark.parametrize("bad", [{"boat": [0]}, {"dark": [-1]}, {"dark": ["0"]}, [0]])
def test_bad_components_are_refused(bad):
    with pytest.raises(ValueError, match="must map class names"):
        check_components(bad, LABELS)


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
