"A trial must not read what another one has fitted, and start on a device that is there."

from dataclasses import replace

import numpy as np
import pytest
import torch

from spurious_core.core.devices import pick_device
from spurious_core.core.settings import load_profile
from spurious_core.mitigate.networks import small_resnet
from spurious_core.models.classifier import Classifier
from spurious_core.models.loading import save_classifier
from spurious_core.papers.mitigation.planning import (
    BenchmarkSource,
)
from spurious_core.papers.mitigation.trials import Protocol, run_trial

SOURCE = BenchmarkSource("imagefolder", "/data")


def test_a_trial_is_read_again_and_other_settings_start_afresh(sets, tmp_path):
    protocol = Protocol(tmp_path, device="cpu")
    report, seconds = run_trial(protocol, SOURCE, sets, "ERM", 3, epochs=1)
    (file,) = tmp_path.iterdir()
    assert file.name.startswith("imagefolder.3.ERM.") and file.suffix == ".safetensors"
    before = file.stat().st_mtime_ns
    again, same_seconds = run_trial(protocol, SOURCE, sets, "ERM", 3, epochs=1)
    assert file.stat().st_mtime_ns == before
    assert (again.metrics()["wga"], same_seconds) == (report.metrics()["wga"], seconds)
    run_trial(replace(protocol, selection="average"), SOURCE, sets, "ERM", 3, epochs=1)
    run_trial(protocol, SOURCE, sets, "ERM", 3, epochs=2)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_damaged_trial_is_fitted_again_and_replaced_weights_are_another_start(sets, tmp_path):
    torch.manual_seed(0)
    networks = [small_resnet(["no", "yes"], (4, 8)) for _ in range(2)]
    start = save_classifier(networks[0], tmp_path / "net")
    protocol = Protocol(tmp_path / "fits", str(start), device="cpu")
    protocol.folder.mkdir()
    report, _ = run_trial(protocol, SOURCE, sets, "ERM", 3, epochs=1)
    (file,) = protocol.folder.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    with pytest.warns(UserWarning, match="is damaged"):
        again, _ = run_trial(protocol, SOURCE, sets, "ERM", 3, epochs=1)
    assert again.metrics() == report.metrics()
    save_classifier(networks[1], tmp_path / "net")
    run_trial(protocol, SOURCE, sets, "ERM", 3, epochs=1)
    assert len(list(protocol.folder.iterdir())) == 2


def test_what_a_kill_left_of_a_finished_fit_is_removed(sets, tmp_path):
    protocol = Protocol(tmp_path, device="cpu")
    run_trial(protocol, SOURCE, sets, "ERM", 3, epochs=1)
    (file,) = tmp_path.iterdir()
    file.with_suffix("").mkdir()
    (file.with_suffix("") / "kept.erm.safetensors").write_text("large")
    run_trial(protocol, SOURCE, sets, "ERM", 3, epochs=1)
    assert list(tmp_path.iterdir()) == [file]


def test_a_report_names_the_datas_own_groups(sets, tmp_path):
    report, _ = run_trial(Protocol(tmp_path, device="cpu"), SOURCE, sets, "ERM", 0, epochs=1)
    assert report.table.group.tolist() == ["cat, sofa", "cat, bench", "dog, sofa", "dog, bench"]
    assert report.table.train.tolist() == [20, 4, 4, 20]
    assert report.table.n.tolist() == [10] * 4


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_backbone_is_loaded_on_a_device_that_is_there(device, tmp_path):
    torch.manual_seed(0)
    saved = small_resnet(["no", "yes"], (4, 8))
    start = Protocol(tmp_path, str(save_classifier(saved, tmp_path / "net")), device=device).start(
        ["cat", "dog"]
    )
    assert isinstance(start, Classifier)
    assert start.head_weight.device.type == pick_device(device).type
    assert torch.allclose(start.head_weight.cpu(), saved.head_weight, atol=1e-3)


def test_a_trial_may_start_from_a_backbone_of_other_classes(sets, tmp_path):
    folder = save_classifier(small_resnet(["a", "b", "c"], (4, 8)), tmp_path / "net")
    protocol = Protocol(tmp_path / "fits", str(folder), device=load_profile("mini").device)
    protocol.folder.mkdir()
    report, _ = run_trial(protocol, SOURCE, sets, "ERM", 0, epochs=1)
    assert np.isfinite(report.wga)
