"Surroundings are grouped without labels, and the middle of a picture has no say."

import numpy as np
import pytest
import torch

from spurious_core.find.margins import cover_centres, margin_groups


def test_the_middle_is_covered_and_the_margin_is_not():
    images = np.random.default_rng(0).integers(0, 256, (3, 20, 30, 3), np.uint8)
    covered = cover_centres(images, 0.5)
    assert (covered[:, :5] == images[:, :5]).all() and (covered[:, :, :7] == images[:, :, :7]).all()
    assert all(len(np.unique(picture[6:14, 9:21].reshape(-1, 3), axis=0)) == 1 for picture in covered)


def test_what_is_in_the_middle_makes_no_difference_but_for_the_mean():
    images = np.full((2, 20, 20, 3), 100, np.uint8)
    images[0, 8:12, 8:12] = 120
    images[0, 8:12, 8] = 40  # the mean stays about the same
    one, other = cover_centres(images).astype(int)
    assert np.abs(one - other).max() <= 1


@pytest.mark.parametrize("share", [0, 1, 1.5])
def test_a_share_that_covers_nothing_or_all_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        cover_centres(np.zeros((1, 8, 8, 3), np.uint8), share)


def test_groups_are_the_clusters_and_the_seed_repeats_them():
    rng = np.random.default_rng(1)
    place = np.arange(120) % 4
    features = torch.from_numpy(rng.normal(size=(120, 16)) + 8 * np.eye(16)[place])
    groups = margin_groups(features, (4, 8), seed=2)
    assert all(len(set(groups[4][place == p])) == 1 for p in range(4))
    assert len(set(groups[8])) == 8
    again = margin_groups(features, (4,), seed=2)
    assert (again[4] == groups[4]).all()


@pytest.mark.parametrize("wrong", [np.zeros((1, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8), [[1]]])
def test_what_are_no_pictures_is_refused(wrong):
    with pytest.raises(ValueError, match=r"images must be uint8 \[N, H, W, 3\]"):
        cover_centres(wrong)


def test_features_must_be_finite_and_any_seed_will_do():
    features = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 4)))
    assert (margin_groups(features, seed=2**40)[4] == margin_groups(features, seed=0)[4]).all()
    features[3, 1] = float("nan")
    with pytest.raises(ValueError, match="features"):
        margin_groups(features)
