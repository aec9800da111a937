"The search for a pruning rule, on a pretended retraining."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.ddb.rules import Rule
from spurious_core.papers.ddb.study.plan import ddb_plan
from spurious_core.papers.ddb.study.rule_search import judge_rules, rule_name, rule_of, search_rule

N = 40
GOOD = np.arange(N) % 4 != 0
SCORES = pd.DataFrame(dict(psi=np.linspace(0, 0.4, N), limit=0.5, rho=GOOD * 2.0, agreement=GOOD * 0.9))
SCORES["rho"] += np.linspace(0, 0.1, N)


class Pictures(SimpleNamespace):
    def __len__(self):
        return N


class Pretended(SimpleNamespace):
    "Accuracy is the share of good pictures; the repeat that judges finds half of it."

    def all_layers(self, keep, repeats=(0,)):
        return [GOOD[keep].mean() / (1 + i) for i in repeats]


@pytest.fixture
def retrainer():
    recomposed = Pictures(table=pd.DataFrame(dict(y=np.arange(N) // 2 % 2)))
    run = SimpleNamespace(plan=ddb_plan("smoke"), last_epochs=float, wga=np.mean)
    return Pretended(run=run, recomposed=recomposed)


@pytest.mark.parametrize(
    "rule, name",
    [
        (Rule(), "paper"),
        (Rule(0.9, 0.3), "both"),
        (Rule(None, 0.3), "rho"),
        (Rule(1.0, None), "psi"),
        (Rule(None, None, 0.5), "agreement"),
        (Rule(None, None), "none"),
    ],
)
def test_names_of_rules(rule, name):
    assert rule_name(rule) == name
    assert rule_of(*(np.nan if value is None else value for value in vars(rule).values())) == rule


def test_the_rule_that_does_best_on_validation_is_chosen(retrainer):
    rule, tried = search_rule(retrainer, SCORES, ("factor", "rho"))
    assert rule_name(rule) in ("rho", "paper", "both")
    assert rule.keep(SCORES)[GOOD].any() and tried.value.max() == GOOD[rule.keep(SCORES)].mean()
    assert {"none", "rho", "psi", "both", "paper"} >= set(tried.rule) > {"none", "rho"}
    assert all(len(keep) == N for keep in tried.keep)


def test_the_papers_thresholds_are_tried_with_its_own_criteria_only(retrainer):
    _, tried = search_rule(retrainer, SCORES, ("agreement",))
    assert tried.rule.tolist() == ["none", "agreement"]


def test_another_repeat_judges_what_every_rule_is_worth(retrainer):
    _, tried = search_rule(retrainer, SCORES, ("factor", "rho"))
    judged = judge_rules(retrainer, tried)
    assert judged.wga.to_numpy() == pytest.approx(judged.value.to_numpy() / 2)
