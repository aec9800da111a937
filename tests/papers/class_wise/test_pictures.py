"Figures of the class-wise study: what is in them, and how it is marked."

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.class_wise.pictures import (
    amount_items,
    amount_sheet,
    arm_sheet,
    generator_rows,
    interval_rows,
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


def test_a_row_an_arm_and_a_panel_a_metric_in_their_order():
    table = pd.DataFrame(
        dict(
            arm=["sfsl", "sfsl", "base"],
            metric=["hit", "in_distribution", "hit"],
            value=[0.5, 0.9, 0.1],
            lo=[0.4, 0.8, np.nan],
            hi=[0.6, 1.0, np.nan],
        )
    )
    hits, real = interval_rows(table, "arm", ["hit", "in_distribution"]).axes
    assert [label.get_text() for label in hits.get_yticklabels()] == ["sfsl", "base"]
    assert (hits.get_xlabel(), real.get_xlabel()) == ("hit", "in_distribution")
    assert hits.lines[0].get_xdata().tolist() == [0.5, 0.1]
    assert np.isnan(real.lines[0].get_xdata()[1])
    assert hits.get_ylim()[0] > hits.get_ylim()[1]  # the first is on top


def test_two_generators_share_a_row_and_have_a_colour_each():
    arms = dict(arm=["base", "sfsl"], value=[0.1, 0.5], lo=[0, 0.4], hi=[0.2, 0.6])
    table = pd.concat([pd.DataFrame(arms).assign(generator=name) for name in ("mini", "mini_flow")])
    ax = generator_rows(table, "consistency").axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["base", "sfsl"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["mini", "mini_flow"]
    first, second = ax.lines[:2]
    assert first.get_color() != second.get_color()
    assert (first.get_ydata() < second.get_ydata()).all()
