"What is committed is what the evidence says: `figures/ledger`, and every number of the README."

import shutil

import pytest

from spurious_core.app.ledger import writing
from spurious_core.app.ledger.claim_rows import claims
from spurious_core.app.ledger.readme_numbers import unmarked_numbers
from spurious_core.app.ledger.writing import ledger, ledger_metrics, readme_text, write_ledger
from spurious_core.app.metric_keys import check_metric_key
from spurious_core.app.metrics import Metrics
from support.notebooks import ROOT

RENEW = "the evidence says something else now: run `spurious ledger --write`"


def test_the_readme_has_the_numbers_of_the_evidence():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert readme_text(ROOT) == text, RENEW
    assert unmarked_numbers(text) == [], "between marks, as CONTRIBUTING says, these could not go stale"


def test_the_ledgers_numbers_are_those_of_the_evidence():
    committed = Metrics.load(ROOT / "figures/ledger")
    assert committed == ledger_metrics(ROOT / "figures"), RENEW
    assert (ROOT / "figures/ledger/published.png").is_file()
    for key in committed:
        check_metric_key(key, "mitigation_benchmark")  # which has no exceptions
    assert committed["published.waterbirds.DDB"]["n"] == 642


def test_every_claim_is_said_in_words():
    table = ledger()
    assert len(table) == len(claims())
    for claim, row in zip(claims(), table.itertuples(), strict=True):
        assert (row.claim, row.key) == (claim.claim, claim.key)
        assert (row.ours == "no run yet") <= claim.awaited
    assert not table.isna().any(axis=None)


def test_a_new_number_is_written_everywhere(tmp_path):
    shutil.copytree(ROOT / "figures", tmp_path / "figures", ignore=shutil.ignore_patterns("*.png"))
    shutil.copy(ROOT / "README.md", tmp_path)
    ddb = Metrics.load(tmp_path / "figures/ddb")
    ddb["pruning_gain"] = dict(value=0.05, ci=[0.02, 0.08], n=9, over="runs")
    ddb["wga.all.DDB"]["value"] = 0.123
    ddb.save(tmp_path / "figures/ddb")
    files = write_ledger(tmp_path)
    assert [file.name for file in files] == ["metrics.json", "published.png", "README.md"]
    held = [Metrics.load(root / "figures/ledger")["claims.ddb.holds"]["value"] for root in (ROOT, tmp_path)]
    assert held[1] == held[0] + 1
    assert "<!--ddb wga.all.DDB value-->0.12<!--/-->" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_wheel_has_no_evidence(monkeypatch):
    monkeypatch.setattr(writing, "source_root", lambda: None)
    with pytest.raises(ValueError, match="the evidence is in the source checkout"):
        ledger()
