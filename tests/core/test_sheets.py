"Contact sheets: the right pixels in the right place, and clear errors."

import numpy as np
import pandas as pd
import pytest

from spurious_core.core.sheets import (
    OBJECT,
    SUCCESS,
    before_after,
    contact_sheet,
    show_images,
    strip,
    verdict_marks,
)

pytestmark = pytest.mark.usefixtures("closed_figures")


def sheet(fig):
    return fig.axes[0].images[0].get_array()


def words(fig):
    return [t.get_text() for t in fig.axes[0].texts]


def test_contact_sheet_puts_each_image_in_its_cell(pictures):
    s = sheet(contact_sheet(pictures, ncol=4))
    step = 18  # 16 pixels and a gap of 2
    for i, im in enumerate(pictures):
        assert (s[i // 4 * step :, i % 4 * step :][:16, :16] == im).all()
    assert (s[2 * step :, 2 * step :] == 255).all()  # the last row is not full


def test_titles_and_borders_belong_to_their_image(pictures):
    fig = contact_sheet(
        pictures,
        ncol=5,
        titles=[str(i) for i in range(10)],
        borders=[None] * 7 + ["red"] + [None] * 2,
        rows=["a", "b"],
        cols=list("vwxyz"),
    )
    assert words(fig) == [str(i) for i in range(10)] + ["a", "b"] + list("vwxyz")
    (frame,) = fig.axes[0].patches
    seventh = fig.axes[0].texts[7]
    x, y = seventh.get_position()
    assert frame.get_x() < x < frame.get_x() + frame.get_width()
    assert frame.get_y() + frame.get_height() < y


@pytest.mark.parametrize(
    "kw", [dict(titles=["a"]), dict(borders=["red"] * 11), dict(rows=["a"]), dict(cols=["a"]), dict(ncol=0)]
)
def test_contact_sheet_refuses_what_does_not_fit(kw, pictures):
    with pytest.raises(ValueError):
        contact_sheet(pictures, **{"ncol": 5} | kw)


def test_strip_and_before_after_are_rows_in_order(pictures):
    fig = strip(
        {"one": pictures[:3], "two": pictures[5:8]},
        n=2,
        marks={"two": dict(titles=["p", "q", "r"], borders=["red", None, None])},
    )
    assert (sheet(fig)[:16, 18:] == pictures[1]).all()
    assert (sheet(fig)[-19:-3, 18:] == pictures[6]).all()  # 3 pixels of caption below
    assert words(fig) == ["p", "q", "one", "two"]
    assert len(fig.axes[0].patches) == 1
    assert (sheet(before_after(pictures[:2], pictures[2:4]))[18:, :16] == pictures[2]).all()
    assert sheet(show_images(pictures)).shape[0] == 16
    for bad in (dict(), {"a": pictures[:1]}, {"a": pictures, "b": np.zeros((9, 8, 8, 3), np.uint8)}):
        with pytest.raises(ValueError):
            strip(bad, n=2)
    with pytest.raises(ValueError, match="unknown arm in marks"):
        strip({"a": pictures}, marks={"b": {}})
    with pytest.raises(ValueError, match="2 images before"):
        before_after(pictures[:2], pictures[:3])


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
