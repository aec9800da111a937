"A sweep's page: what its cells say together, and which are missing."

import json

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.report.page import page_of
from spurious_core.app.report.sweep_page import SHOWN_ARMS, sweep_figure, sweep_sections, sweep_title
from spurious_core.app.sweeps.gathering import over_seeds
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
    cells, figure, numbers, _ = sweep_sections(root)
    assert cells.sentences == ["12 cells: 11 done, 1 failed."]
    assert cells.table.error.tolist() == ["no <memory>"] + 11 * [""]
    assert list(cells.table) == ["cell", "seed", "scale", "state", "error"]
    worst = numbers.table[numbers.table.key == "wga.toy.ERM"]
    assert worst.scale.tolist() == ["1.0", "2.0"] and worst.n.tolist() == [6, 5]
    assert worst.value.round(3).tolist() == [0.125, 0.22]
    assert any("1 of 12 cells are missing" in sentence for sentence in numbers.sentences)
    (ax,) = figure.figures[0].axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["wga.toy.ERM"]  # not the seconds
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["scale 1.0", "scale 2.0"]
    plt.close(figure.figures[0])
    assert sweep_title(root) == "Sweep of toy"


def test_cells_come_by_what_tells_them_apart(root):
    cells = sweep_sections(root)[0].table
    assert cells.state.tolist() == ["failed"] + 11 * ["done"]
    pairs = list(zip(cells.seed, cells.scale, strict=True))[1:]
    assert pairs == [(str(seed), scale) for seed in range(6) for scale in ("1.0", "2.0")][:-1]


def test_a_parameter_has_one_form_on_the_page(root):
    page = page_of("x", sweep_sections(root))
    assert "<td>1.0</td>" in page and "<td>1.000</td>" not in page


def test_numbers_that_agree_say_why_they_have_no_interval(root):
    numbers = sweep_sections(root)[2]
    same = numbers.table[numbers.table.key == "seconds.toy.ERM"]
    assert same.lo.isna().all() and (same.n >= 5).all()
    assert "Where all seeds have the same number there is no interval." in numbers.sentences


def test_cells_lead_to_their_folders(root, tmp_path):
    cells = sweep_sections(root)[0]
    assert all((root / link).is_dir() for link in cells.links) and len(set(cells.links)) == 12
    assert cells.links[0] == f"cells/{cells.table.cell[0]}"  # the one that failed
    assert cells.links[1] == f"cells/{cells.table.cell[1]}/run"
    elsewhere = sweep_sections(root, tmp_path / "pages")[0]
    assert elsewhere.links == [f"../sweep/{link}" for link in cells.links]


def test_what_all_cells_share_stands_on_the_page(root):
    for file in root.glob("cells/*/run/environment.json"):
        about = json.loads(file.read_text())
        about["parameters"] |= dict(budget="smoke", words=["a"])
        about |= dict(versions=dict(torch="2"), commit="abc" if about["parameters"]["seed"] else "def")
        file.write_text(json.dumps(about))
    cells, _, _, parameters, environment = sweep_sections(root)
    assert "a handful of pictures" in cells.sentences[1] and "smoke" in cells.sentences[1]
    assert parameters.table.to_numpy().tolist() == [["budget", "smoke"], ["words", '["a"]']]
    assert environment.sentences[0] in ("Commit abc; def.", "Commit def; abc.")
    assert environment.table.set_index("name").value["torch"] == "2"
    assert environment.table.set_index("name").value["seconds"] == "2.5"


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
    figure = sweep_figure(pd.DataFrame(rows), ["arm"], pd.DataFrame(rows).assign(seed=0))
    assert len(figure.axes[0].patches) == SHOWN_ARMS
    plt.close(figure)


def test_of_few_seeds_each_is_a_dot():
    rows = [
        dict(key="m.a.b", arm=arm, seed=seed, value=arm + 0.1 * seed) for arm in (0, 1) for seed in (0, 2)
    ]
    rows += [dict(key="m.a.b", arm=2, seed=0, value=0.5)]
    rows += [dict(key="m.a.b", arm=3, seed=seed, value=0.1 * seed) for seed in range(5)]
    numbers = pd.DataFrame(rows)
    figure = sweep_figure(over_seeds(numbers, None, ["arm"]), ["arm"], numbers)
    (ax,) = figure.axes
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [np.round(line.get_ydata(), 3).tolist() for line in dots] == [[0, 0.2], [1, 1.2]]
    middles = [patch.get_x() + patch.get_width() / 2 for patch in ax.patches[:2]]
    assert np.allclose([line.get_xdata()[0] for line in dots], middles)
    assert ax.get_ylabel() == "mean over seeds, and single seeds"
    plt.close(figure)
