"Progress bars of the libraries are off inside, and afterwards as they were, whatever happened."

import logging
import subprocess
import sys

import pytest
from diffusers.utils import logging as diffusers_logging
from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars
from transformers.utils import logging as transformers_logging

from spurious_core.models.quiet import without_progress_bars, without_warnings

LIBRARIES = dict(diffusers=diffusers_logging, transformers=transformers_logging)


def drawing():
    return [name for name, library in LIBRARIES.items() if library.is_progress_bar_enabled()]


@pytest.fixture(autouse=True)
def put_back():
    before, silent = drawing(), are_progress_bars_disabled()
    yield
    for name in before:
        LIBRARIES[name].enable_progress_bar()
    if silent:
        disable_progress_bars()


@pytest.mark.parametrize("on", [[], ["diffusers"], ["transformers"], ["diffusers", "transformers"]])
def test_each_library_is_put_back(on):
    for name, library in LIBRARIES.items():
        if name in on:
            library.enable_progress_bar()
        else:
            library.disable_progress_bar()
    with without_progress_bars():
        assert drawing() == []
        with without_progress_bars():
            pass
        assert drawing() == []
    assert drawing() == on
    with pytest.raises(KeyError), without_progress_bars():
        raise KeyError
    assert drawing() == on


def test_warnings_are_off_inside_and_back_afterwards(caplog):
    logger = diffusers_logging.get_logger("diffusers.configuration_utils")
    before = diffusers_logging.get_verbosity()
    with pytest.raises(KeyError), without_warnings():
        assert not logger.isEnabledFor(logging.WARNING) and logger.isEnabledFor(logging.ERROR)
        raise KeyError
    assert diffusers_logging.get_verbosity() == before


QUIET = """
from spurious_core.core.settings import load_profile
from transformers import CLIPImageProcessor, SiglipImageProcessor
from spurious_core.models.pipelines import load_tiny_decoder
from spurious_core.papers.class_wise.kit import Kit
load_tiny_decoder(load_profile("mini").tiny_decoder)
"""


@pytest.mark.slow
def test_importing_and_loading_the_tiny_decoder_says_nothing():
    done = subprocess.run([sys.executable, "-c", QUIET], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_downloads_stay_silent_if_they_were():
    "transformers switches the bars of huggingface_hub on with its own."
    transformers_logging.enable_progress_bar()
    for silent in (True, False):
        (disable_progress_bars if silent else enable_progress_bars)()
        with without_progress_bars():
            assert are_progress_bars_disabled()
        assert are_progress_bars_disabled() == silent
        assert transformers_logging.is_progress_bar_enabled()
