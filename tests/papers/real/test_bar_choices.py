"What somebody who knows no groups would choose, by what they can see."

import pandas as pd
import pytest

from spurious_core.papers.real.bar_choices import agreements, choice_figure, method_choices


@pytest.fixture
def trials():
    "Plain training agrees with itself; JTT is better where places conflict, and in its worst class."
    rows = dict(average=0.9, worst_class=0.5, conflicting=0.6, wga=0.2, aligned=0.9)
    erm = pd.DataFrame(dict(method="ERM", seed=range(3)) | rows).assign(answers=[[0, 1, 1, 0]] * 3)
    jtt = erm.assign(method="JTT", average=[0.8, 0.8, 0.95], worst_class=0.7, conflicting=0.7)
    jtt["answers"] = [[0, 1, 1, 0], [1, 1, 1, 0], [0, 0, 1, 1]]
    return pd.concat([erm, jtt], ignore_index=True)


def test_agreement_is_with_the_other_seeds_of_the_method(trials):
    found = agreements(trials)
    assert found[:3].tolist() == [1, 1, 1]
    assert found[3:].tolist() == [(3 / 4 + 2 / 4) / 2, (3 / 4 + 1 / 4) / 2, (2 / 4 + 1 / 4) / 2]


def test_a_single_seed_agrees_with_nobody(trials):
    alone = trials[trials.seed == 0]
    assert agreements(alone).isna().all()
    assert "chosen_by_agreement" not in set(method_choices(alone).method)


def test_each_rule_goes_by_its_own_and_the_first_of_equals_is_taken(trials):
    chosen = method_choices(trials).set_index(["method", "seed"]).chosen.unstack()
    assert chosen.loc["chosen_by_average"].tolist() == ["ERM", "ERM", "JTT"]
    assert (
        chosen.loc["chosen_by_worst_class"].tolist() == chosen.loc["chosen_by_best"].tolist() == ["JTT"] * 3
    )
    assert chosen.loc["chosen_by_agreement"].tolist() == ["ERM"] * 3
    equal = trials.assign(worst_class=0.5)
    assert set(method_choices(equal).query("method == 'chosen_by_worst_class'").chosen) == {"ERM"}


def test_what_is_chosen_keeps_its_numbers(trials):
    row = method_choices(trials).query("method == 'chosen_by_worst_class' and seed == 1").iloc[0]
    assert (row.conflicting, row.wga, row.aligned) == (0.7, 0.2, 0.9)


def test_the_figure_has_a_panel_for_each_rule(trials):
    third = trials[trials.method == "ERM"].assign(method="DFR", conflicting=0.5, average=0.7)
    figure = choice_figure(pd.concat([trials, third], ignore_index=True))
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[0] == "rank correlation 0.50" and len(titles) == 3
    assert titles[2].startswith("rank correlation ")
    alone = choice_figure(third[third.seed == 0])  # one seed agrees with nobody, one method has no rank
    assert [ax.get_title() for ax in alone.axes] == ["", ""]


def test_a_seed_of_which_a_rule_says_nothing_has_no_choice(trials):
    lonely = pd.concat([trials, trials[3:4].assign(seed=9)])  # with a repeated index, too
    chosen = method_choices(lonely).set_index(["method", "seed"]).chosen.unstack()
    assert chosen.loc["chosen_by_best", 9] == "JTT"
    unsaid = trials.assign(average=[0.9, 0.9, None] * 2)
    assert set(method_choices(unsaid).query("method == 'chosen_by_average'").seed) == {0, 1}


def test_what_cannot_be_compared_is_named(trials):
    with pytest.raises(ValueError, match="there are no trials"):
        method_choices(trials[:0])
    trials.at[0, "answers"] = [0, 1]
    with pytest.raises(ValueError, match="answers of 2 and of 4 pictures"):
        method_choices(trials)
