"Sizes fit together: what one network gives, the next one takes."

import pytest

from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.core.devices import PRECISIONS

ALL = pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)


@ALL
def test_the_unet_attends_to_the_text_encoder(size):
    assert size.unet["cross_attention_dim"] == size.text["hidden_size"]


@ALL
def test_pictures_are_whole_cells_of_the_latent_image(size):
    cell = 2 ** (len(size.vae["block_out_channels"]) - 1)
    assert size.resolution % cell == 0
    if size.tiny:
        assert len(size.tiny["decoder_block_out_channels"]) == len(size.vae["block_out_channels"])


@ALL
def test_precision_jury_and_vocabulary(size):
    assert size.precision in PRECISIONS
    assert list(size.jury) == ["resnet", "convnextv2", "vit", "swin"]
    assert size.words >= 1200  # all words of the worlds are below


def test_small_has_what_finds_mistakes():
    assert (SIZES["small"].classes, SIZES["small"].resolution) == (SIZES["sd15"].classes, 128)
    assert SIZES["small"].unet == SIZES["tiny"].unet
