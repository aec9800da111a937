"Figures of the class-wise study: what is in them, and how it is marked."

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from spurious_core.papers.class_wise.pictures import (
    amount_items,
    amount_sheet,
    arm_sheet,
    jury_bars,
    reference_sheet,
    run_sheet,
)
from spurious_core.papers.class_wise.verdicts import jury_verdicts


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(fig):
    return [text.get_text() for ax in fig.axes for text in ax.texts] + [text.get_text() for text in fig.texts]


def test_amounts_grow_along_a_row_and_a_scene_has_none(world_kit):
    lamps = amount_items(world_kit, "landbird")
    assert len(lamps) == 24
    assert {item.prop for item in lamps} == {"lamp"}
    assert [item.amount for item in lamps[12:]] == [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3
    assert len({item.seed for item in lamps}) == 24
    boats = amount_items(world_kit, "boat")
    assert {item.scene for item in boats} == {"water"}
    assert {item.object for item in lamps + boats} == {None}


def test_the_title_counts_the_jurors(world_kit):
    assert "no landbird anywhere; how many of 4 jurors see one?" in texts(amount_sheet(world_kit, "landbird"))


def test_every_picture_bears_its_verdict(world_kit, planted):
    verdicts = jury_verdicts(world_kit, "landbird", planted.references)
    shown = texts(reference_sheet(planted, verdicts))
    assert "references for landbird" in shown
    votes = verdicts.filter(like="top1.").sum(axis=1)
    assert [text for text in shown if text.endswith("/4")] == [f"{int(n)}/4" for n in votes]


def test_the_smallest_arm_says_how_many_columns_there_are(world_kit, planted):
    verdicts = jury_verdicts(world_kit, "landbird", planted.references)
    arms = dict(few=planted.references[:3], many=planted.references)
    fig = arm_sheet(arms, dict(few=verdicts[:3], many=verdicts), "a title")
    assert len([text for text in texts(fig) if text.endswith("/4")]) == 6


def test_the_arms_of_a_run_have_the_verdicts_of_their_own(world_kit, planted):
    seen = jury_verdicts(world_kit, "landbird", planted.references).assign(arm="one")
    none = seen.assign(arm="two", **{column: False for column in seen if column.startswith("top1.")})
    arms = dict(two=planted.references, one=planted.references)
    shown = texts(run_sheet(world_kit, "landbird", arms, pd.concat([seen, none])))
    assert [text for text in shown if text.endswith("/4")][:8] == ["0/4"] * 8
    assert "landbird: lamp without the object" in shown


def test_bars_are_named_as_the_keys_are():
    table = pd.DataFrame(dict(metric=["hit", "in_distribution"], value=0.5, lo=0.4, hi=0.6, arm="sfsl"))
    names = [label.get_text() for label in jury_bars(table).axes[0].get_xticklabels()]
    assert [name.replace("-\n", "").replace("\n", "") for name in names] == ["hit", "in_distribution"]
