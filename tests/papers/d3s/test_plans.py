"What could go wrong in plans: rows that depend on each other, splits without their share, bad recipes."

import pytest

from spurious_core.papers.d3s.plans import Recipe, plan_shift
from spurious_core.papers.d3s.prompts import BACKGROUNDS

KEY = ["label", "background", "item"]


def test_a_row_depends_on_its_own_key_alone():
    three = dict(list(BACKGROUNDS.items())[3:6])
    other = Recipe(strength=0.5, foreground="mask")
    first = plan_shift(["boat", "cow"], 2, Recipe("background")).set_index(KEY)
    second = plan_shift(["cup", "cow", "car"], 4, other, backgrounds=three).set_index(KEY)
    both = first.index.intersection(second.index)
    assert len(both) == 6
    for column in ("seed", "at_x", "at_y"):
        assert (first.loc[both, column] == second.loc[both, column]).all()
    reseeded = plan_shift(["cow"], 2, seed=1).seed.to_numpy()
    assert (reseeded != plan_shift(["cow"], 2).seed.to_numpy()).all()


def test_splits_have_their_shares_and_whole_rounds():
    plan = plan_shift(["boat", "cow"], 20, splits=dict(train=0.6, val=0.1, test=0.3))
    assert (plan.groupby("item").split.nunique() == 1).all()
    rounds = plan.groupby("split")["item"].nunique().to_dict()
    assert rounds == dict(train=12, val=2, test=6)


@pytest.mark.parametrize("bad", [dict(train=0.5), dict(train=1.0, test=0.0), dict(dev=1.0), {}])
def test_shares_that_are_none_are_refused(bad):
    with pytest.raises(ValueError, match="splits"):
        plan_shift(["boat"], 2, splits=bad)


def test_only_the_first_of_imagenets_names_is_prompted():
    plan = plan_shift(["tench, Tinca tinca"], 1, Recipe("background"))
    assert plan.prompt[0] == "a photo of a tench, on grass"


def test_a_plan_of_nothing_and_repeated_labels_are_refused():
    with pytest.raises(ValueError, match="k=0 must be at least 1"):
        plan_shift(["boat"], 0)
    with pytest.raises(ValueError, match="nothing to draw"):
        plan_shift([], 1)
    with pytest.raises(ValueError, match="without repetition"):
        plan_shift(["boat", "boat"], 1)


@pytest.mark.parametrize(
    "bad",
    [
        dict(template="haiku"),
        dict(foreground="oval"),
        dict(scale=0),
        dict(scale=1.1),
        dict(strength=0.0),
        dict(guidance=-1),
    ],
)
def test_bad_recipes_name_what_is_bad(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))}="):
        Recipe(**bad)
