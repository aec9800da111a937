"Contact sheets: the right pixels in the right place, and clear errors."

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from spurious_core.core.sheets import (
    OBJECT,
    SUCCESS,
    before_after,
    contact_sheet,
    padded_row,
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


def test_a_short_row_ends_in_white_and_repeats_nothing():
    row = padded_row(IMS[:2], 4)
    assert (row[:2] == IMS[:2]).all() and (row[2:] == 255).all() and len(row) == 4
    assert (padded_row(IMS, 3) == IMS[:3]).all()


def test_a_title_of_two_lines_has_room_for_both():
    heights = [sheet(contact_sheet(IMS[:1], titles=[title])).shape[0] for title in ("a", "a\nb")]
    assert [height - 16 for height in heights] == [3, 6]
