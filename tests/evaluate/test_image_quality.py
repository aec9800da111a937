"Diversity, copies, plausibility: each test breaks if one way to cheat is no longer seen."

import tracemalloc

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_distances
from sklearn.preprocessing import normalize

from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.evaluate.image_quality import (
    _nearest,
    _resampled_distances,
    diversity,
    embed,
    in_distribution,
    memorisation,
)
from spurious_core.evaluate.intervals import wilson
from support.colours import DIM, GREEN, Colour, flat
from support.memory import peak_of

torch.set_num_threads(1)
WORLD = get_world("imagenet_like")
EYE = Colour("eye")


def empty(split, n):
    return draw(sample(WORLD, n, split, object_free=1.0))


def test_diversity_is_the_mean_pairwise_distance():
    features = np.random.default_rng(0).normal(size=(30, 6))
    value, lo, hi = diversity(features)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    distances = 1 - unit @ unit.T
    assert abs(value - distances[np.triu_indices(30, 1)].mean()) < 1e-12
    assert lo < value < hi
    assert np.allclose(diversity(features[::-1]), (value, lo, hi))
    with pytest.raises(ValueError, match="two"):
        diversity(features[:1])
    with pytest.raises(ValueError, match="clf="):
        diversity(flat(DIM, GREEN))


def test_diversity_of_many_images_takes_no_table_of_pairs():
    n = 2500
    features = np.random.default_rng(0).normal(size=(n, 8)) + 1
    (value, lo, hi), peak = peak_of(diversity, features, n_boot=1000)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    distances = 1 - unit @ unit.T
    assert value == pytest.approx((distances.sum() - np.trace(distances)) / (n * (n - 1)), abs=1e-12)
    assert lo < value < hi
    assert peak < distances.nbytes / 5


def test_resampled_diversity_is_that_of_all_pairs():
    "Each bootstrap sample, the slow way: the distances of all pairs of images that differ."
    unit = normalize(np.random.default_rng(0).normal(size=(40, 5)))
    samples = np.random.default_rng(3).multinomial(40, np.full(40, 1 / 40), size=200)
    distances = cosine_distances(unit)
    expected = [draws @ distances @ draws / (40**2 - (draws**2).sum()) for draws in samples]
    np.testing.assert_allclose(_resampled_distances(unit, 200, 3), expected, rtol=0, atol=1e-12)


def test_images_that_are_all_alike_still_leave_doubt():
    features = np.random.default_rng(0).normal(size=(1, 6))
    value, lo, hi = diversity(np.repeat(features, 9, 0))
    assert value == pytest.approx(0, abs=1e-9)
    assert lo == pytest.approx(0, abs=1e-9)
    assert hi == pytest.approx(2 * wilson(0, 4)[2])  # four pairs without a common image
    assert np.isnan(diversity(np.repeat(features, 4, 0))[1:]).all()


def test_the_diversity_interval_is_centred_on_the_value():
    "Counting an image that was drawn twice as a pair with itself would shift every interval downwards."
    rng = np.random.default_rng(0)

    def drawn(n):
        "Half of the images alike."
        return rng.normal(size=(n, 5)) * rng.choice((0.3, 3), size=(n, 1)) + np.eye(5)[0]

    truth = diversity(drawn(3000), n_boot=2)[0]
    lo, hi = np.transpose([diversity(drawn(16))[1:] for _ in range(300)])
    below, above = (hi < truth).mean(), (lo > truth).mean()
    assert below + above < 0.1, (below, above)
    assert below < 0.06, (below, above)


def test_embed_is_batched_and_takes_both_kinds():
    images = empty("e", 9)
    as_tensor = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    assert embed(images, EYE).shape == (9, 48)
    assert np.allclose(embed(images, EYE, batch=2), embed(as_tensor, EYE))


def test_copies_are_memorised_and_new_images_are_not():
    references, fresh = empty("refs", 12), empty("fresh", 150)
    darker = (references * 0.97).astype(np.uint8)
    tried = np.concatenate([darker[::-1], empty("new", 60)])
    found = memorisation(tried, references, fresh, EYE)
    assert found.memorised[:12].all()
    assert found.memorised[12:].mean() < 0.1
    assert found.nearest[:12].tolist() == list(range(12))[::-1]
    assert (found.pixel_distance[:12] < 0.03).all()
    shuffled = memorisation(darker, references[::-1], fresh[::-1], EYE)
    assert shuffled.memorised.all()
    assert shuffled.nearest.tolist() == list(range(12))[::-1]


def test_memorisation_at_full_size_is_exact_and_small():
    "All pairs of pixels at once once took 3 GB for sixty pictures of 512 x 512."
    fresh = np.random.default_rng(0).integers(0, 256, (60, 256, 256, 3), dtype=np.uint8)
    references, images = fresh[:6].copy(), fresh[20:22]
    references[:, :128] = 0
    tracemalloc.start()
    found = memorisation(images, references, fresh, EYE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    squares = (images[:, None] / 255 - references[None] / 255) ** 2
    distances = np.sqrt(squares.mean((2, 3, 4)))
    assert (found.nearest == distances.argmin(1)).all()
    np.testing.assert_allclose(found.pixel_distance, distances.min(1), rtol=1e-5)
    assert peak < 3 * fresh.nbytes, peak / fresh.nbytes


def test_the_nearest_of_many_takes_no_table_of_pairs():
    rows, references = np.random.default_rng(0).normal(size=(2, 2500, 3)).astype(np.float32)
    (places, distances), peak = peak_of(_nearest, rows, references)
    all_pairs = cdist(rows, references)
    assert (places == all_pairs.argmin(1)).all()
    np.testing.assert_allclose(distances, all_pairs.min(1), rtol=1e-4)
    assert peak < 4 * len(rows) * len(references) / 10  # bytes of the table in float32


def test_memorisation_refuses():
    references, fresh = empty("refs", 4), empty("fresh", 30)
    for args, match in (
        ((references[:0], references, fresh), "no images"),
        ((references, references[:0], fresh), "no images"),
        ((references, references, fresh[:5]), "calibrate"),
        ((references[:, :32], references, fresh), "different sizes"),
    ):
        with pytest.raises(ValueError, match=match):
            memorisation(*args, EYE)
    with pytest.raises(ValueError, match="quantile"):
        memorisation(references, references, fresh, EYE, quantile=0)


def test_in_distribution_keeps_its_promise_for_clusters_and_sees_outliers():
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 10, (5, 8))

    def clusters(n):
        return centres[rng.integers(0, 5, n)] + rng.normal(size=(n, 8))

    share = np.mean([in_distribution(clusters(100), clusters(200)).mean() for _ in range(40)])
    assert 0.94 < share < 0.975, share
    real = clusters(400)
    between = (centres[0] + centres[1:]) / 2  # between clusters: near the mean of one Gaussian
    assert not in_distribution(between, real).any()
    assert not in_distribution(clusters(50) + 8, real).any()
    x = clusters(50)
    assert (in_distribution(x[::-1], real[::-1]) == in_distribution(x, real)[::-1]).all()


def test_in_distribution_on_renders():
    real = empty("real", 200)
    assert in_distribution(empty("more", 100), real, EYE).mean() > 0.85
    assert in_distribution(255 - real[:50], real, EYE).mean() < 0.4
    with pytest.raises(ValueError, match="at least 60"):
        in_distribution(real, real[:20], EYE)
    with pytest.raises(ValueError, match="level"):
        in_distribution(real, real, EYE, level=1.0)
    with pytest.raises(ValueError, match="features have 3 columns, and those of real images 4; both must"):
        in_distribution(np.ones((5, 3)), np.ones((80, 4)))
