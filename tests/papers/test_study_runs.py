"What all studies do with their jobs and figures."

import matplotlib.pyplot as plt
import pytest
import torch
from PIL import Image

from spurious_core.papers import study_runs
from spurious_core.papers.study_runs import figure_keeper, run_jobs


def threads_of(job):
    return job, torch.get_num_threads()


@pytest.fixture(autouse=True)
def same_threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_jobs_made_as_they_are_needed():
    lazy = ((number,) for number in range(6))
    assert [job for job, _ in run_jobs(threads_of, lazy, 6, workers=2)] == list(range(6))


@pytest.mark.parametrize("workers, jobs, threads", [(1, 3, 4), (2, 3, 4), (4, 8, 2), (0, 8, 1), (0, 1, 4)])
def test_cores_are_shared_out(monkeypatch, workers, jobs, threads):
    monkeypatch.setattr(study_runs, "usable_cores", lambda: 8)
    monkeypatch.setattr(study_runs.torch, "get_num_threads", lambda: 4)
    seen = []
    monkeypatch.setattr(study_runs, "Parallel", lambda n_jobs, return_as: lambda calls: seen.extend(calls))
    monkeypatch.setattr(study_runs, "tqdm", lambda results, total, desc: [])
    run_jobs(threads_of, [(number,) for number in range(jobs)], jobs, workers)
    assert {arguments[2] for _, arguments, _ in seen} == {threads}


def test_no_jobs_are_no_results():
    assert run_jobs(threads_of, [], 0) == []


def test_a_figure_is_saved_and_shown_once(tmp_path):
    figure, _ = plt.subplots(figsize=(1, 1))
    assert figure_keeper(tmp_path)(figure, "accuracy_0.9") is figure
    with Image.open(tmp_path / "accuracy_0.9.png") as picture:
        assert picture.format == "PNG"
    assert figure.number not in plt.get_fignums()
