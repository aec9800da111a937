"A number under another generator's name, or a lead the wrong way round, would say the opposite."

import numpy as np
import pytest

from spurious_core.app.metric_keys import check_metric_key
from spurious_core.evaluate.reports import group_report
from spurious_core.papers.generators.generator_arms import SeedResults
from spurious_core.papers.generators.generator_results import (
    generator_entries,
    generator_leads,
    generator_measures,
    generator_measures_figure,
    generator_sheet,
    generator_wga,
    generator_wga_figure,
)
from support.figures import bare_bars

RIGHT = {
    ("none", "ffr"): 10,
    ("none", "aspire"): 5,
    ("a", "ffr"): 30,
    ("a", "random"): 20,
    ("b", "ffr"): 40,
    ("b", "random"): 18,
}


def report(right):
    "Of 50 pictures of each of four groups, `right` are right in the worst and all in the others."
    y, a = np.repeat([0, 0, 1, 1], 50), np.repeat([0, 1, 0, 1], 50)
    predicted = y.copy()
    predicted[right:50] = 1
    return group_report(y, a, predicted, ["x", "y"], ["c", "d"])


def seed_results(seed):
    results = SeedResults(seed)
    results.reports = {key: report(right + seed) for key, right in RIGHT.items()}
    for generator, share in dict(real=0.9, a=0.5, b=0.7).items():
        names = ("density", "coverage", "to_real") + (("to_drawn",) if generator != "real" else ())
        results.measures |= {(generator, name): share + seed / 100 + i / 50 for i, name in enumerate(names)}
    results.pictures = {
        ("a", "ffr"): np.zeros((16, 8, 8, 3), np.uint8),
        ("b", "aspire"): np.zeros((8, 8, 8, 3), np.uint8),
    }
    return results


@pytest.fixture(params=[1, 5])
def results(request):
    return [seed_results(seed) for seed in range(request.param)]


def numbers(results):
    tables = generator_wga(results), generator_leads(results, "a"), generator_measures(results)
    return {entry.pop("key"): entry for entry in generator_entries(*tables)}


def test_every_number_has_its_value_and_says_over_what(results):
    entries, n = numbers(results), len(results)
    middle = (n - 1) / 2
    for (generator, arm), right in RIGHT.items():
        assert entries[f"wga.{generator}.{arm}"]["value"] == pytest.approx((right + middle) / 50)
    assert entries["transfer.b.to_drawn"]["value"] == pytest.approx(0.7 + 3 / 50 + middle / 100)
    assert entries["density.real"]["value"] == pytest.approx(0.9 + middle / 100)
    leads = {key: entry["value"] for key, entry in entries.items() if key.startswith("wga_lead")}
    expected = {"wga_lead.b.ffr": 10 / 50, "wga_lead.b.random": -2 / 50} if n > 1 else {}
    assert leads == pytest.approx(expected)
    assert entries["coverage.a"]["over"] == "seeds" and entries["coverage.a"]["n"] == n
    assert (entries["coverage.a"]["ci"] is None) == (n < 5)
    assert entries["wga.a.ffr"]["over"] == ("seeds" if n == 5 else "images")
    for key in entries:
        check_metric_key(key, "which_generator")


def legend_of(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_figures_name_every_generator_and_arm(results):
    figure = generator_wga_figure(generator_wga(results))
    assert legend_of(figure) == ["none", "a", "b"]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["ffr", "aspire", "random"]
    figure = generator_measures_figure(results)
    assert legend_of(figure) == ["real", "a", "b"]
    rows = [text.get_text() for text in generator_sheet(results[0]).axes[0].texts]
    assert rows == ["a\nffr", "b\naspire"]


def test_measures_are_a_dot_for_each_seed_beside_a_dash_at_their_mean(results):
    (ax,) = generator_measures_figure(results).axes
    assert bare_bars(ax.figure) == 0 and not ax.patches
    dots = np.concatenate([dots.get_offsets() for dots in ax.collections if len(dots.get_offsets())])
    measured = [value for each in results for value in each.measures.values()]
    assert sorted(dots[:, 1]) == pytest.approx(sorted(measured))
    dashes = np.concatenate([line.get_xydata() for line in ax.lines if line.get_marker() == "_"])
    means = generator_measures(results).value
    assert sorted(dashes[~np.isnan(dashes[:, 1]), 1]) == pytest.approx(sorted(means))
    for x, y in dashes[~np.isnan(dashes[:, 1])]:
        assert dots[np.isclose(dots[:, 0], x), 1].mean() == pytest.approx(y)
