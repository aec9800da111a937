"Which penalties are tried at which weights, and what each leaves behind."

from types import SimpleNamespace

from spurious_core.papers.d3s.study.part_networks import OWN_AND_OTHER
from spurious_core.papers.d3s.study.penalty_weights import penalty_table, probe_penalties, weighted_penalties
from spurious_core.papers.d3s.study.study_plans import D3SPlan, plan_of_budget
from support.d3s import pictures, small_network

PLAN = D3SPlan(1, 4, 4, None, 2, 1, 1, 1, 1.0, weights=(2.0, 3.0, 4.0))


def test_a_critic_alone_has_no_linear_part_and_the_linear_part_no_critic():
    tried = weighted_penalties(PLAN)
    assert len({(p.name, p.weight) for p in tried}) == len(tried) == 12
    for penalty in tried:
        config, alone = penalty.config, "linear" not in penalty.name
        assert (config.linear == 0) == alone
        assert (config.penalty == "none") == (penalty.name == "linear")
        assert penalty.weight == (config.linear if penalty.name == "linear" else config.weight)
    assert {p.weight for p in tried if p.name == "mine_linear"} == {2.0, 3.0}


def test_without_weights_nothing_is_trained_and_the_table_is_empty():
    assert weighted_penalties(plan_of_budget("quick")) == []
    study = SimpleNamespace(plan=plan_of_budget("quick"))
    data = pictures()
    data.manifest = data.manifest.assign(kept=True, split=["train", "val", "test"] * 40)
    rows = probe_penalties(study, small_network(), data)
    assert len(rows) == 0
    assert penalty_table(rows).shape == (0, 4)


def test_keys_and_table_of_what_was_trained(tmp_path):
    plan = D3SPlan(1, 4, 4, None, 2, 1, 1, 1, 1.0, (5.0,), dict(pretrain=1, steps=1, batch=48, widths=(4,)))
    study = SimpleNamespace(plan=plan, seed=3, device="cpu", folder=tmp_path, dataset="mini_x")
    data = pictures(240)
    data.manifest = data.manifest.assign(kept=True, split=["train"] * 120 + ["val"] * 60 + ["test"] * 60)
    rows = probe_penalties(study, small_network(), data)
    assert {key.partition(".")[2] for key in rows.key} == {
        "mini_x.linear_0_3",
        "mini_x.linear_1",
        *(f"mini_x.{name}_5" for name in ("wasserstein", "mine", "wasserstein_linear", "mine_linear")),
    }
    assert {key.partition(".")[0] for key in rows.key} == {f"weights_{probe}" for probe in OWN_AND_OTHER}
    assert (tmp_path / "networks" / "mine_linear_weight5_seed3").is_dir()
    table = penalty_table(rows)
    assert table.shape == (6, 4)
    assert isinstance(table.loc[("mine", 5.0), "bg_from_fg"], float)
    assert (rows.n == 60).all()
