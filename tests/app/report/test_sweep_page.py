"A sweep's page: what its cells say together, and which are missing."

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.report.sweep_page import SHOWN_ARMS, sweep_figure, sweep_sections, sweep_title
from support.sweeps import put_sweep


def measured(seed, scale):
    metrics = Metrics()
    metrics.add("seconds.toy.ERM", 3.0)
    metrics.add("wga.toy.ERM", 0.1 * scale + 0.01 * seed)
    return metrics


@pytest.fixture
def root(make_study, tmp_path):
    return put_sweep(tmp_path / "sweep", make_study(), measured, "no <memory>")


def test_cells_and_means_apart(root):
    cells, figure, numbers = sweep_sections(root)
    assert cells.sentences == ["12 cells: 11 done, 1 failed. Not done:"]
    assert cells.table.error.tolist() == ["no <memory>"]
    worst = numbers.table[numbers.table.key == "wga.toy.ERM"]
    assert worst.scale.tolist() == [1.0, 2.0] and worst.n.tolist() == [6, 5]
    assert worst.value.round(3).tolist() == [0.125, 0.22]
    assert any("1 of 12 cells are missing" in sentence for sentence in numbers.sentences)
    (ax,) = figure.figures[0].axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["wga.toy.ERM"]  # not the seconds
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["scale 1.0", "scale 2.0"]
    plt.close(figure.figures[0])
    assert sweep_title(root) == "Sweep of toy"


def test_a_sweep_without_numbers_has_a_page(root):
    for run in root.glob("cells/*/run/metrics.json"):
        run.write_text("{")
    (cells,) = sweep_sections(root)
    assert "11 waiting" in cells.sentences[0] and len(cells.table) == 12
    for cell in root.glob("cells/*/cell.json"):
        cell.unlink()
    assert sweep_sections(root)[0].sentences == ["The sweep has no cells."]


def test_a_figure_shows_what_can_be_told_apart():
    rows = [dict(key="m.a.b", arm=i, value=0.1 * i, lo=None, hi=None, n=1) for i in range(9)]
    figure = sweep_figure(pd.DataFrame(rows), ["arm"])
    assert len(figure.axes[0].patches) == SHOWN_ARMS
    plt.close(figure)
