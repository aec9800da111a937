"Published numbers: where they are from, what their test sets imply, and which orders that settles."

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from spurious_core.app.ledger.published_rows import (
    SPLIT_FACTS,
    implied_interval,
    level_with_best,
    order_of_pairs,
    published,
    published_metrics,
    unsettled_pairs,
)


@pytest.mark.parametrize("right, n", [(596, 642), (159, 180), (0, 201), (180, 180)])
def test_the_interval_is_scipys_wilson(right, n):
    ends = binomtest(right, n).proportion_ci(method="wilson")
    assert np.allclose(implied_interval(right / n, n), (ends.low, ends.high), atol=1e-12)


def test_without_a_size_there_is_no_interval():
    assert all(map(math.isnan, implied_interval(0.9, None)))
    assert all(map(math.isnan, implied_interval(0.9, pd.NA)))
    rows = published()
    assert rows.low.isna().equals(rows.n.isna()) and set(rows[rows.n.isna()].dataset) == {
        name for name, facts in SPLIT_FACTS.items() if facts.n is None
    }


def test_every_row_says_where_it_is_from():
    rows = published()
    assert len(rows) == 85 and not rows.duplicated(["dataset", "key"]).any()
    assert rows.wga.between(0, 1).all() and rows.spread.dropna().between(0, 0.1).all()
    for column in ("method", "source", "split", "selection", "average", "backbone", "group"):
        assert rows[column].str.len().gt(0).all(), column
    ours = rows.set_index(["dataset", "key"])
    assert ours.loc[("waterbirds", "DFR"), ["wga", "spread", "n"]].tolist() == [0.929, 0.002, 642]
    assert ours.loc[("celeba", "JTT_without_groups"), "wga"] == 0.406
    assert ours.loc[("metashift_disc", "DDB"), "n"] == 201


def rows_of(*rows, n=100):
    table = pd.DataFrame(rows, columns=["key", "method", "wga"]).assign(dataset="toy", n=n)
    ends = [implied_interval(wga, n) for wga in table.wga]
    return table.assign(low=[low for low, _ in ends], high=[high for _, high in ends])


def test_an_order_is_settled_by_newcombes_interval_of_the_difference():
    "56 of 70 against 48 of 80: Newcombe's own example, [0.0524, 0.3339]."
    rows = rows_of(("a", "a", 56 / 70), n=70)
    rows = pd.concat([rows, rows_of(("b", "b", 48 / 80), n=80)], ignore_index=True)
    (pair,) = order_of_pairs(rows).itertuples()
    assert (pair.higher, pair.lower, pair.ranks_apart, pair.settled) == ("a", "b", 1, True)
    assert np.allclose([pair.difference, pair.low, pair.high], [0.2, 0.0524, 0.3339], atol=5e-5)


def test_pairs_of_one_method_are_no_pairs_and_ranks_count_all_rows():
    rows = rows_of(("a", "a", 0.9), ("a_again", "a", 0.89), ("b", "b", 0.5))
    pairs = order_of_pairs(rows)
    assert pairs[["higher", "lower", "ranks_apart"]].values.tolist() == [["a", "b", 2], ["a_again", "b", 1]]
    assert pairs.settled.all() and unsettled_pairs(rows).empty
    assert level_with_best(rows) == dict(toy=["a"])
    close = rows_of(("a", "a", 0.9), ("b", "b", 0.88), ("c", "c", 0.3))
    assert level_with_best(close) == dict(toy=["a", "b"])
    with pytest.raises(ValueError, match="unknown dataset 'toys'"):
        unsettled_pairs(close, "toys")


def test_as_numbers_they_say_what_they_count():
    metrics = published_metrics(published())
    assert metrics["published.celeba.DFR"]["over"] == "test pictures of blond men"
    assert metrics["published.metashift_subpop.DPE"] == dict(value=0.836, ci=None, n=None)
    pairs = order_of_pairs(published())
    some = pairs[(pairs.dataset == "celeba") & (pairs.ranks_apart == 1)]
    entry = metrics["settled.celeba.neighbours"]
    assert (entry["value"], entry["n"]) == (some.settled.mean(), len(some))
