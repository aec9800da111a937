"What could go wrong in pasting: foregrounds cut off or squeezed, empty masks, a mask that nobody has."

import numpy as np
import pytest

from spurious_core.papers.d3s.pasting import cut_out, initial_picture, paste
from spurious_core.papers.d3s.plans import Recipe, plan_shift
from support.d3s import black, coloured, flat


@pytest.mark.parametrize("h,w", [(8, 8), (5, 31), (40, 7)])
@pytest.mark.parametrize("scale", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("at", [(0, 0), (1, 1), (0.3, 0.8)])
def test_foregrounds_stay_inside_and_whole(h, w, scale, at):
    red = cut_out(flat((200, 0, 0), h, w), np.ones((h, w)))
    pasted = paste(flat((9, 9, 9), 20, 50), red, 40, scale, at)
    ys, xs = np.nonzero((pasted == [200, 0, 0]).all(-1))
    long, short = round(scale * 40), max(1, round(scale * 40 * min(h, w) / max(h, w)))
    box = (np.ptp(ys) + 1, np.ptp(xs) + 1)
    assert box == ((long, short) if h >= w else (short, long))  # not squeezed
    assert len(ys) == long * short  # nothing cut off
    corner = tuple(round(share * (40 - side)) for share, side in zip(at[::-1], box, strict=True))
    assert (ys.min(), xs.min()) == corner


def test_a_square_is_the_centre():
    image = flat((1, 2, 3), 6, 10)
    image[:, 2:8] = (50, 60, 70)
    assert (np.asarray(cut_out(image))[..., :3] == (50, 60, 70)).all()


def test_masks_of_any_kind_of_emptiness_are_refused():
    with pytest.raises(ValueError, match="mask is empty"):
        cut_out(flat((1, 1, 1)), np.full((8, 8), 0.3))
    with pytest.raises(ValueError, match="mask of shape"):
        cut_out(flat((1, 1, 1)), np.ones((8, 9)))


def test_a_mask_is_asked_for_only_where_the_recipe_cuts_out():
    row = plan_shift(["cow"], 1, Recipe(foreground="mask")).iloc[0].to_dict()
    with pytest.raises(ValueError, match="foreground='mask' of 'cow' needs masks"):
        initial_picture(row, (coloured, black), 8)

    def masked(row):
        return flat((200, 0, 0)), np.eye(8)

    whole = initial_picture(row | dict(foreground="square"), (masked, black), 40)
    cut = initial_picture(row, (masked, black), 40)
    assert (whole[..., 0] == 200).sum() == 16 * 16
    assert 0 < (cut[..., 0] > 100).sum() < 16 * 16
