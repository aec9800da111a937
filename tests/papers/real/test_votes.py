"Who calls a tile what, counted by hand."

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import cohen_kappa_score

from spurious_core.evaluate.intervals import expanded_tails, resampling_weights
from spurious_core.papers.real import votes as module
from spurious_core.papers.real.votes import (
    class_ranks,
    network_agreement,
    shares_over_classes,
    vote_table,
    votes_by_chance,
)

K = [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4


@pytest.fixture
def votes():
    tiles = pd.DataFrame(dict(k=K, tile=[0, 1, 2, 3] * 5))
    rng = np.random.default_rng(3)
    logits = {}
    for name in ("a", "b", "c"):
        values = torch.from_numpy(rng.normal(size=(20, 8)))
        values[torch.arange(20), torch.as_tensor(K)] += 1.5
        logits[name] = values
    return vote_table(tiles, logits, ["a", "b"]), logits


def test_ranks_are_the_number_of_better_classes():
    logits = torch.tensor([[1.0, 3, 2], [5, 0, 0]])
    assert class_ranks(logits, [2, 0]).tolist() == [1, 0]


def test_votes_are_of_the_counted_networks_alone(votes):
    table, logits = votes
    for name, values in logits.items():
        assert table[f"called.{name}"].tolist() == (values.argmax(1) == torch.as_tensor(K)).tolist()
        five = [k in row for k, row in zip(K, values.topk(5).indices.tolist(), strict=True)]
        assert table[f"called_top5.{name}"].tolist() == five
    a, b = table["called.a"], table["called.b"]
    assert (table["called.any"] == (a | b)).all() and (table["called.all"] == (a & b)).all()
    assert (table["called.exactly_one"] == (a ^ b)).all()


def test_intervals_are_over_classes(votes):
    table, _ = votes
    shares = shares_over_classes(table).set_index("metric")
    assert set(shares.over) == {"classes"} and set(shares.n) == {5}
    assert shares.value["called.a"] == pytest.approx(table["called.a"].mean())
    assert (shares.lo <= shares.value).all() and (shares.value <= shares.hi).all()
    alike = table.assign(**{"called.a": table.k < 2})  # tiles of a class agree, so little is known
    wide = shares_over_classes(alike, ["called.a"]).iloc[0]
    assert wide.hi - wide.lo > 0.5


def test_agreement_is_scikit_learns_kappa(votes):
    table, _ = votes
    row = network_agreement(table, ["a", "b", "c"]).iloc[0]
    assert row.kappa == pytest.approx(cohen_kappa_score(table["called.a"], table["called.b"]))
    assert row.jaccard == pytest.approx(table["called.all"].sum() / table["called.any"].sum())


def test_kappa_has_an_interval_over_classes(votes, monkeypatch):
    "That of scikit-learn's kappa of the same drawn classes, each with all of its tiles."
    table = votes[0].drop(index=[3, 7, 8])  # classes of different size
    monkeypatch.setattr(module, "_DRAWS", 300)
    row = network_agreement(table, ["a", "b"]).iloc[0]
    drawn = resampling_weights(5, 300, np.random.default_rng(0))[:, table.k]
    calls = table["called.a"], table["called.b"]
    kappas = [cohen_kappa_score(*calls, sample_weight=weights, labels=[False, True]) for weights in drawn]
    ends = np.quantile(np.nan_to_num(kappas, nan=1), expanded_tails(5, 0.95))
    assert [row.lo, row.hi] == pytest.approx(ends) and row.lo < row.kappa < row.hi and row.n == 5


def test_without_enough_classes_or_difference_kappa_has_no_interval(votes):
    table, _ = votes
    few = network_agreement(table[table.k < 4], ["a", "b"]).iloc[0]
    assert np.isnan([few.lo, few.hi]).all() and few.n == 4
    same = network_agreement(table.assign(**{"called.b": table["called.a"]}), ["a", "b"]).iloc[0]
    assert same.kappa == 1 and np.isnan([same.lo, same.hi]).all()


def test_independent_networks_have_the_product():
    table = pd.DataFrame({"called.a": [True, False] * 2, "called.b": [True] * 4})
    np.testing.assert_allclose(votes_by_chance(table, ["a", "b"]), [0, 0.5, 0.5])


def test_ties_go_to_the_first_class_and_logits_must_be_finite():
    assert class_ranks(torch.zeros(3, 5), [0, 3, 4]).tolist() == [0, 3, 4]
    assert class_ranks(torch.tensor([[1.0, 3.0, 3.0]]), [2]).tolist() == [1]
    with pytest.raises(ValueError, match="logits"):
        class_ranks(torch.full((2, 5), float("nan")), [0, 3])
    with pytest.raises(ValueError, match="3 classes for 2 rows of logits"):
        class_ranks(torch.zeros(2, 5), [0, 1, 2])
