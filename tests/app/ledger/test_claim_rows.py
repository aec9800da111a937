"Verdicts by the rule, numbers by their key, and no claim without an answer."

import pytest

from spurious_core.app.ledger.claim_rows import (
    CLAIM_VERDICTS,
    PAPERS,
    Claim,
    answer,
    claim_table,
    claims,
    verdict,
    verdict_counts,
)
from spurious_core.app.metrics import Metrics
from support.notebooks import ROOT


@pytest.mark.parametrize(
    "ends, side, than, says",
    [
        ((0.1, 0.2), "above", (0, 0), "holds"),
        ((-0.2, -0.1), "above", (0, 0), "doesn't hold"),
        ((-0.1, 0.2), "above", (0, 0), "not shown"),
        ((0.0, 0.2), "above", (0, 0), "not shown"),  # zero is not excluded
        ((0.1, 0.2), "below", (0.3, 0.4), "holds"),
        ((0.1, 0.3), "below", (0.3, 0.4), "not shown"),
        ((0.5, 0.6), "below", (0.3, 0.4), "doesn't hold"),
        (None, "below", (1, 1), "not shown"),
    ],
)
def test_the_rule(ends, side, than, says):
    assert verdict(ends, side, than) == says


@pytest.fixture
def metrics():
    found = Metrics()
    found.add("wga.mini_a.ERM", 0.4, (0.3, 0.5), 5, "seeds")
    found.add("wga.mini_a.DFR", 0.8, (0.7, 0.9), 5, "seeds")
    found.add("wga.mini_a.JTT", 0.75)
    return found


def claim_of(key, **options):
    return Claim("ffr", "It is so.", "ffr", key, **options)


def test_a_number_is_looked_up_and_held_to_another(metrics):
    found = answer(claim_of("wga.*.DFR", than="wga.mini_a.ERM"), metrics)
    assert found["verdict"] == "holds" and (found["value"], found["than"], found["n"]) == (0.8, 0.4, 5)
    assert answer(claim_of("wga.*.DFR", than="wga.*.JTT"), metrics)["verdict"] == "not shown"
    assert answer(claim_of("wga.*.ERM", than="wga.*.JTT"), metrics)["verdict"] == "doesn't hold"
    assert answer(claim_of("wga.*.JTT"), metrics)["verdict"] == "not shown"  # it has no interval


def test_what_no_run_has_is_an_error_unless_it_is_awaited(metrics):
    for claim in (claim_of("wga.*.AFR"), claim_of("wga.*.DFR", than="wga.*.AFR")):
        with pytest.raises(ValueError, match=r"ffr has no number wga.\*.AFR, which a claim of ffr asks for"):
            answer(claim, metrics)
    awaited = answer(claim_of("wga.*.DFR", than="wga.*.AFR", awaited=True), metrics)
    assert (awaited["verdict"], awaited["value"], awaited["than"]) == ("not shown", None, None)
    with pytest.raises(ValueError, match="ffr has 3 numbers wga.mini_a.*"):
        answer(claim_of("wga.mini_a.*"), metrics)


@pytest.mark.parametrize("wrong", [dict(side="over"), dict(by="us"), dict(study="coins"), dict(paper="x")])
def test_words_that_a_claim_does_not_know(wrong):
    facts = dict(paper="ffr", claim="It is so.", study="ffr", key="wga.a.b") | wrong
    with pytest.raises(ValueError, match=next(iter(wrong.values()))):
        Claim(**facts)


def test_every_claim_has_its_answer_in_the_committed_evidence():
    table = claim_table(ROOT / "figures")
    assert len(table) == len(claims()) and list(dict.fromkeys(table.paper)) == list(PAPERS)
    assert set(table.verdict) <= set(CLAIM_VERDICTS) and table.commit.str.len().eq(40).all()
    assert len({claim.claim + claim.key for claim in claims()}) == len(claims())
    missing = {
        claim.key for claim, row in zip(claims(), table.itertuples(), strict=True) if row.value != row.value
    }
    assert missing <= {claim.key for claim in claims() if claim.awaited}
    counts = verdict_counts(table)
    assert counts[list(CLAIM_VERDICTS)].to_numpy().sum() == len(table)
    ffr = counts[(counts.paper == "ffr") & (counts.by == "paper")].iloc[0]
    assert ffr["holds"] == ((table.paper == "ffr") & (table.by == "paper") & (table.verdict == "holds")).sum()
