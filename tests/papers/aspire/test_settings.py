"Settings out of range are refused, and arms say what they learn from."

import pytest

from spurious_core.papers.aspire.settings import CURE_ARMS, CureArm, DiscoveryConfig


@pytest.mark.parametrize(
    "bad, said",
    [
        (dict(sources="edited"), "sources='edited' must be a tuple of texts"),
        (dict(sources=("edit",)), "source='edit' is unknown; allowed: training, edited, before"),
        (dict(named="no"), "named='no' must be True or False"),
        (dict(recipe="dreambooth"), "recipe='dreambooth' is unknown; allowed: textual_inversion, lora"),
        (dict(sources=("training",), named=True), "it isn't known what training pictures show"),
    ],
)
def test_an_arm_that_cannot_be_is_refused(bad, said):
    with pytest.raises(ValueError, match=said):
        CureArm(**bad)


def test_ours_and_the_papers_way_learn_from_edits_and_two_controls_from_nothing():
    learning = {name for name, arm in CURE_ARMS.items() if arm.sources}
    assert set(CURE_ARMS) - learning == {"random", "named"}
    assert {name for name in learning if "edited" in CURE_ARMS[name].sources} == {"paper", "lora", "aspire"}


@pytest.mark.parametrize(
    "settings, why",
    [
        (dict(alternatives="web"), "alternatives='web' is unknown; allowed: data, model"),
        (dict(max_edits=0), "max_edits=0 must be at least 1"),
        (dict(min_images=1.5), "min_images=1.5 must be a whole number"),
        (dict(batch_size=0), "batch_size=0 must be at least 1"),
        (dict(steps=0), "steps=0 must be at least 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings, why):
    with pytest.raises(ValueError, match=why):
        DiscoveryConfig(**settings)
