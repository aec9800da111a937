"From verdicts to rows, keys and wide tables."

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.class_wise.tables import (
    Folded,
    arm_scores,
    by_arm,
    by_class,
    by_pair,
    dataset_key,
    metric_entries,
    one_row_a_run,
    reference_table,
    spread,
    the_bar,
)
from spurious_core.papers.class_wise.verdicts import jury_verdicts


@pytest.fixture
def verdicts():
    "Two arms, two runs of two classes, four pictures each."
    rows = [
        dict(arm=arm, label=label, run=f"{label}-0", consistency=i < n, diversity=n / 4)
        for label, counts in {"polar bear": (1, 3), "car": (0, 2)}.items()
        for arm, n in zip(("plain", "loss"), counts, strict=True)
        for i in range(4)
    ]
    return pd.DataFrame(rows)


def test_a_row_an_arm(verdicts):
    table = by_arm(verdicts, ["consistency"])
    assert table.arm.tolist() == ["plain", "loss"]
    assert table.value.tolist() == [1 / 8, 5 / 8]
    assert table.n.tolist() == [8, 8]


def test_differences_are_taken_run_by_run(verdicts):
    table = by_pair(verdicts, [("loss", "plain"), ("plain", "loss")], ["consistency"])
    assert table.pair.tolist() == ["loss_minus_plain", "plain_minus_loss"]
    assert table.value.tolist() == [0.5, -0.5]
    assert table.n.tolist() == [8, 8]
    assert table.over.tolist() == ["images within runs"] * 2
    assert (table.lo < table.value).all()  # both runs gained the same, and yet
    assert (table.value < table.hi).all()
    assert (table[["lo", "hi"]].abs() <= 1).all().all()


@pytest.fixture
def many():
    "Six classes with two runs each; `sfsl` gains 0.5 in half of the classes and nothing in the others."
    rows = [
        dict(arm=arm, label=label, run=f"{label}-{seed}", consistency=i < 1 + gain * (label < "d"))
        for label in "abcdef"
        for seed in range(2)
        for arm, gain in dict(sfsl=2, dreambooth_2x=0, dreambooth_reranked=1).items()
        for i in range(4)
    ]
    return pd.DataFrame(rows)


def test_with_five_classes_the_interval_is_over_classes(many):
    row = by_pair(many, [("sfsl", "dreambooth_2x")], ["consistency"]).iloc[0]
    assert (row.value, row.n, row.over) == (0.25, 12, "runs of 6 classes")
    assert row.lo <= 0 < row.hi <= 0.5  # three classes of six may well be none of another six
    assert by_arm(many, ["consistency"]).over.unique().tolist() == ["runs of 6 classes"]


def test_no_pair_is_an_empty_table(many):
    assert list(by_pair(many, [], ["consistency"]))[-1] == "pair"
    assert by_pair(many, [], ["consistency"]).empty


def test_a_control_is_called_by_what_is_other_in_it(many):
    controlled = pd.concat([many, many[many.arm == "sfsl"].assign(arm="sfsl_plain_guide")])
    pairs = [("sfsl", "sfsl_plain_guide"), ("sfsl_plain_guide", "dreambooth_2x")]
    names = by_pair(controlled, pairs, ["consistency"]).pair.tolist()
    assert names == ["sfsl_minus_plain_guide", "sfsl_plain_guide_minus_dreambooth_2x"]


def test_a_pair_is_compared_where_both_have_runs(many):
    fewer = many[(many.arm != "sfsl") | many.run.str.endswith("0")]
    assert by_pair(fewer, [("sfsl", "dreambooth_2x")], ["consistency"]).n.tolist() == [6]


def test_the_bar_is_the_better_of_two_rivals(many):
    bar = the_bar(many, "consistency")
    assert bar.pair.tolist() == ["sfsl_minus_best_plain"]
    assert bar.compared.tolist() == ["sfsl - dreambooth_reranked"]
    assert bar.value.tolist() == [0.125]
    controlled = pd.concat([many, many[many.arm == "sfsl"].assign(arm="sfsl_wrong_components")])
    assert the_bar(controlled, "consistency").set_index("pair").value["sfsl_minus_wrong_components"] == 0
    assert the_bar(many[many.arm == "sfsl"], "consistency").empty


def test_a_number_of_the_whole_set_counts_once_a_run(verdicts):
    whole = by_arm(one_row_a_run(verdicts), ["diversity"])
    assert whole[["n", "over"]].to_numpy().tolist() == [[2, "runs"]] * 2
    assert set(by_class(one_row_a_run(verdicts), ["diversity"]).over) == {"runs"}


def test_a_row_a_class_and_its_key(verdicts):
    table = by_class(verdicts, ["consistency", "diversity"])
    first = table.iloc[0]
    assert first.tolist() == ["polar bear", "plain", "consistency", 0.25, 4, "images", "polar_bear"]

    wide = spread(table)
    assert wide.index.tolist() == ["polar bear", "car"]
    assert wide.columns.tolist() == [
        (metric, arm) for metric in ("consistency", "diversity") for arm in ("plain", "loss")
    ]
    assert wide.loc["car", ("consistency", "loss")] == 0.5


def test_entries_have_an_interval_or_none_and_nothing_is_not_entered(verdicts):
    table = by_class(verdicts, ["consistency"])
    entry = next(metric_entries(table, "clean"))
    assert entry == ("consistency.plain.polar_bear", 0.25, None, 4, "images")
    missing = table.assign(value=[np.nan, 1.0, np.nan, 0.0])
    assert len(list(metric_entries(missing, "clean"))) == 2
    (entry, *_) = metric_entries(by_arm(verdicts, ["consistency"]), "clean")
    assert entry[2][0] < entry[1] < entry[2][1]
    assert entry[3:] == (8, "images within runs")


def test_keys_name_metric_data_and_arm_but_for_three_metrics(verdicts, kit, world_kit):
    hits = verdicts.rename(columns=dict(consistency="hit"))
    tables = [
        by_arm(hits, ["hit", "diversity"]),
        by_pair(hits, [("loss", "plain")], ["hit", "diversity"]),
        by_class(hits, ["hit", "diversity"]),
    ]
    data = dataset_key(world_kit)
    keys = [[entry[0] for entry in metric_entries(table, data)][:2] for table in tables]
    assert keys == [
        ["hit.imagenet_like.plain", "diversity.plain"],
        ["hit.imagenet_like.loss_minus_plain", "diversity.loss_minus_plain"],
        ["hit.imagenet_like_polar_bear.plain", "diversity.plain.polar_bear"],
    ]
    assert dataset_key(kit) == "own"


def test_references_fool_the_guide_and_divide_the_jury(world_kit, planted, kit):
    seen = dict(landbird=jury_verdicts(world_kit, "landbird", planted.references))
    row = reference_table(world_kit, seen).loc["landbird"]
    assert row.planted == "lamp"
    assert row["all jurors"] == seen["landbird"].consistency.mean() < row["each juror, mean"]
    assert "planted" not in reference_table(kit, seen)


def test_pictures_of_the_class_itself_are_no_better_than_chance_and_empty_ones_perfect(world_kit, planted):
    sets = dict(references=planted.references, empty=planted.object_free[:20])
    verdicts = pd.concat(
        jury_verdicts(world_kit, "landbird", images).assign(arm=arm, label="landbird", run="landbird-0")
        for arm, images in sets.items()
    )
    scores = arm_scores(world_kit, planted, verdicts, 80).set_index("arm")
    assert scores.spurious_auc["references"] < scores.spurious_auc["empty"]
    assert scores.spurious_auc["empty"] > 0.95
    assert scores.run.eq("landbird-0").all()


def test_an_arm_that_only_draws_the_object_has_no_score(world_kit, planted):
    verdicts = jury_verdicts(world_kit, "landbird", planted.references).assign(
        arm="a", label="landbird", run="r"
    )
    shown = verdicts.assign(class_object_absent=False)
    assert arm_scores(world_kit, planted, shown, 80).empty
    unseen = verdicts.drop(columns="class_object_absent")
    assert len(arm_scores(world_kit, planted, unseen, 80)) == 1


def test_a_folded_table_is_a_line_as_text():
    folded = Folded(pd.DataFrame(dict(value=[0.5, np.nan])), "two numbers")
    assert repr(folded) == "two numbers"
    html = folded._repr_html_()
    assert html.startswith("<details><summary>two numbers</summary>")
    assert "0.500" in html and "NaN" not in html
