"Numbers: finite, with intervals the right way up, in one format."

import math

import numpy as np
import pytest

from spurious_core.app.metrics import Metrics
from support.notebooks import ROOT


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '{"a": {"value": 1}}',
        '{"a": {"value": NaN, "ci": null, "n": 1}}',
        "[]",
        "{}",
        "{",
        '{"a b": {"value": 1, "ci": null, "n": 1}}',
        '{"a": {"value": "1", "ci": null, "n": 1}}',
        '{"a": {"value": 1, "ci": [2, 1], "n": 1}}',
        '{"a": {"value": 1, "ci": 3, "n": 1}}',
        '{"a": {"value": 1, "ci": {"a": 1, "b": 2}, "n": 1}}',
        '{"a": {"value": 1, "ci": null, "n": 1, "under": "runs"}}',
        '{"a": {"value": 1, "ci": null, "n": 1, "over": 3}}',
        '{"a": {"value": 1, "ci": null, "n": null, "over": "runs"}}',
    ],
)
def test_malformed_numbers(tmp_path, text):
    (tmp_path / "metrics.json").write_text(text)
    with pytest.raises(ValueError, match=f"^{tmp_path}/metrics.json"):
        Metrics.load(tmp_path)


def test_metrics_take_numpy_and_give_plain_numbers(tmp_path):
    m = Metrics()
    m.add("wga.toy.ERM", np.float32(0.5), ci=np.array([0.25, 0.75]), n=np.int64(3), over="runs")
    m.add("wga.toy.DFR", 2)
    assert Metrics.load(m.save(tmp_path).parent) == {
        "wga.toy.ERM": dict(value=0.5, ci=[0.25, 0.75], n=3, over="runs"),
        "wga.toy.DFR": dict(value=2, ci=None, n=None),
    }
    assert list(m.frame().columns) == ["value", "low", "high", "n", "over"]
    assert "consist" not in repr(m)
    assert "<table" in m._repr_html_()
    assert repr(Metrics())


def test_an_entry_says_what_n_counts_and_old_files_load(tmp_path):
    metrics = Metrics()
    metrics.add("wga.toy.ERM", 0.5, (0.4, 0.6), 12, "images within runs")
    assert Metrics.load(metrics.save(tmp_path).parent) == metrics
    assert metrics["wga.toy.ERM"] == dict(value=0.5, ci=[0.4, 0.6], n=12, over="images within runs")
    assert metrics.frame().over.tolist() == ["images within runs"]
    (tmp_path / "metrics.json").write_text('{"a": {"value": 1, "ci": [0, 2], "n": 3}}')
    old = Metrics.load(tmp_path)
    assert old == {"a": dict(value=1, ci=[0.0, 2.0], n=3)}
    assert "None" not in repr(old)


def test_an_interval_with_n_says_what_n_counts():
    metrics = Metrics()
    with pytest.raises(
        ValueError, match="metric wga.toy.ERM: an interval with n=3 needs over: what n counts"
    ):
        metrics.add("wga.toy.ERM", 1, (0, 2), 3)
    assert not metrics
    metrics.add("wga.toy.ERM", 1, n=3)
    metrics.add("wga.toy.DFR", 1, (0, 2))
    assert list(metrics) == ["wga.toy.ERM", "wga.toy.DFR"]


def test_two_nans_are_no_interval():
    metrics = Metrics()
    metrics.add("wga.toy.ERM", 0.5, (math.nan, math.nan), 2)
    assert metrics["wga.toy.ERM"]["ci"] is None


@pytest.mark.parametrize(
    "entry",
    [
        dict(value=math.nan),
        dict(value=math.inf),
        dict(value=10**400),
        dict(value=1.0, n=10**30, over="images"),
        dict(value=True),
        dict(value="1"),
        dict(value=1, n=0),
        dict(value=1, n=1.5),
        dict(value=1, ci=(2, 1)),
        dict(value=1, ci=(0, math.nan)),
        dict(value=1, ci=(1,)),
        dict(value=1, n=2, over=""),
    ],
)
def test_bad_metrics(entry):
    with pytest.raises(ValueError, match="metric wga.toy.ERM"):
        Metrics().add("wga.toy.ERM", **entry)


COMMITTED = sorted(path.parent for path in ROOT.glob("figures/*/metrics.json"))


@pytest.mark.parametrize("folder", COMMITTED, ids=lambda path: path.name)
def test_committed_numbers_say_what_they_count(folder):
    committed, again = Metrics.load(folder), Metrics()
    for key, entry in committed.items():
        again.add(key, entry["value"], entry["ci"], entry["n"], entry.get("over"))
    assert [key for key, entry in committed.items() if (entry["n"] is None) == ("over" in entry)] == []


def test_rows_of_texts_have_whole_counts_and_intervals_in_brackets():
    metrics = Metrics({"rows": dict(value=20000, ci=None, n=None)})
    metrics.add("wga.toy.ERM", 1, (0.5, 1), 4, "runs")
    assert metrics.rows() == [("rows", "20,000", "", ""), ("wga.toy.ERM", "1", "[0.500, 1.000]", "4 runs")]
