"Masks as geometry."

import numpy as np
import pytest

from spurious_core.models.masks import binary, feather, found, grow, iou, overlay

RNG = np.random.default_rng(0)


IMAGES = RNG.integers(0, 256, (5, 24, 32, 3), dtype=np.uint8)


PHRASES = ["a lamp", "boats", "a lamp", "the background of a long phrase", "boats"]


def test_grow_and_feather_measure_distance():
    m = np.zeros((2, 21, 21), bool)
    m[0, 10, 10] = True
    y, x = np.mgrid[:21, :21]
    d = np.hypot(y - 10, x - 10)
    assert (grow(m, 4)[0] == (d <= 4)).all()
    assert (grow(m, 0) == m).all()
    f = feather(m, 3)[0]
    assert f.dtype == np.float32
    assert f[10, 10] == 1
    assert np.allclose(f[10, 10:15], [1, 0.75, 0.5, 0.25, 0])
    assert (f[d >= 4] == 0).all()
    assert (feather(m, 0) == m).all()


def test_an_empty_mask_is_a_result():
    m = np.zeros((3, 16, 16), np.float32)
    m[1, 4:9, 4:9] = 0.9
    m[2, 0, 0] = 1
    assert found(m).tolist() == [False, True, True]
    assert found(m, min_share=0.01).tolist() == [False, True, False]
    assert not grow(m, 5)[0].any()
    assert feather(m, 5)[0].max() == 0
    assert np.isnan(iou(m, m)).tolist() == [True, False, False]
    assert iou(m[0], m[1]) == 0
    assert grow(m[:0], 2).shape == feather(m[:0], 2).shape == (0, 16, 16)


def test_kinds_of_masks_agree():
    soft = RNG.random((2, 8, 8)).astype(np.float32)
    assert (binary(soft) == (soft >= 0.5)).all()
    assert (binary(soft > 0.3) == (soft > 0.3)).all()
    assert (binary(np.full((2, 2), 128, np.uint8))).all()
    assert (grow(soft, 1) == grow(soft >= 0.5, 1)).all()
    assert iou(soft, soft).tolist() == [1, 1]
    half = np.zeros((1, 4, 4), bool)
    half[:, :2] = True
    rest = np.ones((1, 4, 4), bool)
    assert iou(half, rest)[0] == 0.5
    red = overlay(np.zeros((1, 4, 4, 3), np.uint8), half, (200, 0, 0), 0.5)
    assert (red[0, :2] == [100, 0, 0]).all()
    assert not red[0, 2:].any()


@pytest.mark.parametrize(
    "bad, why",
    [
        (lambda: binary(np.ones((4, 4)) * 2), r"floats in \[2, 2\]"),
        (lambda: binary(np.ones(4)), "shape"),
        (lambda: binary(np.ones((4, 4)), 0.0), "threshold=0"),
        (lambda: grow(np.ones((4, 4)), -1), "pixels=-1"),
        (lambda: feather(np.ones((4, 4)), -1), "pixels=-1"),
        (lambda: binary(np.full((4, 4), 256)), r"int64 in \[256, 256\]"),
        (lambda: iou(np.ones((4, 4)), np.ones((5, 4))), "shapes"),
        (lambda: overlay(IMAGES, np.ones((5, 4, 4))), "masks of shape"),
    ],
)
def test_bad_masks_are_named(bad, why):
    with pytest.raises(ValueError, match=why):
        bad()
