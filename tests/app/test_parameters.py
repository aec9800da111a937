"Parameters: typed, commented assignments, and nothing else."

import pytest

from spurious_core.app.parameters import Parameter, parse_parameters


@pytest.mark.parametrize(
    "source, message",
    [
        ("a = 1", "line 1"),
        ("a: int = 1\nimport os", "line 2"),
        ("a: int", "line 1"),
        ("a: int = f()", "plain value"),
        ("a: int = 1.5", "not of type int"),
        ("a: tuple = ()", "type tuple is unknown"),
        ("%matplotlib inline", "syntax"),
        ("a: list[list[int]] = []", "is unknown"),
    ],
)
def test_bad_parameter_cells(source, message):
    with pytest.raises(ValueError, match=message):
        parse_parameters(source)


def test_multi_line_defaults_and_hashes_in_text():
    a, b = parse_parameters('a: list[int] = [1,\n  2]  # two\nb: str = "# no comment"  # yes # indeed')
    assert (
        a.default == [1, 2]
        and a.comment == "two"
        and b.default == "# no comment"
        and b.comment == "yes # indeed"
    )


@pytest.mark.parametrize(
    "kind, text, value",
    [
        ("int", "-3", -3),
        ("float", "1e-3", 1e-3),
        ("float", "2", 2.0),
        ("bool", "true", True),
        ("bool", "False", False),
        ("str", "3", "3"),
        ("str", "", ""),
        ("list", "['a', 1]", ["a", 1]),
        ("list", "[ERM,DFR]", ["ERM", "DFR"]),
        ("list", '[no, 1, 0.5, true, "2", [a b]]', ["no", 1, 0.5, True, "2", ["a b"]]),
        ("dict", "{blond woman: face}", {"blond woman": "face"}),
        ("list[float]", "[1, 2]", [1.0, 2.0]),
        ("dict", '{"a b": "c"}', {"a b": "c"}),
    ],
)
def test_text_is_read_by_type(kind, text, value):
    got = Parameter("p", kind, None, "").convert(text)
    assert got == value
    assert type(got) is type(value)


def test_a_table_of_names_is_told_how_it_is_written():
    parts = Parameter("parts", "dict", {}, "")
    with pytest.raises(
        ValueError, match="parts='head' is not of type dict, which is written {name: a, other: b}"
    ):
        parts.convert("head")
    assert parts.convert("{name: a, other: b}") == dict(name="a", other="b")
