"Names that are markup: HTML and Markdown show them as text."

from html import unescape
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from spurious_core.core.markup import (
    as_html,
    as_key,
    as_markdown,
    listed,
    picture_html,
    short_interval,
    short_number,
    shortened,
    table_html,
    table_markdown,
)

NASTY = "<script>alert('1')</script> & \"x\""


class Reader(HTMLParser):
    "The tags and the text of a page."

    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


def test_html_shows_the_text_and_makes_no_tag():
    page = read(f"<p>{as_html(NASTY)}</p>")
    assert [tag for tag, _ in page.tags] == ["p"]
    assert page.text == NASTY


def test_html_stays_within_an_attribute():
    value = "a\" onclick='x' $b$"
    ((tag, attributes),) = read(picture_html(b"png", value)).tags
    assert (tag, attributes["alt"]) == ("img", value) and "onclick" not in attributes


@pytest.mark.parametrize("show", [as_html, as_markdown])
def test_dollars_make_no_formula(show):
    "Jupyter skips what such a class marks."
    page = read(show("$x_1$, cost $5"))
    assert page.tags == [("span", {"class": "mathjax_ignore"})] * 3
    assert unescape(page.text) == "$x_1$, cost $5"


@pytest.mark.parametrize(
    "text, shown",
    [
        ("<b>a</b>", "&lt;b&gt;a&lt;/b&gt;"),
        ("a|b", "a&#124;b"),
        ("*a*", "&#42;a&#42;"),
        ("`a`", "&#96;a&#96;"),
        ("[a](b)", "[a&#93;(b)"),
        ("[a][b]", "[a&#93;[b]"),
        ("[a]: b", "[a&#93;: b"),
        ("~a~", "&#126;a&#126;"),
        ("# a", "&#35; a"),
        ("\\|", "&#92;&#124;"),
        ("_a_", "&#95;a&#95;"),
        ("__a__", "&#95;&#95;a&#95;&#95;"),
        ("&lt;", "&amp;lt;"),
        ("a\n\n| b |", "a &#124; b &#124;"),
        ("- a", "&#45; a"),
        ("+ a", "&#43; a"),
        ("1. a", "1&#46; a"),
        ("2) a", "2&#41; a"),
        ("---", "&#45;--"),
    ],
)
def test_markdown_has_no_sign_left_that_means_something(text, shown):
    assert as_markdown(text) == shown
    assert unescape(shown) == " ".join(text.split())


@pytest.mark.parametrize(
    "text", ["on_land", "96.0 [87.0, 99.0] %", "a-b, c (d): 1.5", "Bär", "-1.5", "1.5", "+0.2"]
)
def test_plain_names_stay_plain(text):
    assert as_markdown(text) == text


def test_values_that_are_no_text_are_shown_as_text():
    assert as_markdown(3) == as_html(3) == "3"
    assert as_markdown(["a_"]) == "['a&#95;']"


@pytest.mark.parametrize(
    "text, expected",
    [("strength 0.5", "strength_0_5"), ("a.b/c", "a_b_c"), (99.9, "99_9"), ("fjäll-räv", "fjäll-räv")],
)
def test_a_part_of_a_key_has_neither_dots_nor_blanks(text, expected):
    assert as_key(text) == expected


@pytest.mark.parametrize(
    "number, text",
    [
        (0.0004, "0.0004"),
        (1e-5, "1e-05"),
        (-0.00012345, "-0.00012"),
        (0.00096, "0.00096"),
        (0.001, "0.001"),
        (0, "0.000"),
        (-0.0, "0.000"),
        (0.62, "0.620"),
        (12, "12.000"),
        (float("nan"), ""),
        (None, ""),
    ],
)
def test_only_zero_is_shown_as_zero(number, text):
    assert short_number(number) == text


def test_differences_have_a_sign_and_intervals_brackets():
    assert (short_number(0.0004, "+"), short_number(0.5, "+")) == ("+0.0004", "+0.500")
    assert short_interval(1e-5, 0.0009) == "[1e-05, 0.0009]"
    assert short_interval(-0.5, 0.5, "+") == "[-0.500, +0.500]"
    assert short_interval(None, None) == short_interval(float("nan"), 1.0) == ""


def test_long_texts_and_lists_say_how_much_is_left_out():
    assert shortened("a" * 300) == "a" * 300
    assert shortened("abcdef", 4) == "abcd … and 2 further letters"
    assert listed(["a", "b"], 2) == "a, b" and listed("abcd", 2) == "a, b and 2 further"
    assert listed([]) == "" and len(listed(["x" * 10_000] * 50)) < 5000


def test_tables_show_text_and_count_what_is_left_out():
    table = pd.DataFrame({NASTY: ["$a$", None, ["b"]], "n": [1, 2, 3], "p": [0.0004, np.nan, 2.0]})
    shown = read(table_html(table, limit=2, what="<things>"))
    assert shown.text.split() == [
        *NASTY.split(),
        "n",
        "p",
        "$a$",
        "1",
        "0.0004",
        "2",
        *"and 1 further <things>".split(),
    ]
    assert {tag for tag, _ in shown.tags} == {"table", "thead", "tbody", "tr", "th", "td", "span", "p"}
    named = read(table_html(table.set_index(pd.Index(["$x$", "y", "z"])), index=True))
    assert "$x$" in named.text and "['b']" in named.text and "further" not in named.text
    assert table_html(pd.DataFrame(dict(a=[]))).count("<td>") == 0


def test_tables_in_markdown_are_the_same():
    table = pd.DataFrame({"a|b": ["$c$|", None], "p": [0.0004, 1.0]})
    head, _, first, *rest = table_markdown(table, limit=1).splitlines()
    assert head.count("|") == first.count("|") == 3 and "a&#124;b" in head and "0.0004" in first
    assert rest == ["", "and 1 further rows"] and "$" not in first
