"Presets change how a recipe is computed, never what it gives."

import importlib.util

import pytest

from spurious_core.diffusion.training import memory_presets
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.memory_presets import (
    MEMORY_PRESETS,
    held_gb,
    memory_preset,
    preset_for,
    preset_table,
)


@pytest.mark.parametrize("gigabytes", MEMORY_PRESETS)
@pytest.mark.parametrize("batch", [1, 4, 6, 7])
def test_pictures_a_step_are_kept(gigabytes, batch):
    fields = memory_preset(gigabytes, batch=batch)
    assert fields["batch_size"] * fields["accumulation"] == batch
    assert fields["batch_size"] <= preset_for(gigabytes).images
    assert PersonalizeConfig(**fields).optimizer == "adamw"


def test_the_largest_preset_that_fits():
    assert preset_for(40) == MEMORY_PRESETS[24]
    assert preset_for(23.5) == MEMORY_PRESETS[24]
    with pytest.raises(
        ValueError, match="8 GB is less than the smallest preset; there are 12, 16, 24, 80 GB"
    ):
        preset_for(8)


def test_full_dreambooth_says_where_it_fits():
    with pytest.raises(ValueError, match="with bitsandbytes"):
        memory_preset(16, "dreambooth")
    with pytest.raises(ValueError, match=r"take \d+\.\d GB; a LoRA fits"):
        memory_preset(12, "dreambooth", eight_bit=True)
    assert memory_preset(16, "dreambooth", eight_bit=True)["optimizer"] == "adamw8bit"
    large = memory_preset(80, "dreambooth", batch=8, eight_bit=True)
    assert (large["optimizer"], large["batch_size"]) == ("adamw", 4)


def test_arithmetic():
    assert held_gb("lora") == held_gb("textual_inversion") == held_gb("lora", "adamw8bit")
    assert held_gb("dreambooth") - held_gb("dreambooth", "adamw8bit") == pytest.approx(6 * 0.860)


def test_batches_are_whole():
    with pytest.raises(ValueError, match="batch=0 must be at least 1"):
        memory_preset(24, batch=0)


def test_the_table_has_a_reason_for_every_row():
    table = preset_table(method="dreambooth")
    assert table.columns.tolist() == ["12 GB", "16 GB", "24 GB", "80 GB", "why"]
    assert (table["12 GB"] == "–").all()
    assert not table.isna().any(axis=None)
    assert {*table.index} == {*memory_preset(24), "tiny_decoder"}


def test_whether_bitsandbytes_is_there():
    assert memory_presets.has_eight_bit() == (importlib.util.find_spec("bitsandbytes") is not None)
