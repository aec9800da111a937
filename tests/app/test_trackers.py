"A run's numbers, logged where asked."

import json
from importlib.util import find_spec

import pytest
from accelerate.tracking import GeneralTracker

from spurious_core.app import trackers
from spurious_core.app.metrics import Metrics
from spurious_core.app.trackers import check_tracker, log_run, tracked_numbers, tracked_parameters


class Kept(GeneralTracker):
    "Keeps what it gets."

    name, requires_logging_directory, main_process_only, tracker = "kept", False, False, None

    def store_init_configuration(self, values):
        self.params = values

    def log(self, values, step=None, **further):
        self.numbers = values


class Broken(Kept):
    def log(self, values, step=None, **further):
        raise RuntimeError("nobody is at home")


@pytest.fixture
def run(tmp_path):
    metrics = Metrics()
    metrics.add("wga.toy.ERM", 0.5, (0.4, 0.6), 100, "images")
    metrics.add("steps.toy.ERM", 3)
    metrics.save(tmp_path / "run")
    about = dict(study="toy", parameters=dict(seed=1, tags=["a"], root=""), seconds=2.5)
    (tmp_path / "run/environment.json").write_text(json.dumps(about))
    return tmp_path / "run"


def test_a_tracker_gets_parameters_numbers_and_intervals(run, tmp_path):
    kept = Kept()
    log_run(kept, run, tmp_path / "tracked")
    assert kept.params == dict(seed=1, tags='["a"]', root="")
    assert kept.numbers == {
        "wga.toy.ERM": 0.5,
        "wga.toy.ERM/low": 0.4,
        "wga.toy.ERM/high": 0.6,
        "steps.toy.ERM": 3,
        "seconds": 2.5,
    }
    assert tracked_numbers(Metrics()) == {} and tracked_parameters({}) == {}


def test_a_tracker_that_fails_is_a_warning(run, tmp_path):
    with pytest.warns(UserWarning, match="kept did not take the numbers of .*: nobody is at home"):
        log_run(Broken(), run, tmp_path / "tracked")


def test_a_tracker_that_is_not_there_is_a_slip(monkeypatch):
    with pytest.raises(ValueError, match="tracker='paper' is unknown; allowed: tensorboard, wandb, mlflow"):
        check_tracker("paper")
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match="tracker='wandb' needs wandb, which is not installed: pip install wandb"
    ):
        check_tracker("wandb")


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="TensorBoard is not installed")
def test_tensorboard_writes_its_files(run, tmp_path):
    log_run("tensorboard", run, tmp_path / "tracked")
    assert list((tmp_path / "tracked/toy").rglob("events.out.*"))
