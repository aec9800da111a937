"The two sentences of every study, against the numbers that it was seen to save."

import json
import re
from fnmatch import fnmatchcase

import pytest

from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import list_studies
from spurious_core.evaluate.intervals import FEWEST
from spurious_core.explore import headlines
from spurious_core.explore.headlines import (
    HEADLINE_FIGURES,
    HEADLINES,
    fitting_keys,
    headline,
    headline_keys,
    headlines_first,
)
from support.notebooks import ROOT

DRILLS = {"drawing", "sweeps"}


def test_every_study_has_headlines():
    assert sorted(HEADLINES.keys() - DRILLS) == list_studies() == sorted(HEADLINE_FIGURES)


@pytest.mark.parametrize("study", list_studies())
def test_figures_of_the_headlines_come_first(study):
    "Each is there, and what comes first is one of them."
    names = sorted(file.stem for file in (ROOT / "figures" / study).glob("*.png"))
    for pattern in HEADLINE_FIGURES[study]:
        assert any(fnmatchcase(name, pattern) for name in names), pattern
    ordered = headlines_first(study, names)
    assert sorted(ordered) == names and fnmatchcase(ordered[0], HEADLINE_FIGURES[study][0])
    rest = [name for name in names if not any(fnmatchcase(name, p) for p in HEADLINE_FIGURES[study])]
    assert ordered[-len(rest) :] == rest or not rest


def test_keys_of_the_headlines_come_in_the_order_of_the_sentences():
    metrics = Metrics.load(ROOT / "figures" / "ddb")
    assert headline_keys("ddb", metrics) == [
        "wga.all.ERM",
        "wga.all.DDB",
        "wga.all.DFR",
        "wga.all.cut_and_paste",
    ]
    assert headline_keys("coins", metrics) == []


@pytest.mark.parametrize("study", sorted(HEADLINES))
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
    assert said == ("Its first numbers: heads.euro.thrown 0.50, tails.euro.thrown 0.25, lost.euro.thrown 3.")


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


@pytest.mark.parametrize("drill", sorted(DRILLS))
def test_counts_are_whole(drill):
    said = headline(drill, Metrics.load(ROOT / "figures" / drill))
    assert said.startswith(("Of 20,000 rows 0 were lost and 0 ", "Of 24 cells 0 were lost and 0 "))
    assert not re.search(r"\d\.\d", said)
