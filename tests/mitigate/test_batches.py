"Batches depend on their key and the epoch, and parts keep every group."

import threading

import numpy as np
import pytest

from spurious_core.mitigate.batches import (
    balanced_weights,
    halves,
    held_out,
    in_batches,
    prefetch,
    shuffled,
    subsample,
    weighted,
)


def test_shuffled_batches_hold_everything_once_in_an_order_of_their_epoch():
    batches = shuffled([3, 5, 7, 9, 11], 2, "key")
    assert sorted(np.concatenate(batches(0))) == [3, 5, 7, 9, 11]
    assert np.array_equal(np.concatenate(batches(2)), np.concatenate(shuffled([3, 5, 7, 9, 11], 2, "key")(2)))
    many = shuffled(100, 10, "key")
    assert not np.array_equal(np.concatenate(many(0)), np.concatenate(many(1)))


def test_no_batch_is_left_with_a_single_image():
    assert [len(part) for part in in_batches(range(33), 32)] == [17, 16]


@pytest.mark.parametrize("bad", [[0.0, 0.0], [1.0, -1.0], [1.0, float("nan")]])
def test_bad_weights_are_refused(bad):
    with pytest.raises(ValueError, match="finite, not negative, and not all zero"):
        weighted(bad, 2, "key")


def test_balanced_weights_are_one_over_the_size_of_the_group():
    assert balanced_weights([0, 0, 0, 2]).tolist() == pytest.approx([1 / 3] * 3 + [1])


def test_a_subsample_has_as_many_of_each_group_as_the_smallest():
    groups = np.repeat([0, 1, 5], [50, 3, 9])
    kept = subsample(groups, "key")
    assert np.bincount(groups[kept])[[0, 1, 5]].tolist() == [3, 3, 3]
    assert np.array_equal(kept, np.unique(kept))


def test_halves_and_held_out_parts_keep_every_group():
    groups = np.repeat([0, 1, 2], [50, 3, 2])
    first, second = halves(groups, 1)
    assert set(groups[first]) == set(groups[second]) == {0, 1, 2}
    assert not set(first) & set(second) and len(first) + len(second) == 55
    kept, held = held_out(np.repeat([0, 1], [50, 3]), 0.2, 1)
    assert len(held) == 12 and len(kept) == 41
    with pytest.raises(ValueError, match="group 3 has a single sample"):
        halves([0, 0, 3], 0)


def test_prefetched_items_come_in_order_and_only_a_few_ahead():
    started, lock = [], threading.Lock()

    def read(item):
        with lock:
            started.append(item)
        return 10 * item

    items = prefetch(read, range(20))
    assert [next(items), next(items)] == [0, 10]
    assert max(started) <= 4
    assert list(items) == [10 * item for item in range(2, 20)]
