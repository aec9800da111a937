"Both sides find the same components, of pictures fewer and more than features."

import numpy as np
import pytest

from spurious_core.app.speed.component_sides import ComponentSides


@pytest.mark.parametrize("n, n_features", [(50, 160), (160, 50)])
def test_the_leading_components_are_the_first_of_all(n, n_features):
    sides = ComponentSides(n, n_features, seed=1, top=8)
    values, coordinates = sides.from_all()
    pca, leading = sides.from_leading()
    assert len(values) == n_features and len(pca) == 8
    assert np.allclose(pca.eigenvalues, values[:8], rtol=1e-5)
    assert np.allclose(np.abs(leading), np.abs(coordinates[:, :8]), atol=1e-4 * np.abs(coordinates).max())
    assert sides.difference() < 1e-5


def test_a_wrong_component_is_seen(monkeypatch):
    sides = ComponentSides(50, 160, top=4)
    pca, leading = sides.from_leading()
    monkeypatch.setattr(sides, "from_leading", lambda: (pca, leading.flip(1)))
    assert sides.difference() > 0.1


def test_a_side_is_the_seconds_of_its_work(monkeypatch):
    sides, done = ComponentSides(20, 30, top=4), []
    monkeypatch.setattr(sides, "from_all", lambda: done.append("all"))
    monkeypatch.setattr(sides, "from_leading", lambda: done.append("leading"))
    assert sides.all_components(0) >= 0 and sides.leading(0) >= 0
    assert done == ["all", "leading"]
