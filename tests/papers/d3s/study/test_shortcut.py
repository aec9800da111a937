"The task of the study, rendered or from drawn pictures, and the network that is trained on it."

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from spurious_core.data.worlds import get_world
from spurious_core.papers.d3s.study.shortcut import (
    ShortcutTask,
    plain_network,
    plain_training,
    shortcut_task,
    task_accuracy,
    task_pool,
    task_sheet,
    untrained_network,
)
from spurious_core.papers.d3s.study.study_plans import D3SPlan
from support.d3s import LABELS, N_SCENES, pictures

PLAN = D3SPlan(1, 3, 4, None, 2, 1, updates=7, task=600, share=0.8)
NAMES = ["boat", "car", "house"]


def study_of(folder, world="d3s", own_data=None, labels=NAMES):
    inputs = SimpleNamespace(world=get_world(world) if world else None, pictures=own_data)
    common = dict(plan=PLAN, size=64, device="cpu", folder=folder)
    return SimpleNamespace(inputs=inputs, labels=labels, **common)


@pytest.mark.slow
def test_the_rule_holds_as_often_as_the_plan_says_and_never_in_the_test(tmp_path):
    study = study_of(tmp_path)
    task = shortcut_task(study, None, 1)
    usual = [np.bincount(task.train.a[task.train.y == y]).argmax() for y in range(3)]
    assert (task.train.a == np.array(usual)[task.train.y]).mean() == pytest.approx(0.8, abs=0.03)
    assert not (task.test.a == np.array(usual)[task.test.y]).any()
    pure = shortcut_task(study, None, 1, share=1.0)
    assert (pure.train.a == np.array(usual)[pure.train.y]).all()
    assert (pure.test.images() == task.test.images()).all()
    assert len(task_sheet(task).axes[0].texts) == 2 + 3


@pytest.mark.slow
def test_faint_objects_are_hard_to_see(tmp_path):
    study = study_of(tmp_path)
    faint = task_pool(study, None, "train", 0, faint=1.0)
    assert faint.manifest.opacity.between(0.2, 0.4).all()
    assert (task_pool(study, None, "train", 0).manifest.opacity == 1).all()
    assert faint.labels == NAMES


def test_without_a_renderer_the_task_is_of_pictures_that_disentangling_does_not_see(tmp_path):
    drawn = pictures(400)
    splits = np.array(["train", "val", "test", "test"])[np.arange(400) // 20 % 4]
    drawn.manifest = drawn.manifest.assign(kept=True, split=splits)
    task = shortcut_task(study_of(tmp_path, world=None), drawn, 0)
    assert set(task.train.manifest.split) == {"val"}
    assert set(task.test.manifest.split) == {"test"}
    assert len(np.unique(task.train.group)) == len(LABELS) < N_SCENES  # share is 1: no exceptions


def test_networks_follow_from_their_seed_and_own_pictures_are_learned_where_there_are_any(tmp_path):
    own_data = pictures(80)
    study = study_of(tmp_path, world=None, own_data=own_data, labels=LABELS)
    nets = [untrained_network(study, seed).state_dict() for seed in (0, 0, 1)]
    assert all(torch.equal(nets[0][name], nets[1][name]) for name in nets[0])
    assert any(not torch.equal(nets[0][name], nets[2][name]) for name in nets[0])
    assert [plain_training(study, n).epochs for n in (64, 65, 1000)] == [7, 4, 1]  # of 1, 2 and 16 batches
    network = plain_network(study, None, 0)
    assert network.labels == LABELS
    assert not torch.equal(network.head.weight, untrained_network(study, 0).head.weight)


def test_accuracy_is_of_each_seeds_own_test():
    class Says:
        def probs(self, images):
            return torch.eye(4)[torch.zeros(len(images), dtype=int)]

    data = pictures(40)
    tasks = {0: ShortcutTask(data, data.subset(data.y == 0)), 1: ShortcutTask(data, data)}
    table = task_accuracy({0: Says(), 1: Says()}, tasks)
    assert table.value.tolist() == [1, 0.25]
    assert table.n.tolist() == [10, 40]
