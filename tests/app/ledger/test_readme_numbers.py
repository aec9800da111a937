"Marks in the README: what is written between them, and what has none."

import pytest

from spurious_core.app.ledger.readme_numbers import fill_numbers, number_text, unmarked_numbers
from spurious_core.app.metrics import Metrics


@pytest.fixture
def figures(tmp_path):
    metrics = Metrics()
    metrics.add("gain.mini_a.ERM", 0.1234, (0.05, 0.2), 60, "runs")
    metrics.add("gain.mini_b.DFR", -0.5)
    metrics.save(tmp_path / "toy")
    return tmp_path


@pytest.mark.parametrize(
    "ask, text",
    [
        ("toy gain.mini_a.ERM", "0.12 [0.05, 0.20]"),
        ("toy gain.*.ERM value", "0.12"),
        ("toy gain.*.ERM 3 value signed", "+0.123"),
        ("toy gain.*.ERM n", "60"),
        ("toy gain.*.DFR", "-0.50"),
        ("toy gain.*.DFR negated", "0.50"),
    ],
)
def test_a_number_is_written_as_its_mark_asks(figures, ask, text):
    new = fill_numbers(f"a <!--{ask}-->stale\n1.0<!--/--> b", figures)
    assert new == f"a <!--{ask}-->{text}<!--/--> b"
    assert fill_numbers(new, figures) == new


def test_a_negated_interval_is_the_right_way_up():
    assert number_text(dict(value=0.3, ci=[0.1, 0.4], n=2), ["negated"]) == "-0.30 [-0.40, -0.10]"


@pytest.mark.parametrize(
    "ask, message",
    [
        ("toy gain.*.AFR", r"README: toy has 0 numbers gain.\*.AFR; a mark must name one"),
        ("toy gain.*", r"README: toy has 2 numbers gain.\*"),
        ("toy", "names a study and no number"),
        ("toys gain.a.b", "there is no"),
        ("toy gain.*.ERM rounded", "unknown option 'rounded'"),
    ],
)
def test_a_mark_of_nothing_is_an_error(figures, ask, message):
    with pytest.raises(ValueError, match=message):
        fill_numbers(f"<!--{ask}-->1<!--/-->", figures)


def test_a_comment_without_an_end_is_left_alone(figures):
    text = "<!-- a remark -->\n<!--toy gain.*.ERM value-->0<!--/-->"
    with pytest.raises(ValueError, match="names a study and no number|has 0 numbers|there is no"):
        fill_numbers(text, figures)  # the remark would swallow the number that follows
    assert fill_numbers("<!-- a remark -->", figures) == "<!-- a remark -->"


@pytest.mark.parametrize(
    "text, found",
    [
        ("0.24 of all", ["0.24"]),
        ("[0.89, 1.00]", ["0.89", "1.00"]),
        ("(+0.62)", ["+0.62"]),
        ("2308.04553, v0.0.1, 3.11, lr=1e-4, `0.5`, [a](b/0.5)", []),
        ("```\n0.5\n```", []),
        ("<!--toy gain.a.b-->0.5<!--/-->", []),
    ],
)
def test_numbers_in_prose_without_a_mark(text, found):
    assert unmarked_numbers(text) == found
