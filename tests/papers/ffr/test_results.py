"The tables of a comparison, on records whose numbers are known."

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from spurious_core.evaluate.comparisons import holm
from spurious_core.evaluate.intervals import cautious_interval
from spurious_core.evaluate.reports import group_report
from spurious_core.papers.ffr.budgets import SYNTHETIC
from spurious_core.papers.ffr.comparing import ArmResults
from spurious_core.papers.ffr.planning import plan_ffr
from spurious_core.papers.ffr.results import (
    arms_table,
    chosen_rates,
    ffr_entries,
    ffr_leads,
    flips_figure,
    leads_in_words,
    origin_by_arm,
    origin_by_ratio,
    origin_sheet,
    origin_wide,
    synthetic_table,
    wga_by_arm,
    wga_figure,
)
from support.legends import covering_legends

RIGHT = dict(none=10, usb=14, asb=12, ffr=16, synthetic_only=18)  # of 20 in the worst group
FLIPS = dict(none=0.0, usb=0.2, asb=0.4, ffr=0.1)


def report(right):
    "All right but for group 0, where `right` of 20 are."
    y, a = np.repeat([0, 0, 1, 1], 20), np.tile(np.repeat([0, 1], 20), 2)
    predicted = y.copy()
    predicted[: 20 - right] = 1
    return group_report(y, a, predicted, ["landbird", "waterbird"], ["land", "water"])


def record(seed, ratio):
    reports = {(arm, "ERM"): report(right - seed % 2) for arm, right in RIGHT.items()}
    probes = {
        arm: pd.DataFrame(dict(auc=[0.7, 0.9], flips=[share, share + 0.2])) for arm, share in FLIPS.items()
    }
    return ArmResults(seed, ratio, 0.1 * (seed + 1), reports, probes)


@pytest.fixture(scope="module")
def plan():
    return plan_ffr("full", ratios=[0.9, 0.99], methods=["ERM"])


@pytest.fixture(scope="module")
def records(plan):
    return [record(seed, ratio) for ratio in plan.ratios for seed in plan.seeds]


@pytest.fixture(autouse=True)
def no_figures_left():
    yield
    plt.close("all")


def test_arms_are_means_over_seeds(records, plan):
    table = arms_table(records, plan)
    wga = table[table.metric == "wga"].set_index(["ratio", "synthetic"]).value
    assert wga[0.9, "usb"] == pytest.approx((3 * 14 + 2 * 13) / 5 / 20)
    assert set(table.metric) == {"wga", "ba"}
    assert len(table) == 2 * 2 * 5
    wide = wga_by_arm(table)
    assert list(wide) == [*SYNTHETIC, "synthetic_only"]
    assert wide.loc[("ERM", 0.99), "ffr"] == 0.78


def test_an_arm_that_is_not_there_leaves_its_cell_empty(plan):
    others = [
        ArmResults(0, 0.9, 1.0, {(arm, m): report(n) for arm, n in RIGHT.items() for m in ("ERM", "DFR")})
    ]
    two = plan_ffr("smoke", methods=["ERM", "DFR"])
    wide = wga_by_arm(arms_table(others, two))
    assert wide.synthetic_only.tolist() == ["", 0.9]


def test_leads_are_paired(records, plan):
    leads = ffr_leads(records, plan).set_index(["ratio", "against"])
    for other in ("usb", "asb", "none"):
        row = leads.loc[(0.9, other)]
        lead = (RIGHT["ffr"] - RIGHT[other]) / 20
        assert row.value == pytest.approx(lead)
        assert (row.lo, row.hi) == pytest.approx(cautious_interval(lead, 5, (-1, 1)))  # all seeds agree
        assert row.n == 5
    assert leads_in_words(ffr_leads(records, plan)).loc[("ERM", 0.9), "usb"] == "+0.100 [-0.601, +0.714]"


def test_a_star_holds_for_all_comparisons_together(records, plan):
    "Five seeds that agree are p = 1/16 at best; one with p = .02 is none among six, one with .001 is."
    leads = ffr_leads(records, plan)
    assert len(leads) == 6 and (leads.p_holm > 0.05).all()
    leads["p_holm"] = holm([0.02, 0.001, 0.5, 0.5, 0.5, 0.5])
    words = leads_in_words(leads).stack()
    assert words.str.endswith("*").sum() == 1
    assert words.loc[("ERM", leads.ratio[1], leads.against[1])].endswith("] *")
    small = leads_in_words(leads.assign(value=0.0004, lo=-0.0002, hi=0.5)).stack()
    assert small.str.startswith("+0.0004 [-0.0002, +0.500]").all()


def test_one_seed_has_no_lead_and_one_interval_over_images():
    plan = plan_ffr("smoke")
    leads = ffr_leads([record(0, 0.9)], plan)
    assert len(leads) == 0
    assert leads_in_words(leads) == "one seed has no interval"
    table, origin = arms_table([record(0, 0.9)], plan), origin_by_arm([record(0, 0.9)])
    entries = {entry["key"]: entry for entry in ffr_entries(plan, table, leads, origin)}
    usb = dict(key="shortcut.all.usb_ERM", value=pytest.approx(0.3), ci=None, n=1, over="seeds")
    assert entries["shortcut.all.usb_ERM"] == usb
    assert entries["wga.mini_waterbirds_90.ffr_ERM"]["over"] == "images"
    assert entries["wga.mini_waterbirds_90.ffr_ERM"]["value"] == 0.8
    low, high = entries["wga.mini_waterbirds_90.ffr_ERM"]["ci"]
    assert low < 0.8 < high


def test_the_probe_is_averaged_over_groups_then_seeds(records):
    by_ratio = origin_by_ratio(records)
    assert origin_wide(by_ratio).loc["flips", 0.9].tolist() == [0.1, 0.3, 0.5, 0.2]
    assert origin_wide(by_ratio).loc["auc", 0.99].tolist() == [0.8] * 4
    by_arm = origin_by_arm(records)
    assert set(by_arm.n) == {5}
    assert by_arm[by_arm.measure == "flips"].value.tolist() == pytest.approx([0.1, 0.3, 0.5, 0.2])


def test_keys_say_data_set_ratio_arm_and_method(records, plan):
    celeba = plan_ffr("full", world="celeba", ratios=[0.9, 0.99], methods=["ERM"])
    tables = arms_table(records, plan), ffr_leads(records, plan), origin_by_arm(records)
    keys = [entry["key"] for entry in ffr_entries(celeba, *tables)]
    assert len(keys) == len(set(keys)) == 20 + 6 + 8
    assert {"ba.mini_celeba_99.synthetic_only_ERM", "ffr_minus_usb.0.9", "shortcut_auc.all.none_ERM"} <= set(
        keys
    )
    other = tables[1].assign(method="DFR")
    assert ffr_entries(plan, tables[0][:0], other, tables[2][:0])[0]["key"] == "ffr_minus_usb.0.9.DFR"


def test_rates_by_seed_and_ratio(records):
    rates = chosen_rates(records)
    assert rates.loc[3, 0.99] == pytest.approx(0.4)
    assert rates.shape == (5, 2)


def test_pictures_show_what_they_are_given(records, plan, grouped, real, pool):
    figure = wga_figure(arms_table(records, plan), plan)
    assert covering_legends(figure) == []
    lines = {line.get_label(): line.get_ydata().tolist() for line in figure.axes[0].lines}
    assert lines["usb"] == pytest.approx([0.68, 0.68])
    assert lines["synthetic only"] == pytest.approx([0.88, 0.88])
    heights = sorted(
        {round(bar.get_height(), 3) for bar in flips_figure(origin_by_ratio(records)).axes[0].patches}
    )
    assert heights == [0.1, 0.2, 0.3, 0.5]
    sheet = origin_sheet(grouped([4] * 4), pool, 4)
    assert [text.get_text() for text in sheet.axes[0].texts][:2] == ["no, left\nreal", "no, left\nsynthetic"]
    added = synthetic_table(real)
    assert added["usb: synthetic"].tolist() == [0, 38, 37, 0]
    assert added["ffr: synthetic"].tolist() == [19, 19, 19, 18]
