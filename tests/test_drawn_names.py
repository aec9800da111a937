"All objects that draw themselves: names are text and no formula, and a page stays small whatever it holds."

import re
from dataclasses import replace
from html import unescape

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core import _modidx
from spurious_core.app.doctor import Checkup
from spurious_core.app.metrics import Metrics
from spurious_core.data.grouped import GroupedImages
from spurious_core.diffusion.adapters import AdapterSummary
from spurious_core.diffusion.image_sets import ImageSet
from spurious_core.diffusion.memory.rehearsal import Footprint
from spurious_core.evaluate.reports import group_report
from spurious_core.find.neural_pca import fit_neural_pca
from spurious_core.mitigate.fitting import Fitted
from spurious_core.mitigate.registry import METHODS
from spurious_core.papers.class_wise.tables import Folded
from support.pages import check_page
from support.small_guide import features, small_guide

NASTY = "costs $5 and $6 <b>'\"&|*"
MARKED = '<span class="mathjax_ignore">&#36;</span>'  # a dollar that Jupyter leaves alone
MANY = 3000
DRAWINGS = "_repr_html_", "_repr_markdown_"


def names(name, n):
    return [name, *(f"{name} {i}" for i in range(1, n))]


def metrics(name, n, tmp_path):
    entry = dict(value=0.0004, ci=[1e-5, 0.0009], n=3, over=name)
    return Metrics({key: entry for key in names(name, n)})


def checkup(name, n, tmp_path):
    table = pd.DataFrame({"field": names(name, n), name: 1.0})
    return Checkup(table, table, names(name, n))


def grouped(name, n, tmp_path):
    rows = np.arange(max(n, 2))
    manifest = pd.DataFrame(dict(y=rows, a=0, split="test"))
    pixels = np.full((len(rows), 8, 8, 3), 90, np.uint8)
    return GroupedImages(manifest, names(name, len(rows)), [name], name, pixels)


def image_set(name, n, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    rows = dict(file_name="a.png", prompt=names(name, n), seed=1, guidance=3.0, path=tmp_path / "a.png")
    return ImageSet(rows)


def adapter(name, n, tmp_path):
    return AdapterSummary(name, "LoRA", n, tuple(range(n)), tuple(names(name, n)), 1.0, "abc")


def footprint(name, n, tmp_path):
    return Footprint(1, 2, 3)


def report(name, n, tmp_path):
    rows = np.arange(max(n, 2))
    return group_report(rows, rows * 0, rows, names(name, len(rows)), [name])


def components(name, n, tmp_path):
    return replace(fit_neural_pca(small_guide(), features(40), "dog"), label=name)


def fitted(name, n, tmp_path):
    method = replace(METHODS["ERM"], name=name)
    details = {each: [0.5] * n for each in names(name, n)}
    return Fitted(None, None, 1.0, method, "wga", None, 0, details, None)


def folded(name, n, tmp_path):
    return Folded(pd.DataFrame({name: 0.5}, index=names(name, n)), name)


KINDS = [metrics, checkup, grouped, image_set, adapter, footprint, report, components, fitted, folded]
ELSEWHERE = {"RunFolder"}  # tests/explore/test_run_folders.py


@pytest.fixture(params=KINDS, ids=lambda build: build.__name__)
def build(request, tmp_path):
    return lambda name, n: request.param(name, n, tmp_path)


def test_no_object_that_draws_itself_is_forgotten(tmp_path):
    symbols = [name for module in _modidx.d["syms"].values() for name in module]
    drawn = {name.split(".")[-2] for name in symbols if name.endswith(DRAWINGS)}
    assert drawn - ELSEWHERE == {type(build("a", 1, tmp_path)).__name__ for build in KINDS}


def test_names_are_neither_tags_nor_formulas(build):
    for drawing in DRAWINGS:
        page = getattr(build(NASTY, 1), drawing, str)()
        shown = re.sub(r"<[^<>]*>", "", page.replace(MARKED, "DOLLAR"))
        assert "$" not in shown and "&#36;" not in shown and "6 <b>" not in page
        if page and "peak" not in page:  # a footprint has no names
            assert NASTY in unescape(shown.replace("DOLLAR", "$"))


def test_pages_of_much_are_small_and_say_what_is_left_out(build):
    for drawing in DRAWINGS:
        page = getattr(build("long " * 100, MANY), drawing, str)()
        assert len(page) < 400_000
        assert not page or "peak" in page or re.search(r" further \w+", page)


@pytest.mark.parametrize(
    "build, left_out",
    [
        (metrics, "2,800 further numbers"),
        (checkup, "2,950 further problems"),
        (grouped, "2,988 further groups"),
        (adapter, "2,988 further"),
        (report, "2,900 further groups"),
        (fitted, "2,988 further"),
        (folded, "2,000 further rows"),
    ],
)
def test_what_is_left_out_is_counted(build, left_out, tmp_path):
    drawn = build("a", MANY, tmp_path)
    pages = [getattr(drawn, drawing)() for drawing in DRAWINGS if hasattr(drawn, drawing)]
    assert pages and all(left_out in page for page in pages)


def test_the_worst_groups_of_many_are_drawn_and_the_summaries():
    rows = np.arange(MANY).repeat(2)
    answers = np.where(rows == 2500, 0, rows)
    drawn = group_report(rows, rows * 0, answers, names("class", MANY), ["day"])
    for page in (drawn._repr_html_(), drawn._repr_markdown_()):
        assert "class 2500, day" in page and "class 2400, day" not in page and "WGA" in page


def test_small_numbers_and_intervals_of_metrics(tmp_path):
    page = check_page(metrics("p_value.mini.x", 1, tmp_path)._repr_html_())
    assert "0.0004" in page.text and "[1e-05, 0.0009]" in page.text and "0.000\n" not in page.text
    assert "0.0004 [1e-05, 0.0009]" in repr(metrics("p_value.mini.x", 1, tmp_path))
