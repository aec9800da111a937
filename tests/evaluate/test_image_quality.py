"Diversity, copies, plausibility: each test breaks if one way to cheat is no longer seen."

import tracemalloc

import numpy as np
import pytest
import torch

from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.evaluate.image_quality import diversity, embed, in_distribution, memorisation
from support.colours import DIM, GREEN, Colour, flat

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
    assert np.allclose(diversity(np.repeat(features[:1], 9, 0)), 0, atol=1e-9)
    with pytest.raises(ValueError, match="two"):
        diversity(features[:1])
    with pytest.raises(ValueError, match="clf="):
        diversity(flat(DIM, GREEN))


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
