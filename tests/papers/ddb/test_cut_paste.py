"Recomposition without diffusion."

import numpy as np
import pytest

from spurious_core.papers.ddb.cut_paste import cut_and_paste, filled
from support.ddb import DATA, middle


def test_cut_and_paste_shows_the_other_class_at_the_same_place():
    rows = np.r_[np.flatnonzero(DATA.group == 0)[:4], np.flatnonzero(DATA.group == 3)[:4]]
    masks = middle(8)
    pasted = cut_and_paste(DATA, rows, masks, edge=0.0)
    red = pasted.images[:, 6:10, 6:10, 0].mean((1, 2))
    assert ((red > 80) == (pasted.table.y == 1)).all()
    blue_before = (DATA.images(rows)[masks == 0][:, 2] > 80).mean()
    blue_after = (pasted.images[masks == 0][:, 2] > 80).mean()
    assert blue_after == pytest.approx(blue_before, abs=0.03)
    with pytest.raises(ValueError, match="no image of class 'yes'"):
        cut_and_paste(DATA, rows[:4], masks[:4])


def test_a_hole_takes_the_colour_of_what_surrounds_it():
    image = np.full((1, 16, 16, 3), 90, np.uint8)
    image[0, 6:10, 6:10] = 250
    assert (filled(image, middle(1)) == 90).all()
    with pytest.raises(ValueError, match="covers the whole picture"):
        filled(image, np.ones((1, 16, 16)))
