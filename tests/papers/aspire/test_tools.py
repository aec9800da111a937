"The models of a profile: what it lacks is named, and what serves twice is loaded once."

from dataclasses import replace

import pytest

from spurious_core.core.settings import load_profile
from spurious_core.papers.aspire.tools import load_tools


def test_a_profile_without_the_tools_is_told_what_it_lacks():
    profile = replace(load_profile("mini"), captioner="", language_model="")
    why = "no captioner and no language_model.*; set SPURIOUS_CAPTIONER, SPURIOUS_LANGUAGE_MODEL"
    with pytest.raises(ValueError, match=why):
        load_tools(profile)


def test_what_serves_twice_is_loaded_once():
    profile = load_profile("mini")
    tools = load_tools(replace(profile, inpaint=profile.pipeline, instruct=""))
    assert tools.inpaint is tools.pipe
    assert tools.backgrounds is tools.inpaint
