"What is said of a figure to those who do not see it."

import matplotlib.pyplot as plt
import pytest

from spurious_core.app.report.descriptions import (
    LONGEST,
    describe_cell,
    describe_figure,
    describe_figures,
    describe_pictures,
    first_sentences,
    plain_prose,
)
from spurious_core.app.studies import list_studies, studies_folder
from spurious_core.core.files import read_json
from support.notebooks import ROOT


def markdown(text):
    return dict(cell_type="markdown", source=[text])


def code(text):
    return dict(cell_type="code", source=text.splitlines(keepends=True))


def test_marks_are_dropped():
    marked = "## **Bold** and `code`, [a link](x#y)\n> and $\\mu_{k}$, not -1"
    assert plain_prose(marked) == "Bold and code, a link and mu_k, not -1"


@pytest.mark.parametrize(
    "tex, said",
    [
        (r"\min_y \Pr(\hat y = y \mid y)", "min_y Pr( hat y = y | y)"),
        (r"m \cdot \mathrm{ink}, \qquad w\,[x]", "m cdot ink, w [x]"),
        (r"\left(\text{mean of } x\right)", "( mean of x )"),
        (r"\leftarrow \quantity", "leftarrow quantity"),
    ],
)
def test_formulas_are_spoken(tex, said):
    assert plain_prose(f"Where ${tex}$.") == f"Where {said}."


@pytest.mark.parametrize(
    "text, said", [("a. b. c.", "a. b."), ("Abc def", "Abc…"), ("a. b", "a. b")], ids=str
)
def test_whole_sentences_that_fit(text, said):
    assert first_sentences(text, 6) == said


def test_the_paragraph_above_is_what_counts():
    cells = [markdown("# T\n\nFirst.\n\nSecond one.\n\n$$x$$\n\n- a list"), code("x"), code("draw()")]
    assert describe_cell(cells, 2) == "T. Second one."
    assert describe_cell([*cells, markdown("## Next"), code("draw()")], 4) == "Next"
    assert describe_cell([code("draw()")], 0) == ""


def test_what_a_cell_states_is_what_counts():
    source = (
        "#| slow\n#| fig-alt: a_b: Two \n#|   lines.\n#| fig-alt: Another: one.\nkept(f, 'a_b'), kept(g, 'c')"
    )
    cells = [markdown("Above."), code(source)]
    assert describe_pictures(cells, 1, 2) == ["a b: Two lines.", "Another: one."]
    assert describe_pictures(cells, 1, 1) == ["Above."]
    assert describe_figures(cells, ["a_b", "c"]) == {"a_b": "a b: Two lines.", "c": "Above."}
    assert describe_cell([code("#| fig-alt: One.\nbars(t)")], 0) == "One."


def test_code_names_the_kind_of_figure_and_its_axes():
    source = "ax = bars(t, 'x')\nax.set(xlabel='', ylabel='share')\nax.set_title(r'$\\mu$ of it')"
    assert describe_cell([markdown("# T"), code(source)], 1) == "Bars: share, mu of it. T"
    assert describe_pictures([code("bars(t)")], 0, 2) == ["1 of 2: Bars", "2 of 2: Bars"]
    assert describe_pictures([code("draw(")], 0, 1) == ["A figure"]


def test_the_most_exact_name_wins():
    cells = [markdown("Named."), code("dict(a_mini=1)['a_mini']"), markdown("Any.")]
    cells += [code('save(f, f"{x}_mini.png")'), markdown("This."), code("kept(f, 'a_mini')")]
    assert describe_figures(cells, ["a_mini", "b_mini", "c"]) == {
        "a_mini": "This.",
        "b_mini": "Any.",
        "c": "",
    }


def test_figures_of_one_cell_are_told_apart():
    cells = [markdown("Green: it fooled them."), code('for x in y: save(f, f"arms_{x}.png")')]
    assert describe_figures(cells, ["arms_cow", "arms_landbird"]) == {
        "arms_cow": "arms cow: Green: it fooled them.",
        "arms_landbird": "arms landbird: Green: it fooled them.",
    }
    assert describe_figures(cells, ["arms_cow"]) == {"arms_cow": "Green: it fooled them."}


def test_a_figure_says_its_titles():
    figure, (left, right) = plt.subplots(1, 2)
    left.set(title="Losses", xlabel="step", ylabel="loss")
    right.text(0, 0, "row of\nlamps")
    right.plot([0, 1], label="ours")
    right.plot([1, 0], label="theirs")
    right.legend()
    assert describe_figure(figure) == "Losses; loss over step; row of lamps; ours, theirs"
    plt.close(figure)


def test_every_figure_of_committed_evidence_is_described():
    said, alike = {}, []
    for study in list_studies():
        cells = read_json(studies_folder() / f"{study}.ipynb")["cells"]
        names = [file.stem for file in (ROOT / "figures" / study).glob("*.png")]
        texts = describe_figures(cells, names)
        said |= {(study, name): text for name, text in texts.items()}
        alike += [study] if len(set(texts.values())) < len(texts) else []
    faults = [name for name, text in said.items() if len(text.split()) < 10 or "\\" in text]
    assert (faults, alike) == ([], [])
    assert max(map(len, said.values())) <= LONGEST
