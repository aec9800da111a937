"One accelerator a training, whatever the process has trained before."

import pytest
import torch

from spurious_core.core.accelerators import accelerator, kept_state

CPU = torch.device("cpu")


def test_a_second_training_gets_its_own_precision():
    assert [accelerator(CPU, p).mixed_precision for p in ("fp32", "bf16", "fp32")] == ["no", "bf16", "no"]


def test_options_reach_accelerate_and_bad_precisions_do_not():
    assert accelerator(CPU, device_placement=False).device_placement is False
    with pytest.raises(ValueError, match="precision='fp8' is unknown; allowed: fp32, bf16, fp16"):
        accelerator(CPU, "fp8")


def test_an_accelerator_that_somebody_holds_is_the_same_afterwards():
    held = accelerator(CPU, "bf16")
    with kept_state():
        assert accelerator(CPU).mixed_precision == "no"
    assert (held.mixed_precision, held.device.type) == ("bf16", "cpu")
