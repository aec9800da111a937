"Marks of components: they hold for the components that they were given to, and for no others."

import json
from dataclasses import replace

import pytest
import torch

from spurious_core.explore.marks import SpuriousMarks
from spurious_core.find.directions import component_along
from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.mitigate.methods.spufix import check_components
from support.small_guide import features, small_guide


@pytest.fixture(scope="module")
def pca():
    return fit_neural_pca(small_guide(), features(40), "dog", n_components=6)


@pytest.fixture
def marks(tmp_path):
    return SpuriousMarks(tmp_path / "below" / "marks.json")


def test_marks_are_set_and_taken_away(marks, pca):
    assert marks.among(pca) == [] and marks.components == {}
    marks.set(pca, 3)
    marks.set(pca, 1)
    marks.set(pca, 1)
    assert marks.among(pca) == [1, 3] and marks.components == dict(dog=[1, 3])
    check_components(marks.components, ["cat", "dog", "cup"])
    check_components(marks.directions, ["cat", "dog", "cup"])
    marks.set(pca, 3, spurious=False)
    marks.set(pca, 1, spurious=False)
    assert marks.among(pca) == [] and json.loads(marks.path.read_text("utf-8")) == {}


def test_classes_keep_to_themselves(marks, pca):
    cat = fit_neural_pca(small_guide(), features(40, seed=1), "cat", n_components=6)
    marks.set(pca, 0)
    marks.set(cat, 2)
    assert marks.components == dict(cat=[2], dog=[0])
    assert repr(marks) == "spurious components: cat 2; dog 0"


def test_a_mark_follows_its_direction(marks, pca):
    marks.set(pca, 2)
    order = torch.tensor([2, 0, 1, 3, 4, 5])
    turned = replace(pca, eigenvectors=-pca.eigenvectors[:, order], eigenvalues=pca.eigenvalues[order])
    assert marks.among(turned) == [0]
    (direction,) = marks.directions["dog"]
    assert component_along(pca, direction, "lamp") == 2 and component_along(turned, direction, "lamp") == 0
    text = json.loads(marks.path.read_text("utf-8"))
    text["dog"][0]["component"] = 5  # by hand
    marks.path.write_text(json.dumps(text), encoding="utf-8")
    assert marks.among(pca) == [2] and marks.directions == dict(dog=[direction])


def test_marks_of_other_components_are_an_error_and_stay(marks, pca):
    marks.set(pca, 0)
    before = marks.path.read_bytes()
    other = replace(pca, eigenvectors=torch.linalg.qr(torch.randn(16, 6, dtype=torch.double))[0])
    narrow = fit_neural_pca(small_guide(), features(40), "dog", n_components=6)
    narrow = replace(
        narrow, weight=narrow.weight[:8], mean=narrow.mean[:8], eigenvectors=torch.eye(8, 6).double()
    )
    for components, reason in ((other, "points there"), (narrow, "16 dimensions")):
        with pytest.raises(ValueError, match=reason):
            marks.among(components)
        with pytest.raises(ValueError, match=reason):
            marks.set(components, 1)
    assert marks.path.read_bytes() == before


def test_no_such_component(marks, pca):
    with pytest.raises(IndexError, match="component 6"):
        marks.set(pca, 6)
    assert not marks.path.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"dog": [{"component": 1}]}', '{"dog": 1}'])
def test_a_file_that_holds_no_marks_is_said(marks, pca, text):
    marks.path.parent.mkdir()
    marks.path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="marks.json"):
        marks.among(pca)


DIRECTION = [1.0] + [0.0] * 15


@pytest.mark.parametrize(
    "mark, said",
    [
        (1, "is 1; expected a component and a direction"),
        ("component direction", "is 'component direction'; expected"),
        (dict(component=1), "expected a component and a direction"),
        (dict(component="x", direction=DIRECTION), "component='x' must be a whole number"),
        (dict(component=-1, direction=DIRECTION), "component=-1 must be at least 0"),
        (dict(component=1, direction="abc"), "direction must be finite numbers"),
        (dict(component=1, direction=[None] * 16), "direction must be finite numbers"),
        (dict(component=1, direction=[float("nan")] * 16), "direction must be finite numbers"),
        (dict(component=1, direction=[[1.0], [1.0, 2.0]]), "direction must be finite numbers"),
        (dict(component=1, direction=[0.0] * 16), "direction must be .* not all of them zero"),
        (dict(component=1, direction=[]), "direction must be finite numbers"),
    ],
)
def test_a_mark_that_is_none_is_named_with_its_file(marks, pca, mark, said):
    marks.path.parent.mkdir()
    good = dict(component=1, direction=DIRECTION, note="lamp")
    marks.path.write_text(json.dumps(dict(dog=[good, mark])), encoding="utf-8")
    for use in (lambda: marks.among(pca), lambda: marks.components, lambda: repr(marks)):
        with pytest.raises(ValueError, match=f"marks.json: dog, mark 2.*{said}"):
            use()
