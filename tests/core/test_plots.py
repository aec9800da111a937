"Figures: the right pixels in the right place, the same bytes every time, and clear errors."

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from spurious_core.core.images import to_array
from spurious_core.core.plots import alpha_panel, bars, save_figure
from spurious_core.core.sheets import (
    OBJECT,
    SUCCESS,
    before_after,
    contact_sheet,
    show_images,
    strip,
    verdict_marks,
)

IMS = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def sheet(fig):
    return fig.axes[0].images[0].get_array()


def words(fig):
    return [t.get_text() for t in fig.axes[0].texts]


def test_to_array_agrees_over_all_kinds_of_batch():
    x = torch.from_numpy(IMS).permute(0, 3, 1, 2) / 255
    for batch in (
        IMS,
        x,
        x.double(),
        [Image.fromarray(i) for i in IMS],
        list(IMS),
        list(x),
        x.requires_grad_(),
    ):
        assert (to_array(batch) == IMS).all()
    assert to_array(Image.fromarray(IMS[0])).shape == (1, 16, 16, 3)


def test_to_array_clips_a_small_overshoot_and_does_not_wrap():
    assert to_array(torch.tensor([-0.1, 1.1, 0.5]).view(1, 3, 1, 1).expand(1, 3, 2, 2))[0, 0, 0].tolist() == [
        0,
        255,
        128,
    ]


@pytest.mark.parametrize(
    "bad",
    [
        IMS.astype(float),
        IMS[..., :1],
        IMS[:0],
        [],
        torch.zeros(2, 3, 4, 4).byte(),
        torch.full((1, 3, 4, 4), 200.0),
        torch.full((1, 3, 4, 4), -1.0),
        torch.full((1, 3, 4, 4), float("nan")),
        torch.zeros(0, 3, 4, 4),
        torch.zeros(2, 4, 4, 3),
        "x.png",
        [IMS[0], IMS[0, :8]],
    ],
)
def test_to_array_refuses(bad):
    with pytest.raises(ValueError):
        to_array(bad)


def test_contact_sheet_puts_each_image_in_its_cell():
    s = sheet(contact_sheet(IMS, ncol=4))
    step = 18  # 16 pixels and a gap of 2
    for i, im in enumerate(IMS):
        assert (s[i // 4 * step :, i % 4 * step :][:16, :16] == im).all()
    assert (s[2 * step :, 2 * step :] == 255).all()  # the last row is not full


def test_titles_and_borders_belong_to_their_image():
    fig = contact_sheet(
        IMS,
        ncol=5,
        titles=[str(i) for i in range(10)],
        borders=[None] * 7 + ["red"] + [None] * 2,
        rows=["a", "b"],
        cols=list("vwxyz"),
    )
    assert words(fig) == [str(i) for i in range(10)] + ["a", "b"] + list("vwxyz")
    (frame,) = fig.axes[0].patches
    seventh = fig.axes[0].texts[7]
    assert (
        frame.get_x() < seventh.get_position()[0] < frame.get_x() + frame.get_width()
        and frame.get_y() + frame.get_height() < seventh.get_position()[1]
    )


@pytest.mark.parametrize(
    "kw", [dict(titles=["a"]), dict(borders=["red"] * 11), dict(rows=["a"]), dict(cols=["a"]), dict(ncol=0)]
)
def test_contact_sheet_refuses_what_does_not_fit(kw):
    with pytest.raises(ValueError):
        contact_sheet(IMS, **{"ncol": 5} | kw)


def test_strip_and_before_after_are_rows_in_order():
    fig = strip(
        {"one": IMS[:3], "two": IMS[5:8]},
        n=2,
        marks={"two": dict(titles=["p", "q", "r"], borders=["red", None, None])},
    )
    assert (sheet(fig)[:16, 18:] == IMS[1]).all() and (
        sheet(fig)[-19:-3, 18:] == IMS[6]
    ).all()  # 3 pixels of caption below
    assert words(fig) == ["p", "q", "one", "two"] and len(fig.axes[0].patches) == 1
    assert (sheet(before_after(IMS[:2], IMS[2:4]))[18:, :16] == IMS[2]).all() and sheet(
        show_images(IMS)
    ).shape[0] == 16
    for bad in (dict(), {"a": IMS[:1]}, {"a": IMS, "b": np.zeros((9, 8, 8, 3), np.uint8)}):
        with pytest.raises(ValueError):
            strip(bad, n=2)
    with pytest.raises(ValueError, match="unknown arm in marks"):
        strip({"a": IMS}, marks={"b": {}})
    with pytest.raises(ValueError, match="2 images before"):
        before_after(IMS[:2], IMS[:3])


def test_verdict_marks_tell_success_from_cheating():
    v = pd.DataFrame(
        {
            "top1.a": [True, True, False],
            "top1.b": [True, True, True],
            "object_absent": [True, False, True],
            "consistency": [True, False, False],
        }
    )
    assert verdict_marks(v) == dict(titles=["2/2", "2/2", "1/2"], borders=[SUCCESS, OBJECT, None])
    assert verdict_marks(v[["top1.a"]])["borders"] == [None] * 3
    with pytest.raises(ValueError, match="top1"):
        verdict_marks(v[["consistency"]])


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
    assert [p.get_height() for p in ax.patches] == [0.1, 0.2, 0.3, 0.4] and [
        t.get_text() for t in ax.get_xticklabels()
    ] == ["a", "b"]
    spans = [tuple(s[:, 1]) for c in ax.collections for s in c.get_segments()]
    assert spans == [(0, 0.2), (0.1, 0.3), (0.2, 0.4)]
    own = plt.figure().add_subplot()
    assert bars(df[:2], "m", ax=own) is own
    for bad in (dict(x="nope"), dict(x="m", lo="low"), dict(x="m")):
        with pytest.raises(ValueError):
            bars(df, **bad)


def test_alpha_panel():
    fig = alpha_panel(IMS, torch.rand(1, 3, 16, 16), {"with": np.arange(9.0), "without": torch.zeros(4)}, n=4)
    assert (
        len(fig.axes) == 3
        and (fig.axes[0].images[0].get_array()[:16, :16] == IMS[0]).all()
        and fig.axes[2].get_legend() is not None
    )
    for bad in (np.zeros((3, 2)), np.array([]), np.array([np.nan])):
        with pytest.raises(ValueError, match="alphas"):
            alpha_panel(IMS, IMS[0], bad)


def test_save_figure_is_atomic_and_deterministic(tmp_path, monkeypatch):
    a, b = (save_figure(contact_sheet(IMS, title="t"), tmp_path / d / "f.png") for d in "ab")
    assert a.read_bytes() == b.read_bytes() and not Image.open(a).info.keys() & {
        "Software",
        "Creation Time",
        "date",
    }
    before = a.read_bytes()
    with pytest.raises(ValueError, match=".png"):
        save_figure(plt.figure(), tmp_path / "f.jpg")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError):
        save_figure(contact_sheet(IMS[:1]), a)
    assert a.read_bytes() == before
