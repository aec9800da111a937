"Hyperparameters refuse what is out of their range."

import pytest

from spurious_core.mitigate.method import Hyperparameter, Method

COUNT = Hyperparameter(3, "a count", 1)
SHARE = Hyperparameter(0.5, "a share", 0, 1)
SEVERAL = Hyperparameter((1.0, 0.1), "strengths", 1e-6)


@pytest.mark.parametrize(
    "hyperparameter, value, message",
    [
        (COUNT, 2.5, "h=2.5 must be a whole number"),
        (COUNT, True, "h=True must be a whole number"),
        (COUNT, 0, r"h=0 must lie in \[1, inf\)"),
        (SHARE, 2, r"h=2 must lie in \[0, 1\]"),
        (SHARE, float("nan"), "must lie in"),
        (SHARE, "0.5", "must lie in"),
        (SEVERAL, (), "h=.* must be a list of numbers"),
        (SEVERAL, 0.1, "h=0.1 must be a list of numbers"),
        (SEVERAL, (0.1, 0.0), "h=0.0 must lie in"),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed(hyperparameter, value, message):
    with pytest.raises(ValueError, match=message):
        hyperparameter.check("h", value)


@pytest.mark.parametrize(
    "hyperparameter, value", [(COUNT, 1), (COUNT, 3.0), (SHARE, 0), (SHARE, 1.0), (SEVERAL, [1e-6, 5])]
)
def test_the_ends_of_a_range_are_allowed(hyperparameter, value):
    hyperparameter.check("h", value)


def test_without_a_range_the_method_checks():
    Hyperparameter("all", "which layers").check("h", object())


def test_a_method_knows_no_groups_unless_it_says_so():
    method = Method("Toy", "nobody", "nothing", run=None)
    facts = method.train_groups, method.val_groups, method.base, method.refits_on_validation
    assert not any(facts)
