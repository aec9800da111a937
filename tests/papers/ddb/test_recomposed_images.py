"New classes, and what is kept of each recomposed picture."

import numpy as np
import pytest

from spurious_core.papers.ddb.recomposed_images import Recomposed, other_classes, recomposition_plan
from support.ddb import DATA, middle, painted


@pytest.mark.parametrize("k", [2, 3, 5])
def test_every_class_goes_to_all_others_equally_often(k):
    y = np.random.default_rng(0).integers(0, k, 200)
    new = other_classes(y, k)
    assert (new != y).all()
    assert (new.min(), new.max()) == (0, k - 1)
    for label in range(k):
        counts = np.bincount(new[y == label], minlength=k)
        assert counts[label] == 0
        assert np.ptp(np.delete(counts, label)) <= 1


@pytest.mark.parametrize("y, n_classes", [([0, 0], 1), ([0, 2], 2), ([-1, 0], 2)])
def test_classes_out_of_range_are_refused(y, n_classes):
    with pytest.raises(ValueError, match="expected at least two, and y below it"):
        other_classes(y, n_classes)


def test_a_plan_has_the_new_class_and_leaves_out_what_was_not_found():
    masks = middle(4)
    masks[2] = 0
    with pytest.warns(UserWarning, match="in 1 of 4 images"):
        table, kept = recomposition_plan(DATA, [5, 6, 7, 8], masks)
    rows = np.array([5, 6, 8])
    assert table.origin.tolist() == rows.tolist()
    assert (table.y_was == DATA.y[rows]).all() and (table.a == DATA.a[rows]).all()
    assert len(kept) == 3 and table.seed.nunique() == 3
    with pytest.raises(ValueError, match="4 masks for 2 rows"):
        recomposition_plan(DATA, [0, 1], masks)
    with pytest.raises(ValueError, match="no causal part was found in any of 2"):
        recomposition_plan(DATA, [0, 1], 0 * masks[:2])


def test_a_seed_is_of_the_row_alone():
    whole, _ = recomposition_plan(DATA, [3, 4, 5], middle(3), seed=1)
    single, _ = recomposition_plan(DATA, [4], middle(1), seed=1)
    other, _ = recomposition_plan(DATA, [4], middle(1), seed=2)
    assert single.seed[0] == whole.seed[1] != other.seed[0]


def test_a_subset_is_of_all_parts():
    recomposed = painted([(0, 200, 0), (0, 0, 200), (9, 9, 9)])
    few = recomposed.subset([2, 0])
    assert isinstance(few, Recomposed) and len(few) == 2
    assert few.table.origin.tolist() == [2, 0] and few.table.index.tolist() == [0, 1]
    assert (few.images == recomposed.images[[2, 0]]).all()
    assert len(recomposed.subset(np.array([True, False, True]))) == 2


def test_the_first_pictures_are_shown_in_three_rows():
    fig = painted([(0, 200, 0)] * 5).show(3, titles=list("abcde"))
    texts = [text.get_text() for text in fig.axes[0].texts]
    assert set(texts) == {"a", "b", "c", "picture", "causal part", "recomposed"}
