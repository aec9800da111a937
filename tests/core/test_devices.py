"Devices and precisions by name."

import pytest
import torch

from spurious_core.core.devices import PRECISIONS, dtype_of, pick_device


def test_device_and_dtype():
    assert pick_device("cpu") == torch.device("cpu") and pick_device().type in ("cpu", "mps", "cuda")
    with pytest.raises(ValueError, match="there is: auto, cpu"):
        pick_device("cuda:99")
    with pytest.raises(ValueError, match="fp32, bf16, fp16"):
        dtype_of("half")
    assert [dtype_of(p) for p in PRECISIONS] == [torch.float32, torch.bfloat16, torch.float16]


def test_processes_get_a_gpu_each(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [pick_device(n) for n in ("auto", "cuda", "cuda:1")] == [
        torch.device("cuda"),
        torch.device("cuda"),
        torch.device("cuda:1"),
    ]
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert [pick_device(n) for n in ("auto", "cuda", "cuda:0")] == [
        torch.device("cuda:1"),
        torch.device("cuda:1"),
        torch.device("cuda:0"),
    ]
