"A page that needs nothing else, in which nobody's text is code, and which everybody can read."

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from spurious_core.app.report.page import (
    SHOWN_ROWS,
    Section,
    StoredPicture,
    page_of,
    pictures_of,
    title_of_page,
)
from spurious_core.core.images import png_bytes

THUMBS = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), np.uint8)


def test_everything_is_inside():
    sections = [
        Section("Classes", ["first", "second"], pd.DataFrame(dict(n=[1])), pictures_of(THUMBS, [0, 2]))
    ]
    page = page_of("An audit", sections)
    assert page.startswith("<!doctype html>") and page.count("<img") == 1 and page.count("<table") == 1
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page) and "url(" not in page
    assert set(re.findall(r'href="#([^"]+)"', page)) == set(re.findall(r'<h2 id="([^"]+)"', page))


def test_a_table_that_is_too_long_is_cut_and_the_page_says_so():
    table = pd.DataFrame(dict(n=range(SHOWN_ROWS + 1)))
    cut = page_of("x", [Section("Long", ["One."], table)])
    assert cut.count("<tr") == SHOWN_ROWS + 1
    assert "<p>One.</p>\n<p>The first 2,000 of 2,001 rows are shown.</p>" in cut
    assert "rows are shown" not in page_of("x", [Section("Short", [], table[1:])])


def test_names_are_escaped():
    name = '"><script>alert(1)</script>'
    picture = StoredPicture(png_bytes(THUMBS[0]), name, name)
    page = page_of(name, [Section(name, [name], pd.DataFrame({name: [name]}), [picture])])
    assert "<script>" not in page and page.count("&lt;script&gt;") >= 6


def test_what_is_not_known_is_blank():
    page = page_of("x", [Section("y", [], pd.DataFrame(dict(lo=[np.nan, 0.25, 0.0004])))])
    assert re.findall("<td>(.*)</td>", page) == ["", "0.250", "0.0004"]


def test_the_first_column_leads_where_it_is_told_and_a_command_is_code():
    table = pd.DataFrame({"<cell>": ["a<b", "c"], "n": [1, 0.5]})
    section = Section("Cells", [], table, links=["cells/a%3C", 'x"y'], code="spurious run <x>")
    page = page_of("x", [section])
    assert '<td><a href="cells/a%3C">a&lt;b</a></td>\n      <td>1.000</td>' in page
    assert '<td><a href="x&quot;y">c</a></td>' in page and "<th>&lt;cell&gt;</th>" in page
    assert "<pre><code>spurious run &lt;x&gt;</code></pre>" in page


def test_each_figure_has_a_box_of_its_own_that_shows_it_whole():
    named = StoredPicture(png_bytes(THUMBS[0]), "a <b>", "Bars <c>")
    sections = [Section("A", [], None, [named, named]), Section("B", [], None, [named])]
    page = page_of("x", sections)
    boxes = re.findall('<input type="checkbox" id="([^"]+)" aria-label="full size: Bars &lt;c&gt;">', page)
    assert len(boxes) == len(set(boxes)) == 3
    for box in boxes:  # a word and the picture itself
        assert page.count(f'<label for="{box}">') == 2
    assert "<script" not in page


def test_a_page_is_known_by_its_beginning(tmp_path):
    file = tmp_path / "page.html"
    for text, title in (
        (page_of("Run of <a>", []), "Run of &lt;a&gt;"),
        ("", ""),
        ("<title>Run</title>", ""),
    ):
        file.write_text(text, "utf-8")
        assert title_of_page(file) == title
    file.write_bytes(b"\xff\xfe" * 900)
    assert title_of_page(file) == ""


def test_no_pictures_make_no_figure():
    assert pictures_of(THUMBS, []) == []


def test_every_picture_has_a_description():
    figure, ax = plt.subplots()
    ax.set_title("by method")
    untitled = StoredPicture(png_bytes(THUMBS[0]), "")
    page = page_of("x", [Section("Bars", [], None, [figure, untitled])])
    assert re.findall('alt="([^"]*)"', page) == ["Bars; by method", "Bars"]
    assert not plt.fignum_exists(figure.number)


def luminance(colour: str) -> float:
    colour = "".join(2 * sign for sign in colour) if len(colour) == 3 else colour
    channels = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_the_contrast_of_aa(scheme):
    page = page_of("x", [])
    colours = [re.findall(rf"--{name}: #(\w+)", page) for name in ("ground", "text", "quiet", "link")]
    ground, *others = (luminance(found[scheme]) for found in colours)
    assert "prefers-color-scheme: dark" in page
    for other in others:
        assert (max(ground, other) + 0.05) / (min(ground, other) + 0.05) >= 4.5


def test_long_titles_are_broken_and_cut_to_fit_below_a_picture():
    long = "great white shark, white shark, man-eater, man-eating shark, called\ntench (1.00)"
    (figure,) = pictures_of(np.zeros((2, 8, 8, 3), np.uint8), [0, 1], [long, "short"])
    shown = {text.get_text() for text in figure.findobj(Text)}
    assert {"great white shark,\nwhite shark, …\ntench (1.00)", "short"} <= shown
