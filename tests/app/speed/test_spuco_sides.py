"The loop of SpuCo is sent to another Python with network and pictures; a stand-in checks what arrives."

import sys

import numpy as np
import pytest

from spurious_core.app.speed.spuco_sides import (
    check_peers,
    check_speed,
    peer_versions,
    run_elsewhere,
    spuco_side,
)
from spurious_core.data.rendered import world_images
from spurious_core.data.worlds import get_world

STAND_IN = """
import time
import torch

clock = [0.0]
time.perf_counter = lambda: clock[0]

class ERM:
    def __init__(self, model, trainset, batch_size, optimizer, num_epochs):
        self.model, self.data, self.batch, self.epochs = model, trainset, batch_size, num_epochs
        assert sum(p.numel() for group in optimizer.param_groups for p in group["params"]) > 1000

    def train(self):
        first = self.data[0]
        assert first[0].shape == (3, 64, 64) and -1 <= first[0].min() < 0 < first[0].max() <= 1
        logits = self.model(torch.stack([self.data[i][0] for i in range(self.batch)]))
        assert logits.shape == (self.batch, 2) and len(self.data) == 24
        clock[0] += 0.24 * self.epochs

class GroupDRO(ERM):
    def train(self):
        rows = sorted(i for members in self.data.groups.values() for i in members)
        assert rows == list(range(24)) and set(self.data.groups) <= {(0, 0), (0, 1), (1, 0), (1, 1)}
        super().train()
"""
WRAPPER = """
class GroupLabeledDatasetWrapper:
    def __init__(self, dataset, groups):
        self.dataset, self.groups = dataset, groups
    def __getitem__(self, i):
        return self.dataset[i]
    def __len__(self):
        return len(self.dataset)
"""


@pytest.fixture
def birds():
    return world_images(get_world("waterbirds"), 24, "train", size=64)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    package = tmp_path / "elsewhere" / "spuco"
    package.mkdir(parents=True)
    for name, text in dict(__init__="", robust_train=STAND_IN, datasets=WRAPPER).items():
        (package / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(package.parent))


@pytest.mark.slow
def test_network_and_pictures_arrive_and_seconds_come_back(birds, stand_in, tmp_path):
    "GroupDRO's stand-in is a plain one that looks at groups as well."
    seconds = spuco_side(sys.executable, birds, tmp_path / "work", "GroupDRO", batch=8, epochs=2)(0)
    assert seconds == pytest.approx(0.01)  # 0.24 s an epoch of 24 pictures
    assert set(np.load(tmp_path / "work/pictures.npz")) == {"pixels", "y", "a"}


@pytest.mark.slow
def test_a_python_without_spuco_says_so(birds, tmp_path):
    with pytest.raises(RuntimeError, match="No module named 'spuco'"):
        spuco_side(sys.executable, birds, tmp_path / "work")(0)


def test_what_holds_in_this_python_only_is_not_handed_on(monkeypatch):
    "A kernel's backend of matplotlib is none in another environment."
    monkeypatch.setenv("MPLBACKEND", "module://of_a_kernel")
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    code = "import os; print(os.environ.get('MPLBACKEND'), os.environ['OMP_NUM_THREADS'])"
    assert run_elsewhere(sys.executable, code) == "None 3"


def test_the_last_line_counts():
    assert run_elsewhere(sys.executable, "print('a banner'); print(0.5)") == "0.5"
    assert set(peer_versions(sys.executable)) == {"diffusers", "torch"}


@pytest.mark.parametrize("name", ["peer_script", "peer_python"])
def test_what_is_not_there_is_refused_at_once(name):
    given = dict(budget="smoke", profile="mini", folder="", peer_script="", peer_python="")
    with pytest.raises(FileNotFoundError, match=f"{name}=/no/such does not exist"):
        check_speed(**given | {name: "/no/such"})


def test_a_python_can_be_executed(tmp_path):
    (tmp_path / "python").touch(mode=0o644)
    with pytest.raises(ValueError, match="peer_python=.*python must be a Python, and can't be executed"):
        check_peers("", str(tmp_path / "python"))
    check_peers(str(tmp_path / "python"), sys.executable)
