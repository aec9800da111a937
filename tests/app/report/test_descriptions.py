"What is said of a figure to those who do not see it."

import matplotlib.pyplot as plt
import pytest

from spurious_core.app.report.descriptions import (
    LONGEST,
    describe_cell,
    describe_figure,
    describe_figures,
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
    "text, said", [("a. b. c.", "a. b."), ("Abc def", "Abc…"), ("a. b", "a. b")], ids=str
)
def test_whole_sentences_that_fit(text, said):
    assert first_sentences(text, 6) == said


def test_the_paragraph_above_is_what_counts():
    cells = [markdown("# T\n\nFirst.\n\nSecond one.\n\n$$x$$\n\n- a list"), code("x"), code("draw()")]
    assert describe_cell(cells, 2) == "T. Second one."
    assert describe_cell([*cells, markdown("## Next"), code("draw()")], 4) == "Next"
    assert describe_cell([code("draw()")], 0) == ""


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
    assert describe_figure(figure) == "Losses; loss over step; row of lamps"
    plt.close(figure)


def test_figures_of_committed_evidence_are_described():
    "By the rule alone: what no cell names is at most a tenth."
    said = {}
    for study in list_studies():
        cells = read_json(studies_folder() / f"{study}.ipynb")["cells"]
        names = [file.stem for file in (ROOT / "figures" / study).glob("*.png")]
        said |= {(study, name): text for name, text in describe_figures(cells, names).items()}
    silent = [name for name, text in said.items() if len(text.split()) < 3]
    assert len(silent) <= len(said) / 10, silent
    assert max(map(len, said.values())) <= LONGEST
