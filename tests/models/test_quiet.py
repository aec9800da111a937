"Progress bars of the libraries are off inside, and afterwards as they were, whatever happened."

import pytest
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from spurious_core.models.quiet import without_progress_bars

LIBRARIES = dict(diffusers=diffusers_logging, transformers=transformers_logging)


def drawing():
    return [name for name, library in LIBRARIES.items() if library.is_progress_bar_enabled()]


@pytest.fixture(autouse=True)
def put_back():
    before = drawing()
    yield
    for name in before:
        LIBRARIES[name].enable_progress_bar()


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
