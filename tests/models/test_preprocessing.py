"Pixels and preprocessing: layouts, dialects of configs, and gradients that pass."

import numpy as np
import pytest
import torch

from spurious_core.models.preprocessing import (
    Preprocess,
    as_pixels,
    read_preprocess,
    sample_windows,
    write_preprocess,
)

HALF = dict(image_mean=[0.5] * 3, image_std=[0.5] * 3)
PICTURES = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8)


def test_uint8_becomes_floats_in_the_other_layout():
    pixels = as_pixels(PICTURES)
    assert pixels.shape == (3, 3, 8, 8)
    assert pixels.dtype == torch.float32
    assert torch.equal(pixels, torch.from_numpy(PICTURES).permute(0, 3, 1, 2).float() / 255)
    assert torch.equal(as_pixels(torch.from_numpy(PICTURES)), pixels)
    assert as_pixels(pixels) is pixels
    assert as_pixels(PICTURES, dtype=torch.bfloat16).dtype == torch.bfloat16


@pytest.mark.parametrize(
    "bad", [PICTURES[0], PICTURES.astype(float), np.zeros((2, 3, 8, 8), np.uint8), torch.zeros(2, 8, 8, 3)]
)
def test_other_layouts_and_types_are_refused(bad):
    with pytest.raises(ValueError, match="images have shape"):
        as_pixels(bad)


VIT = dict(image_processor_type="ViTImageProcessor")
CONVNEXT = dict(image_processor_type="ConvNextImageProcessor")
CLIP = dict(image_processor_type="CLIPImageProcessor", do_center_crop=True)
DEIT = dict(image_processor_type="DeiTImageProcessor", do_center_crop=True)


@pytest.mark.parametrize(
    "config, size, crop",
    [
        (VIT | dict(size=dict(height=32, width=40)), (32, 40), None),
        (dict(feature_extractor_type="ViTFeatureExtractor", size=224), (224, 224), None),
        (CONVNEXT | dict(size=dict(shortest_edge=224), crop_pct=0.875), 256, 224),
        (CONVNEXT | dict(size=dict(shortest_edge=384)), (384, 384), None),
        (CLIP | dict(size=dict(shortest_edge=256), crop_size=dict(height=224, width=224)), 256, 224),
        (DEIT | dict(size=dict(height=256, width=256), crop_size=224), (256, 256), 224),
        (VIT | dict(do_resize=False), None, None),
    ],
)
def test_dialects_of_preprocessing(config, size, crop):
    preprocess = read_preprocess(config | HALF)
    assert (preprocess.size, preprocess.crop) == (size, crop)


def test_no_normalisation_means_none():
    preprocess = read_preprocess(VIT | dict(size=8, do_normalize=False))
    assert preprocess.mean == (0.0, 0.0, 0.0)
    assert preprocess.std == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(),
        Preprocess((32, 40), bicubic=True),
        Preprocess(256, 224, (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)),
        Preprocess(crop=8),
    ],
)
def test_what_is_written_is_read(preprocess):
    assert read_preprocess(write_preprocess(preprocess)) == preprocess


def test_a_crop_larger_than_the_picture():
    with pytest.raises(ValueError, match="cannot crop 99"):
        Preprocess(crop=99)(torch.rand(1, 3, 64, 64))


@pytest.mark.parametrize(
    "bad",
    [
        dict(mean=(0.5,)),
        dict(std=(1.0, 0.0, 1.0)),
        dict(mean="abc"),
        dict(mean=3),
        dict(mean=(float("nan"), 0, 0)),
        dict(std=(1.0, 1.0, float("inf"))),
        dict(size=0),
        dict(size=-5),
        dict(size=float("nan")),
        dict(size="224"),
        dict(size=(224, 0)),
        dict(size=(224, 224, 3)),
        dict(crop=-1),
        dict(crop=1.5),
        dict(bicubic="no"),
    ],
    ids=str,
)
def test_bad_settings(bad):
    with pytest.raises(ValueError, match=f"{list(bad)[0]}="):
        Preprocess(**bad)


def test_the_shorter_edge_and_the_centre():
    x = torch.zeros(1, 3, 40, 80)
    x[..., 36:44] = 1
    out = Preprocess(20, 20, mean=(0.0,) * 3, std=(1.0,) * 3)(x)
    assert out.shape == (1, 3, 20, 20)
    assert torch.equal(out, out.flip(-1))
    assert out[..., 9:11].min() > 0.9


def test_gradient_reaches_pixels_out_of_range():
    x = (torch.rand(2, 3, 64, 64) * 3 - 1).requires_grad_(True)
    Preprocess(48, 32)(x).sum().backward()
    assert (x.grad[..., 12:52, 12:52] > 0).all()


def test_windows_show_a_part_at_the_pictures_size_and_pass_gradients():
    pixels = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    whole, left = torch.eye(2, 3), torch.tensor([[0.5, 0, -0.5], [0, 1, 0]])
    seen = sample_windows(pixels, torch.stack([whole, left]))
    torch.testing.assert_close(seen[0], pixels[0])
    seen[1].sum().backward()
    assert (pixels.grad[0] == 0).all() and (pixels.grad[1, :, :, 5:] == 0).all()
    assert (pixels.grad[1, :, :, :4] > 0).all()
