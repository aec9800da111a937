"Random views come from their generator, and stay pictures."

import torch

from spurious_core.mitigate.objectives import CrossEntropy, random_views
from support.mitigation import Fixed, batch_of


def generator(seed):
    return torch.Generator().manual_seed(seed)


def test_a_view_depends_on_its_generator_alone():
    x = torch.rand(4, 3, 12, 12, generator=generator(0))
    assert torch.equal(random_views(x, generator(1)), random_views(x, generator(1)))
    assert not torch.equal(random_views(x, generator(1)), random_views(x, generator(2)))
    assert random_views(x, generator(1), "none") is x


def test_flips_are_flips_and_crops_keep_the_range():
    x = torch.rand(16, 3, 12, 12, generator=generator(0))
    views = random_views(x, generator(3), "flip")
    kept = [torch.allclose(view, image, atol=1e-5) for view, image in zip(views, x, strict=True)]
    flipped = [torch.allclose(view, image.flip(-1), atol=1e-5) for view, image in zip(views, x, strict=True)]
    assert 0 < sum(kept) < 16 and sum(kept) + sum(flipped) == 16
    crops = random_views(x, generator(3), "crop", smallest=0.5)
    assert crops.shape == x.shape and crops.min() >= 0 and crops.max() <= 1


def test_cross_entropy_is_the_mean_over_the_batch():
    objective = CrossEntropy(Fixed([[0.0, 0.0], [0.0, 0.0]]))
    assert torch.isclose(objective(batch_of([0, 1], [0, 1])), torch.tensor(2.0).log())
