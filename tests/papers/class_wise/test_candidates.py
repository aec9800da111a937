"The candidates of the study of forms: one change each, and names that serve as keys and folders."

from dataclasses import asdict

import pytest

from spurious_core.diffusion.similarity_loss import SimilarityLossConfig
from spurious_core.papers.class_wise.candidates import arm_name, candidate_table, form_candidates


@pytest.mark.parametrize(
    "label, name",
    [
        ("alpha, unbounded", "alpha_unbounded"),
        ("cosine, object-free centre", "cosine_object_free_centre"),
        ("gate t<400", "gate_t400"),
        ("weight 0.025", "weight_0_025"),
        ("contrast", "contrast"),
    ],
)
def test_a_label_becomes_an_identifier(label, name):
    assert arm_name(label) == name
    assert form_candidates()[label].name == name


def test_names_are_identifiers_and_tell_the_candidates_apart():
    names = [arm.name for arm in form_candidates().values()]
    assert all(name.isidentifier() for name in names)
    assert len(set(names)) == len(names) == 18


def test_the_first_are_plain_and_the_contrast():
    plain, centre = form_candidates(2).values()
    assert (plain.name, plain.weight, plain.pool) == ("dreambooth", 0, 1)
    assert (centre.weight, centre.pool, centre.sfsl.form, centre.sfsl.quantile) == (0.05, 1, "contrast", 0.5)
    assert len(form_candidates(5)) == 5


@pytest.mark.parametrize(
    "label, changes",
    [
        ("best reference", dict(quantile=0.9)),
        ("no gate", dict(sigma_min=0.0)),
        ("contrast, fence", dict(keep=0.3)),
        ("unit spread", dict(unit="spread", guard=3.0)),
    ],
)
def test_a_variant_differs_in_what_its_label_says(label, changes):
    chosen = asdict(SimilarityLossConfig(form="contrast", quantile=0.5))
    variant = asdict(form_candidates()[label].sfsl)
    assert {name: value for name, value in variant.items() if value != chosen[name]} == changes


def test_weights_differ_only_where_they_must():
    weights = {label: arm.weight for label, arm in form_candidates().items() if arm.weight != 0.05}
    assert weights == {
        "dreambooth": 0.0,
        "cosine, object-free centre": 0.1,
        "cosine, training centre": 0.1,
        "distribution": 0.02,
        "unit spread": 0.015,
        "weight 0.025": 0.025,
        "weight 0.1": 0.1,
    }


def test_the_table_shows_what_tells_them_apart():
    table = candidate_table(form_candidates())
    assert "dreambooth" not in table.index
    assert list(table.columns) == [
        "label",
        "weight",
        "form",
        "unit",
        "center",
        "quantile",
        "guard",
        "keep",
        "sigma_min",
        "sigma_max",
    ]
    assert not table.isna().any().any()
