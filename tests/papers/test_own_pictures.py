"Models of the rendered world are not asked about anything else."

from dataclasses import replace

import pytest

from spurious_core.core.settings import load_profile
from spurious_core.papers.own_pictures import GENERAL_MODELS, check_profile_knows, rendered_models

MINI = load_profile("mini")


def test_the_embedded_models_and_the_grammar_are_rendered():
    assert rendered_models(MINI) == list(GENERAL_MODELS)
    assert rendered_models(load_profile("sd15")) == []
    mixed = replace(MINI, pipeline="my/pipeline", inpaint="", language_model="local:my/model")
    assert rendered_models(mixed) == ["captioner", "segmenter"]


def test_a_class_that_the_world_lacks_is_refused_with_what_fits():
    with pytest.raises(ValueError, match="captioner of profile 'mini' know.*and no mug, no temple.*sd15"):
        check_profile_knows(MINI, ["house", "mug", "temple"], ["captioner"])
    check_profile_knows(replace(MINI, captioner="my/captioner"), ["mug"], ["captioner"])
    check_profile_knows(load_profile("sd15"), ["mug"])


@pytest.mark.parametrize("label", ["house", "Landbird", "blond", "woman", "dark man"])
def test_classes_of_the_worlds_are_known(label):
    check_profile_knows(MINI, [label])
