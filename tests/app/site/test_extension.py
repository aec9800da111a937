"What Sphinx is taught: formulas without scripts and servers, and a short sidebar."

import re

import pytest
from docutils.utils.math import MathError

from spurious_core.app.site.extension import as_mathml, setup
from support.notebooks import cells_of, notebook_paths

FORMULA = re.compile(r"(?s)\$\$(.+?)\$\$|\$([^$\s](?:[^$]*?[^$\s])?)\$")


def formulas():
    for path in notebook_paths():
        for cell in cells_of(path):
            if cell.kind == "markdown":
                prose = re.sub(r"(?s)```.*?```|`[^`]*`", "", cell.source)
                yield from ((path, block or inline, bool(block)) for block, inline in FORMULA.findall(prose))


def test_every_formula_of_the_notebooks_can_be_set():
    unreadable, count = [], 0
    for path, tex, is_block in formulas():
        count += 1
        try:
            assert as_mathml(tex, is_block).startswith("<math")
        except MathError as error:
            unreadable.append(f"{path.name}: {tex}: {error}")
    assert count > 300 and not unreadable


def test_commands_that_docutils_does_not_know():
    assert as_mathml(r"\big(x\Big)").count("<mo") == 2
    with pytest.raises(MathError):
        as_mathml(r"\nonsense{x}")


def test_it_is_an_extension():
    class App:
        def add_html_math_renderer(self, name, inline, block):
            self.renderer = name

        def connect(self, event, function, priority):
            self.connected = event, function, priority

    app = App()
    assert setup(app)["parallel_read_safe"] and app.renderer == "mathml"
    event, function, priority = app.connected
    context = dict(toctree=lambda **options: options["collapse"])
    function(app, "index", "page.html", context, None)
    assert (event, context["toctree"](collapse=False), priority < 500) == ("html-page-context", True, True)
