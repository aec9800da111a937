"The two sentences of every study, against the numbers that it was seen to save."

import json
import re

import pytest

from spurious_core.app import headlines
from spurious_core.app.headlines import HEADLINES, fitting_keys, headline
from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import list_studies
from spurious_core.evaluate.intervals import FEWEST
from support.notebooks import ROOT


def test_every_study_has_headlines():
    assert sorted(HEADLINES) == list_studies()


@pytest.mark.parametrize("study", list_studies())
def test_the_committed_run_has_the_numbers_of_all_its_headlines(study):
    metrics = Metrics.load(ROOT / "figures" / study)
    for sentence in HEADLINES[study]:
        for key in re.findall(r"\{(.+?)\}", sentence):
            assert fitting_keys(key, metrics), key
    said = headline(study, metrics)
    assert said.count(". ") == 1 and said.endswith(".") and "{" not in said


@pytest.mark.parametrize("study", list_studies())
def test_the_smallest_budget_has_something_to_say(study):
    file = ROOT / "tests" / "studies" / "smoke_numbers.json"
    values = json.loads(file.read_text(encoding="utf-8"))[study]
    metrics = numbers(**{key: 1.0 if value is None else value for key, value in values.items()})
    assert not headline(study, metrics).startswith("Its first numbers")


def numbers(**values):
    "As a file holds them, which may be older than today's keys."
    return Metrics({key.replace("__", "."): dict(value=v, ci=None, n=None) for key, v in values.items()})


def test_numbers_stand_where_their_keys_do():
    metrics = numbers(wga__all__ERM=0.5, wga__all__DDB=0.954)
    metrics.add("wga.all.DDB", 0.954, (0.92, 0.98), 9, "runs")
    said = "Accuracy of the worst group: 0.50 after plain training, 0.95 [0.92, 0.98] after recomposing."
    assert headline("ddb", metrics) == said


def test_a_number_of_few_says_so():
    metrics = Metrics()
    metrics.add("wga.all.ERM", 0.5, None, 2, "runs")
    metrics.add("wga.all.DDB", 0.7, None, 60, "images")
    assert headlines._FEWEST == FEWEST
    said = "Accuracy of the worst group: 0.50 (over 2 runs) after plain training, 0.70 after recomposing."
    assert headline("ddb", metrics) == said


def test_a_star_stands_for_one_word_or_for_several_if_need_be():
    metrics = numbers(wga__a__ERM=1, wga__b__ERM=2, wga__a__b__ERM=3, wga__a__DFR=4)
    assert fitting_keys("wga.*.ERM", metrics) == {"wga.a.ERM": "a", "wga.b.ERM": "b"}
    assert fitting_keys("wga.*.b.ERM", metrics) == {"wga.a.b.ERM": "a"}
    assert fitting_keys("*.b.ERM", numbers(wga__a__b__ERM=3)) == {"wga.a.b.ERM": "wga.a"}
    assert fitting_keys("wga.a.DFR", metrics) == {"wga.a.DFR": ""}
    assert fitting_keys("wga.a.GroupDRO", metrics) == {}


def test_no_number_is_said_twice():
    found = numbers(gain__all__ERM=-0.15, gain__own__ERM=-0.15)
    said = "The generated pictures change accuracy of the worst group by"
    assert headline("aspire", found) == f"{said} -0.15."
    del found["gain.all.ERM"]
    assert headline("aspire", found) == f"{said} -0.15."


def test_an_unknown_study_names_its_first_numbers():
    said = headline("coins", numbers(heads__euro__thrown=0.5, tails__euro__thrown=0.25, lost__euro__thrown=3))
    assert said == (
        "Its first numbers: heads.euro.thrown 0.50, tails.euro.thrown 0.25, lost.euro.thrown 3.00."
    )


def test_of_a_data_set_and_its_slices_the_whole_is_said():
    metrics = numbers(hit__world__sfsl=1, hit__world_boat__sfsl=2, hit__worldly__sfsl=3)
    found = {"hit.world.sfsl": "world", "hit.worldly.sfsl": "worldly"}
    assert fitting_keys("hit.*.sfsl", metrics) == found


@pytest.mark.parametrize("budget", ["smoke", "dry"])
def test_a_trial_is_not_quoted(budget):
    metrics = Metrics.load(ROOT / "figures" / "ddb")
    said = headline("ddb", metrics, budget)
    assert said.startswith("It works here") and not any(character.isdigit() for character in said)
    assert headline("ddb", metrics, "full") == headline("ddb", metrics) != said
