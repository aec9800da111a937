"Figures of numbers: values and intervals where they belong, the same bytes every time."

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
import torch
from PIL import Image

from spurious_core.core.plots import alpha_panel, bars, figure_bytes, figure_keeper, house_style, save_figure
from spurious_core.core.sheets import contact_sheet
from support.legends import covering_legends

pytestmark = pytest.mark.usefixtures("closed_figures")


def test_bars_draw_values_and_intervals_and_skip_missing_intervals():
    df = pd.DataFrame(
        dict(
            m=["a", "b", "a", "b"],
            arm=["x", "x", "y", "y"],
            value=[0.1, 0.2, 0.3, 0.4],
            lo=[0, 0.1, 0.2, np.nan],
            hi=[0.2, 0.3, 0.4, np.nan],
        )
    )
    ax = bars(df, "m", hue="arm")
    assert covering_legends(ax.figure) == []
    assert [p.get_height() for p in ax.patches] == [0.1, 0.2, 0.3, 0.4]
    colours = sns.color_palette("colorblind")[:2]  # whatever the style, which reports of commands don't set
    assert [p.get_facecolor()[:3] for p in ax.patches] == [colours[0], colours[0], colours[1], colours[1]]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a", "b"]
    spans = [tuple(s[:, 1]) for c in ax.collections for s in c.get_segments()]
    assert spans == [(0, 0.2), (0.1, 0.3), (0.2, 0.4)]
    shares = df.assign(lo=df.lo - 0.5, hi=df.hi + 0.9)
    spans = [
        tuple(s[:, 1])
        for c in bars(shares, "m", hue="arm", bounds=(0, 1)).collections
        for s in c.get_segments()
    ]
    assert spans == [(0, 1), (0, 1), (0, 1)]
    axes = plt.figure().add_subplot()
    assert bars(df[:2], "m", ax=axes) is axes
    for bad in (dict(x="nope"), dict(x="m", lo="low"), dict(x="m")):
        with pytest.raises(ValueError):
            bars(df, **bad)


def test_bars_keep_no_place_for_what_a_group_lacks():
    rows = [("a", "x"), ("b", "y"), ("c", "x"), ("c", "y")]
    df = pd.DataFrame([dict(m=m, arm=arm, value=0.5, lo=0.4, hi=0.6) for m, arm in rows])
    ax = bars(df, "m", hue="arm")
    middles = [[patch.get_x() + patch.get_width() / 2 for patch in arm] for arm in ax.containers]
    assert np.allclose(middles, [[0, 1.8], [1, 2.2]])
    ends = [segment[0, 0] for lines in ax.collections for segment in lines.get_segments()]
    assert np.allclose(ends, [0, 1.8, 1, 2.2])


def test_the_house_style_ends_with_what_is_drawn_in_it():
    @house_style()
    def draw():
        return plt.subplots()[1]

    with plt.style.context("default"):  # a study in the same process leaves its own
        before = dict(plt.rcParams)
        ax = draw()
        assert ax.spines["left"].get_edgecolor()[:3] == (0.8, 0.8, 0.8) and ax.title.get_size() == 9
        assert dict(plt.rcParams) == before
        assert plt.subplots()[1].spines["left"].get_edgecolor()[:3] == (0, 0, 0)


def test_alpha_panel(pictures):
    fig = alpha_panel(
        pictures, torch.rand(1, 3, 16, 16), {"with": np.arange(9.0), "without": torch.zeros(4)}, n=4
    )
    assert len(fig.axes) == 3
    assert (fig.axes[0].images[0].get_array()[:16, :16] == pictures[0]).all()
    assert fig.axes[2].get_legend() is not None
    assert covering_legends(fig) == []
    for bad in (np.zeros((3, 2)), np.array([]), np.array([np.nan])):
        with pytest.raises(ValueError, match="alphas"):
            alpha_panel(pictures, pictures[0], bad)


def test_save_figure_is_atomic_and_deterministic(tmp_path, monkeypatch, pictures):
    a, b = (save_figure(contact_sheet(pictures, title="t"), tmp_path / d / "f.png") for d in "ab")
    assert a.read_bytes() == b.read_bytes()
    assert not Image.open(a).info.keys() & {"Software", "Creation Time", "date"}
    before = a.read_bytes()
    with pytest.raises(ValueError, match=".png"):
        save_figure(plt.figure(), tmp_path / "f.jpg")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError):
        save_figure(contact_sheet(pictures[:1]), a)
    assert a.read_bytes() == before


def test_a_figure_is_saved_and_shown_once(tmp_path):
    figure, _ = plt.subplots(figsize=(1, 1))
    assert figure_keeper(tmp_path)(figure, "accuracy_0.9") is figure
    with Image.open(tmp_path / "accuracy_0.9.png") as picture:
        assert picture.format == "PNG"
    assert figure.number not in plt.get_fignums()


ODD = ["$x_$", "a $b$ c", "half \ud800", "\\$"]


def test_names_with_dollars_or_half_characters_are_shown_as_they_are():
    shown = ["$x_$", "a $b$ c", "half ?", "\\$"]
    pictures = np.zeros((4, 16, 16, 3), np.uint8)
    names = [name for name in ODD if name.isascii()]  # a table takes no half characters
    table = pd.DataFrame(dict(x=names, value=1.0, lo=0.5, hi=1.5, arm=names))
    sheet = contact_sheet(pictures, 2, titles=ODD, rows=ODD[:2], cols=ODD[:2], title=ODD[0])
    panel = alpha_panel(pictures, pictures, dict.fromkeys(ODD, np.arange(3)), title=ODD[1])
    axes = bars(table, "x", hue="arm")
    for figure in (sheet, panel, axes.figure):
        figure.canvas.draw()  # as a notebook does, with nobody in between
        assert figure_bytes(figure).startswith(b"\x89PNG")
    assert [text.get_text() for text in sheet.axes[0].texts][:4] == shown
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    assert not axes.get_xticklabels()[0].get_parse_math()


def test_a_foreign_figure_is_saved_whatever_its_names():
    figure, ax = plt.subplots()
    ax.set_title("$x_$")
    assert figure_bytes(figure).startswith(b"\x89PNG")
