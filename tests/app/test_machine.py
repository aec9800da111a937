"What the machine offers: each row says what is wanted and there, and whether it suffices."

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from spurious_core.app import machine
from spurious_core.app.machine import device_rows, disk_row, memory_row, readable_size, version_rows
from spurious_core.core.settings import load_profile

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def mini():
    return replace(load_profile("mini"), device="cpu", precision="fp32")


def test_sizes_are_readable():
    sizes = [readable_size(n) for n in (None, 12, 1e3, 2.5e6, 4.264e9)]
    assert sizes == ["unknown", "12 B", "1 kB", "2.5 MB", "4.26 GB"]


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_the_cpu_computes_in_any_precision(mini, precision):
    rows, device = device_rows(replace(mini, precision=precision))
    assert device == CPU
    assert [row.what for row in rows] == ["device", "precision"]
    assert all(row.fits for row in rows)
    assert "(no accelerator)" in rows[0].there
    assert ("slow" in rows[1].there) == (precision == "fp16")


def test_a_device_that_is_not_there(mini):
    rows, device = device_rows(replace(mini, device="cuda:9"))
    assert device is None
    assert not rows[0].fits
    assert "cuda:9" in rows[0].there


def test_a_device_that_computes_nonsense(mini, monkeypatch):
    monkeypatch.setattr(torch.nn.functional, "conv2d", lambda x, w: torch.zeros(1))
    rows, device = device_rows(mini)
    assert device is None
    assert "gave 0.0, not 512" in rows[0].there


def test_memory_grows_with_weights_and_pixels(mini, monkeypatch):
    free = SimpleNamespace(available=3 * 2**30, total=4 * 2**30)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: free)
    assert memory_row(pd.Series([1e6]), mini, CPU).fits
    assert not memory_row(pd.Series([3e9]), mini, CPU).fits
    large = replace(mini, resolution=512)
    assert not memory_row(pd.Series([1e6]), large, CPU).fits
    assert memory_row(pd.Series([1e6]), replace(large, precision="bf16"), CPU).fits
    assert memory_row(pd.Series([1e6, None]), mini, CPU).wanted.startswith("at least")


def test_the_disk_of_a_folder_that_does_not_exist(tmp_path):
    row = disk_row(pd.Series([1e18]), tmp_path / "no/such")
    assert not row.fits
    assert row.wanted == "about 1e+09 GB"
    assert disk_row(pd.Series(dtype=float), tmp_path).wanted == ""


def test_versions_old_and_absent(monkeypatch):
    assert {row.what: row.fits for row in version_rows()}["torch"]

    def old_or_absent(name):
        if name == "torch":
            raise machine.PackageNotFoundError(name)
        return "0.1" if name == "diffusers" else "99"

    monkeypatch.setattr(machine, "version", old_or_absent)
    rows = {row.what: row for row in version_rows()}
    assert (rows["diffusers"].there, rows["diffusers"].fits) == ("0.1", False)
    assert (rows["torch"].there, rows["torch"].fits) == ("not installed", False)
    assert "numpy" not in rows  # wanted at any version, and there
