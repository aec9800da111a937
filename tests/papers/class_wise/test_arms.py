"The arms of a comparison: what an arm may be, the same noise in all, and files that keep their order."

import pytest

from spurious_core.diffusion.similarity_loss import SimilarityLossConfig
from spurious_core.papers.class_wise.arms import ARMS, BASE, CHOSEN, DREAMBOOTH, Arm, arms_named


def test_an_arm_has_a_weight_and_a_form_or_neither():
    assert (BASE.train, DREAMBOOTH.train, CHOSEN.weight) == (False, True, 0.05)
    assert (CHOSEN.sfsl.form, CHOSEN.sfsl.quantile, CHOSEN.components) == ("hinge", 0.9, "spurious")
    for wrong in (dict(weight=0.1), dict(sfsl=SimilarityLossConfig())):
        with pytest.raises(ValueError, match="arm 'x': give weight and sfsl together"):
            Arm("x", **wrong)
    for weight in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"arm 'x': weight={weight} must not be negative, and finite"):
            Arm("x", weight, SimilarityLossConfig())


def test_an_arm_is_known_by_its_name():
    assert arms_named(["sfsl", "base"]) == (CHOSEN, BASE)
    with pytest.raises(ValueError, match="sfls"):
        arms_named(["sfls"])
    for wrong in (dict(rounds=0), dict(pool=1.5), dict(components="other"), dict(method="ti"), dict(lr=-1)):
        with pytest.raises(ValueError, match=f"arm 'x': {next(iter(wrong))}"):
            Arm("x", **wrong)


def test_a_control_differs_from_the_chosen_arm_in_one_thing():
    controls = [name for name in ARMS if name.startswith("sfsl_")]
    assert len(controls) == 9
    for name in controls:
        others = {field for field, value in vars(ARMS[name]).items() if value != vars(CHOSEN)[field]}
        of_its_kind = {"components"}, {"sfsl"}, {"guide", "pool"}, {"method", "lr"}
        assert others - {"name"} in of_its_kind, name
    full = vars(ARMS["dreambooth_full"]).items()
    assert {field for field, value in full if value != vars(DREAMBOOTH)[field]} == {"name", "method", "lr"}
