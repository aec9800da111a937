"What a sweep runs."

import pytest

from spurious_core.app.studies import find_study
from spurious_core.app.sweeps.grids import grid_cells, listed_cells, read_values


@pytest.fixture
def toy(make_study):
    return find_study(make_study())


@pytest.mark.parametrize(
    "name, text, values",
    [
        ("seed", "0..3", [0, 1, 2, 3]),
        ("seed", "-1..1", [-1, 0, 1]),
        ("seed", "5", [5]),
        ("seed", "3,1,3", [3, 1]),
        ("scale", "0.5, 1", [0.5, 1.0]),
        ("scale", "[0.5, 1]", [0.5, 1.0]),
        ("budget", "smoke,'full'", ["smoke", "full"]),
        ("budget", '"a,b", c', ["a,b", "c"]),
        ("tags", "[a, b]", [["a", "b"]]),
        ("tags", "[[a], [a, b], []]", [["a"], ["a", "b"], []]),
    ],
)
def test_values_of_a_text(toy, name, text, values):
    assert list(read_values(toy.parameters[name], text)) == values


@pytest.mark.parametrize(
    "name, text, why",
    [
        ("seed", "", "names no value"),
        ("seed", "[]", "names no value"),
        ("seed", "3..1", "names no value"),
        ("seed", "1.5", "seed=1.5 is not of type int"),
        ("scale", "0.5,x", "scale='x' is not of type float"),
        ("tags", "a", "tags='a' is not of type list"),
        ("tags", "[a],[b]", r"tags='\[a\],\[b\]' is a list\[str\]: write \[a, b\] for one value, or"),
    ],
)
def test_values_that_do_not_fit(toy, name, text, why):
    with pytest.raises(ValueError, match=why):
        read_values(toy.parameters[name], text)


def test_every_combination_is_a_cell_and_the_last_parameter_runs_fastest(toy):
    cells = grid_cells(toy, dict(seed="0..1", scale=[0.5, 1], budget="smoke"))
    assert [(cell["seed"], cell["scale"], cell["budget"]) for cell in cells] == [
        (0, 0.5, "smoke"),
        (0, 1.0, "smoke"),
        (1, 0.5, "smoke"),
        (1, 1.0, "smoke"),
    ]
    assert grid_cells(toy, dict(tags=["a", "b"])) == [dict(tags=["a", "b"])]
    assert grid_cells(toy, dict(tags=[["a"], ["b"]])) == [dict(tags=["a"]), dict(tags=["b"])]
    assert all(type(cell["scale"]) is float for cell in grid_cells(toy, dict(scale="1..3")))


def test_a_sample_is_the_same_for_a_seed_and_without_repetition(toy):
    grid = dict(seed="0..999", scale=[0.5, 1])
    few = grid_cells(toy, grid, sample=20, seed=1)
    assert few == grid_cells(toy, grid, sample=20, seed=1) != grid_cells(toy, grid, sample=20, seed=2)
    assert len({(cell["seed"], cell["scale"]) for cell in few}) == 20
    assert len(grid_cells(toy, dict(seed="0..2"), sample=20)) == 3


def test_too_many_cells_are_counted_not_made(toy):
    grid = dict(seed="1..10000", scale=list(range(1000)))
    with pytest.raises(ValueError, match=r"the grid has 10,000,000 cells, more than 10,000; say yes"):
        grid_cells(toy, grid)
    assert len(grid_cells(toy, grid, sample=5)) == 5
    assert len(grid_cells(toy, dict(seed="1..10001"), yes=True)) == 10001


@pytest.mark.parametrize(
    "grid, why",
    [
        (dict(sed="0..2"), "toy: unknown parameter 'sed'; known: profile, budget, seed"),
        (dict(out="x"), "unknown parameter 'out'"),
        (dict(seed="0..999999999999999999999"), "has more values than"),
        (dict(seed=[]), "parameter seed=.. names no value"),
        (dict(scale=["x"]), "scale='x' is not of type float"),
    ],
)
def test_grids_that_do_not_fit(toy, grid, why):
    with pytest.raises(ValueError, match=why):
        grid_cells(toy, grid)


def test_a_list_of_cells(toy, tmp_path):
    file = tmp_path / "cells.yaml"
    file.write_text("- {seed: 1, scale: 2}\n- {tags: [a, b]}\n")
    assert listed_cells(toy, file) == [dict(seed=1, scale=2.0), dict(tags=["a", "b"])]
    for text, why in (
        ("", "write a list"),
        ("seed: 1", "write a list"),
        ("- 3", "cell 0 is 3: write NAME"),
        ("[1,2", "is no YAML"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=why):
            listed_cells(toy, file)
    with pytest.raises(ValueError, match="toy has no parameter 'sed'"):
        listed_cells(toy, [dict(sed=1)])


def test_what_json_has_no_word_for_is_a_slip(make_study, tmp_path):
    from support.toy_study import PARAMETERS

    study = find_study(make_study(parameters=PARAMETERS + "\nsettings: dict = {}  # of methods"))
    file = tmp_path / "cells.yaml"
    for text, why in (
        ("- {settings: {when: 2020-01-01}}", "settings={'when': datetime.date.* quotes around a date"),
        ("- {settings: {1: a, b: c}}", "settings={1: 'a', 'b': 'c'} must hold .* keys are texts"),
        ("- {seed: 2020-01-01}", "parameter seed=.* is not of type int"),
        ("- {1: 2, seed: 3}", "has no parameter 1"),
    ):
        file.write_text(text)
        with pytest.raises(ValueError, match=why):
            listed_cells(study, file)
    with pytest.raises(ValueError, match="keys are texts"):
        grid_cells(study, dict(settings="{1: a}"))
    file.write_text("- {settings: {when: '2020-01-01', sizes: [1, 2.5, null, true]}}")
    assert listed_cells(study, file)[0]["settings"]["sizes"] == [1, 2.5, None, True]
