"Rules of pruning, and how validation chooses one."

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.ddb.rules import Rule, candidate_rules, choose_rule


@pytest.mark.parametrize(
    "rule, kept",
    [
        (Rule(), [0, 0, 1]),
        (Rule(rho=None), [0, 1, 1]),
        (Rule(None), [1, 0, 1]),
        (Rule(None, None), [1, 1, 1]),
        (Rule(None, None, 1.0), [1, 1, 0]),
        (Rule(agreement=0.5), [0, 0, 0]),
    ],
)
def test_each_criterion_can_be_switched_off_and_boundaries_are_pruned(rule, kept):
    scores = pd.DataFrame(dict(psi=[0.5, 0.49, 0.1], limit=0.5, rho=[9.0, 0.3, 0.31]))
    scores["agreement"] = [1.0, 1.0, 0.0]
    assert rule.keep(scores).tolist() == [bool(k) for k in kept]


def test_scores_that_a_rule_needs_must_be_there():
    with pytest.raises(ValueError, match="lack rho, which this rule needs; they have psi"):
        Rule(None).keep(pd.DataFrame(dict(psi=[0.5])))


@pytest.mark.parametrize("bad", [dict(factor=0.0), dict(rho=float("nan")), dict(agreement=2.0)])
def test_a_bad_threshold_is_refused(bad):
    with pytest.raises(ValueError, match="must lie in"):
        Rule(**bad)


@pytest.fixture(scope="module")
def scores():
    rng = np.random.default_rng(0)
    return pd.DataFrame(dict(psi=rng.random(120), limit=0.8, rho=rng.random(120)))


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(1).integers(0, 2, 120)


def test_candidates_combine_criteria_and_one_prunes_nothing(scores):
    rules = candidate_rules(scores)
    assert Rule(None, None) in rules
    assert len(rules) == 16
    assert all(rule.rho is None for rule in candidate_rules(scores, by=("factor",)))
    with pytest.raises(ValueError, match="by='truth' is unknown"):
        candidate_rules(scores, by=("truth",))


def test_a_candidate_prunes_its_share(scores):
    for criterion in ("factor", "rho"):
        (rule,) = candidate_rules(scores, (0.25,), by=(criterion,))[1:]
        assert rule.keep(scores).mean() == pytest.approx(0.75, abs=0.02)


def test_thresholds_come_from_validation(scores, y):
    calls = []

    def value(keep):
        calls.append(keep)
        return scores.rho[keep].mean() if keep.any() else 0

    best, tried = choose_rule(scores, y, value)
    assert best.rho is not None
    assert len(tried) == len(calls)
    assert tried.value.max() == pytest.approx(scores.rho[best.keep(scores)].mean())


def test_of_equals_the_one_that_prunes_nothing_is_chosen(scores, y):
    best, _ = choose_rule(scores, y, lambda keep: 1.0)
    assert best.keep(scores).all()


def test_rules_that_keep_too_few_are_not_tried(scores, y):
    assert choose_rule(scores, y, lambda keep: -keep.sum(), min_kept=40)[1].kept.min() >= 80
    with pytest.raises(ValueError, match="keeps 100 pictures of each class"):
        choose_rule(scores, y, lambda keep: 1.0, min_kept=100)
    with pytest.raises(ValueError, match="min_kept=0 must be at least 1"):
        choose_rule(scores, y, lambda keep: 1.0, min_kept=0)
