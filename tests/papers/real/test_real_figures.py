"What the figures show, and where pictures may go."

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.core.plots import figure_bytes
from spurious_core.papers.real import real_figures as figures
from support.figures import bare_bars


@pytest.fixture
def paths(tmp_path):
    for i in range(4):
        Image.new("RGB", (60, 50), (60 * i, 0, 0)).save(tmp_path / f"{i}.png")
    return [str(tmp_path / f"{i}.png") for i in range(4)]


def test_bars_are_the_shares_and_the_counts():
    metric = ["called.net", "called_top5.net", "called.all"]
    shares = pd.DataFrame(dict(metric=metric, value=[0.4, 0.7, 0.1], lo=[0.3, 0.6, 0.0], hi=[0.5, 0.8, 0.2]))
    votes = pd.DataFrame(dict(k=np.repeat(range(8), 4), votes=[0, 0, 0, 2] * 8))
    at_once = figures.votes_at_once(votes, np.array([0.5, 0.25, 0.25]))
    assert (at_once.lo[:3] <= at_once.value[:3]).all() and (at_once.hi[:3] >= at_once.value[:3]).all()
    assert at_once.lo[3:].isna().all()  # what is computed has no interval
    left, right = figures.votes_figure(shares, at_once).axes
    assert [bar.get_height() for bar in left.patches] == [0.4, 0.1]
    assert [bar.get_height() for bar in right.patches] == [0.75, 0, 0.25]
    assert right.lines[-1].get_ydata().tolist() == [0.5, 0.25, 0.25]
    assert names_in_legend(right) == ["found", "if independent"]
    assert bare_bars(left.figure) == 0
    assert right.get_ylim()[1] > at_once.hi.max()


def test_components_have_three_marks_each():
    table = pd.DataFrame(dict(network=["a"], label=["tench, Tinca"], auc=[0.9], held_out=[0.8], chance=[0.7]))
    (ax,) = figures.components_figure(table).axes
    assert [line.get_ydata()[0] for line in ax.lines][:3] == [0.9, 0.8, 0.7]
    assert ax.get_xticklabels()[0].get_text() == "tench\na"


def names_in_legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_points_are_named():
    networks = pd.DataFrame(dict(network=["a", "b"], accuracy=[0.8, 0.9], spurious_auc=[0.7, 0.6]))
    areas = pd.DataFrame(dict(network=["a", "b"], k=[0, 0], spurious_auc=[0.7, 0.6]))
    assert names_in_legend(figures.areas_figure(areas, networks).axes[1]) == ["a", "b"]


def test_the_points_of_classes_lie_where_they_lay_before():
    areas = pd.DataFrame(dict(network=["a", "a", "b"], k=[0, 1, 0], spurious_auc=[0.5, 0.5, 1.0]))
    networks = pd.DataFrame(dict(network=["a", "b"], accuracy=[0.8, 0.9], spurious_auc=[0.5, 1.0]))
    first, again = (figure_bytes(figures.areas_figure(areas, networks)) for _ in range(2))
    assert first == again
    points = figures.areas_figure(areas, networks).axes[0].collections[0].get_offsets()
    assert points[:, 1].tolist() == [0.5, 0.5, 1.0]
    assert points[:, 0].round().astype(int).tolist() == [0, 0, 1] and points[0, 0] != points[1, 0]
    shares = dict(network=["a"], by_shape=[0.2], by_texture=[0.5], shape_bias=[0.3], called=[0.4])
    shares |= dict(by_shape_lo=[0.1], by_shape_hi=[0.3], by_texture_lo=[0.4], by_texture_hi=[0.6])
    left, right = figures.cues_figure(pd.DataFrame(shares)).axes
    assert [bar.get_height() for bar in left.patches] == [0.2, 0.5]
    intervals = [segment[:, 1].tolist() for lines in left.collections for segment in lines.get_segments()]
    assert intervals == [[0.1, 0.3], [0.4, 0.6]]
    assert names_in_legend(right) == ["a"]


def test_pictures_under_a_licence_bear_their_credit(paths):
    cues = pd.DataFrame(dict(path=paths, shape="cat", texture="dog", seen="oven"))
    figure = figures.cue_examples(cues, 4)
    assert "CC BY 4.0" in figure.texts[0].get_text() and "Geirhos" in figure.texts[0].get_text()
    assert "seen: oven" in figure.axes[0].texts[0].get_text()


def test_the_sheet_counts_votes(paths):
    votes = pd.DataFrame(dict(path=paths, k=[7, 7, 0, 0], tile=[0, 1, 0, 1], votes=[0, 1, 2, 3]))
    names = ["tench, Tinca"] + ["x"] * 6 + ["cock"]
    texts = [text.get_text() for text in figures.votes_sheet(votes, names, 3).axes[0].texts]
    assert texts == ["2 of 3", "3 of 3", "0 of 3", "1 of 3", "tench", "cock"]
