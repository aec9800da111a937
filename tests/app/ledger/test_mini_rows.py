"Ours: rendered worlds alone, as the study saved them."

from spurious_core.app.ledger.mini_rows import worst_groups_here
from spurious_core.app.metrics import Metrics
from support.notebooks import ROOT


def test_a_row_for_each_world_and_method():
    rows = worst_groups_here(ROOT / "figures")
    metrics = Metrics.load(ROOT / "figures/mitigation_benchmark")
    assert len(rows) == sum(key.startswith("wga.mini_") for key in metrics)
    assert rows.dataset.str.startswith("mini_").all()
    for row in rows.itertuples():
        entry = metrics[f"wga.{row.dataset}.{row.method}"]
        assert (row.wga, [row.low, row.high], row.n) == (entry["value"], entry["ci"], entry["n"])


def test_real_photographs_and_other_numbers_stay_out(tmp_path):
    metrics = Metrics()
    metrics.add("wga.bar.ERM", 0.5)
    metrics.add("ba.mini_a.ERM", 0.6)
    metrics.add("wga.mini_a.ERM", 0.7)
    metrics.save(tmp_path / "toy")
    (row,) = worst_groups_here(tmp_path, "toy").itertuples()
    assert (row.dataset, row.wga, row.low != row.low) == ("mini_a", 0.7, True)
