"The choice of edited pictures: so many of each cluster, flips first, and nothing that isn't spurious."

import pandas as pd
import pytest

from spurious_core.papers.aspire.discovery import choose_edited


def ranking(*rows):
    common = dict(y=0, label="cat", kind="background")
    return pd.DataFrame(
        [
            common | dict(cluster=cluster, spurious=spurious, rank=rank)
            for rank, (cluster, spurious) in enumerate(rows, 1)
        ]
    )


def edits(counts, flips):
    "Edits of clusters: how many there are, how many flip (the last); the effect falls with the position."
    rows = [
        dict(y=0, kind="background", cluster=cluster, flip=i >= n - flips[cluster], effect=1 - i / 100)
        for cluster, n in counts.items()
        for i in range(n)
    ]
    return pd.DataFrame(rows)


def test_so_many_of_the_first_cluster_and_of_each_further_one():
    thirty = dict.fromkeys(["sea", "ice", "fog", "ash"], 30)
    table = edits(thirty, thirty)
    order = ranking(("ice", True), ("sea", True), ("fog", True), ("ash", False))
    chosen = choose_edited(table, order)["cat"]
    assert table.cluster[chosen].value_counts().to_dict() == dict(ice=15, sea=10, fog=10)
    assert len(set(chosen)) == 35


FEW_FLIPS = edits(dict(sea=30, ice=5, fog=30), dict(sea=4, ice=2, fog=3))


def test_flips_come_first_and_the_largest_effects_make_up_the_number():
    order = ranking(("ice", True), ("sea", True), ("fog", False))
    chosen = FEW_FLIPS.loc[choose_edited(FEW_FLIPS, order)["cat"]]
    assert chosen.cluster.value_counts().to_dict() == dict(sea=10, ice=5)
    sea = chosen[chosen.cluster == "sea"]
    assert sea.flip.tolist() == [True] * 4 + [False] * 6
    assert sea.effect[~sea.flip].tolist() == [1 - i / 100 for i in range(6)]


def test_where_nothing_is_spurious_only_flips_are_taken():
    order = ranking(("ice", False), ("sea", False), ("fog", False))
    chosen = FEW_FLIPS.loc[choose_edited(FEW_FLIPS, order)["cat"]]
    assert chosen.flip.all()
    assert chosen.cluster.value_counts().to_dict() == dict(sea=4, fog=3, ice=2)


def test_a_class_without_any_is_left_out():
    assert choose_edited(edits(dict(sea=9), dict(sea=0)), ranking(("sea", False))) == {}


@pytest.mark.parametrize("wrong", ["first", "each"])
def test_numbers_that_exceed_the_total_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{wrong}=40 must lie in"):
        choose_edited(FEW_FLIPS, ranking(("ice", True)), **{wrong: 40})
