"Fixtures shared by the tests: a tiny random Stable Diffusion pipeline, and studies written on the spot."

import multiprocessing
import os
import sys
import warnings

os.environ.setdefault("OMP_NUM_THREADS", "1")
import pytest
import torch
from diffusers import StableDiffusionPipeline

from support.pipelines import build_pipeline

sys.modules.setdefault("rfc3987_syntax", None)  # a grammar of addresses that nbformat builds for seconds
pytest_plugins = ["support.toy_study", "support.sweeps", "support.captioners"]
torch.set_num_threads(1)


def pytest_collection_modifyitems(items):
    "The longest test goes first: at the end, one worker would do it while the other has nothing left."
    items.sort(key=lambda item: item.path.name != "test_browser.py")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    return build_pipeline(tmp_path_factory.mktemp("tiny") / "pipeline")


@pytest.fixture
def tiny_pipeline(tiny_folder):
    return StableDiffusionPipeline.from_pretrained(tiny_folder)


@pytest.fixture
def other_pipeline(tmp_path):
    return StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "other", width=24))


@pytest.fixture
def killed():
    "Runs a function in a child process and returns its exit code, -9 when it was killed."

    def run(f, *args):
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # Python warns of forking beside threads; the child only computes and dies
            p = multiprocessing.get_context("fork").Process(target=f, args=args)
            p.start()
            p.join()
        return p.exitcode

    return run
