"Every method has settings for every world."

import pytest

from spurious_core.mitigate.method import Method
from spurious_core.mitigate.presets import MITIGATION_PRESETS, preset
from spurious_core.mitigate.registry import METHODS


@pytest.mark.parametrize("world", MITIGATION_PRESETS)
def test_presets_are_for_every_method(world):
    assert list(MITIGATION_PRESETS[world]) == list(METHODS)
    for name in METHODS:
        preset(world, name)


def test_a_preset_can_be_changed():
    assert preset("waterbirds", "jtt").hyperparameters["jtt_T"] == 60
    assert preset("waterbirds", "jtt", jtt_T=7, epochs=2).hyperparameters["jtt_T"] == 7
    assert preset("mini_digits", "DFR").hyperparameters == {}


def test_any_other_data_set_has_a_preset():
    assert {name: preset("default", name).epochs for name in ("ERM", "SUBG", "DFR")} == dict(
        ERM=20, SUBG=60, DFR=20
    )
    assert preset("default", "GroupDRO").hyperparameters == dict(eta=0.1)


def test_what_is_unknown_is_refused(monkeypatch):
    with pytest.raises(ValueError, match="preset='cats' is unknown; allowed: waterbirds, celeba"):
        preset("cats", "JTT")
    with pytest.raises(ValueError, match="it knows jtt_T, jtt_lambda"):
        preset("waterbirds", "JTT", eta=1)
    monkeypatch.setitem(METHODS, "Painted", Method("Painted", "nobody", "nothing", run=None))
    with pytest.raises(ValueError, match="method='Painted' is unknown"):
        preset("waterbirds", "Painted")
