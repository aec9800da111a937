"A page that needs nothing else, and in which nobody's text is code."

import re

import numpy as np
import pandas as pd

from spurious_core.app.audit.page import Section, page_of, pictures_of

THUMBS = np.random.default_rng(0).integers(0, 256, (3, 96, 96, 3), np.uint8)


def test_everything_is_inside():
    sections = [
        Section("Classes", ["first", "second"], pd.DataFrame(dict(n=[1])), pictures_of(THUMBS, [0, 2]))
    ]
    page = page_of("An audit", sections)
    assert page.startswith("<!doctype html>") and page.count("<img") == 1 and page.count("<table") == 1
    assert not re.findall(r'(?:src|href)="(?!data:)', page)


def test_names_are_escaped():
    name = "<script>alert(1)</script>"
    page = page_of(name, [Section(name, [name], pd.DataFrame(dict(label=[name])))])
    assert "<script>" not in page and page.count("&lt;script&gt;") >= 3


def test_no_pictures_make_no_figure():
    assert pictures_of(THUMBS, []) == []
