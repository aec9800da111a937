"What Sphinx is taught: formulas without scripts and servers, and a short sidebar."

import re
from xml.etree import ElementTree

import pytest
from math_core import LatexError

from spurious_core.app.site.extension import as_mathml, displayed, setup
from support.notebooks import cells_of, notebook_paths

FORMULA = re.compile(r"(?s)\$\$(.+?)\$\$|\$([^$\s](?:[^$]*?[^$\s])?)\$")


def formulas():
    for path in notebook_paths():
        for cell in cells_of(path):
            if cell.kind == "markdown":
                prose = re.sub(r"(?s)```.*?```|`[^`]*`", "", cell.source)
                yield from ((path, block or inline, bool(block)) for block, inline in FORMULA.findall(prose))


def tree(tex, is_block=False):
    "A formula's elements; the one sign that XML has no name for is written out."
    text = as_mathml(tex, is_block).replace("&ApplyFunction;", "\u2061")
    return ElementTree.fromstring(re.sub(r' xmlns="[^"]+"', "", text))


def outline(element):
    "An element with what stands in it: `msub(mi x, mn 0)`."
    if not len(element):
        return f"{element.tag} {element.text}"
    return f"{element.tag}({', '.join(map(outline, element))})"


ACCENTS = {*"^ˆ¯‾~˜\u0302\u0303\u0304\u0305\u0332―"}


def test_every_formula_of_the_notebooks_is_set_whole():
    "No command is left as text, and no index stands under a letter for the accent above it."
    faults, count = [], 0
    for path, tex, is_block in formulas():
        formula, count = tree(tex, is_block), count + 1
        signs = {part.text for each in formula.iter("munderover") for part in list(each)[1:]}
        if signs & ACCENTS or "\\" in "".join(formula.itertext()):
            faults.append(f"{path.name}: {tex}")
    assert count > 300 and not faults


@pytest.mark.parametrize(
    "tex, said",
    [
        (r"\hat x_0", "msub(mover(mi x, mo ˆ), mn 0)"),
        (r"\bar\alpha_t", "msub(mover(mi α, mo ¯), mi t)"),
        (r"\overline{a b}_\text{real}", "msub(mover(mrow(mi a, mi b), mo \u0332), mtext real)"),
        (r"\tfrac12 x", "mfrac(mn 1, mn 2), mi x"),
        (r"\mathcal L", "mi ℒ\ufe00"),
        (r"f'", "msup(mi f, mo ′)"),
    ],
)
def test_formulas_come_out_as_tex_sets_them(tex, said):
    assert outline(tree(tex)) in (f"math({said})", f"math(mrow(mspace None, {said}))")


def test_an_unknown_command_is_no_formula():
    with pytest.raises(LatexError, match="nonsense"):
        as_mathml(r"\nonsense{x}")


def test_displayed_statements_may_wrap():
    html = displayed(r"a = b, \qquad \overline{c \qquad d}")
    assert re.findall(r"<math", html) == ["<math"] * 2 and html.count('class="bar"') == 1
    assert displayed("a").startswith('<div class="formula" tabindex="0" role="group"')


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
