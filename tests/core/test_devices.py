"Devices and precisions by name."

import os

import pytest
import torch

from spurious_core.core.devices import PRECISIONS, cpu_multiplies_in_bf16, dtype_of, pick_device, usable_cores


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


@pytest.mark.parametrize("avx512", [False, True])
@pytest.mark.parametrize("amx", [False, True])
def test_bfloat16_is_for_cpus_that_have_it(monkeypatch, avx512, amx):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert cpu_multiplies_in_bf16() == (avx512 or amx)


def test_usable_cores_are_those_left_to_the_process_and_all_where_nothing_says(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3}, raising=False)
    assert usable_cores() == 2
    monkeypatch.delattr(os, "sched_getaffinity")  # as on macOS
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert usable_cores() == 8
