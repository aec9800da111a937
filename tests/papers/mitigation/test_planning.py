"Names, settings and images of a data set must belong together, whoever's data it is."

import pytest

from spurious_core.data.reading import READERS
from spurious_core.mitigate.presets import MITIGATION_PRESETS, preset
from spurious_core.mitigate.registry import METHODS
from spurious_core.papers.mitigation.planning import (
    BENCHMARK_BUDGETS,
    SAME_PICTURES,
    BenchmarkSource,
    fitting_methods,
    plan_benchmark,
    refusals,
)
from support.data_trees import SPLITS, A, Y, agrees, put, put_parquet

N = dict(train=40, val=20, test=30)


@pytest.mark.parametrize(
    "source, name, settings",
    [
        (dict(world="waterbirds"), "mini_waterbirds", "mini_waterbirds_hard"),
        (dict(world="celeba", hard=False), "mini_celeba", "mini_celeba"),
        (dict(world="digits"), "mini_digits", "mini_digits"),
        (dict(world="digits", hard=False), "mini_digits", "mini_digits"),
        (dict(world="waterbirds", root="/data"), "waterbirds", "waterbirds"),
        (dict(world="imagefolder", root="/data"), "imagefolder", "default"),
        (dict(world="metashift_disc", root="/data"), "metashift_disc", "default"),
        (dict(world="waterbirds_parquet", root="/data"), "waterbirds_parquet", "waterbirds"),
        (dict(world="wilds_waterbirds", root="/data"), "wilds_waterbirds", "waterbirds"),
        (dict(world="wilds_celeba", root="/data"), "wilds_celeba", "celeba"),
        (dict(world="wilds_celeba", root="/data", settings="default"), "wilds_celeba", "default"),
        (dict(world="celeba", settings="mini_digits"), "mini_celeba", "mini_digits"),
    ],
)
def test_every_data_set_has_a_name_and_settings(source, name, settings):
    source = BenchmarkSource(**source)
    assert (source.name, source.preset_name) == (name, settings)
    for method in METHODS:
        assert source.config(method) == preset(settings, method).for_method(METHODS[method])
    assert source.config("ERM", epochs=3).epochs == 3


def test_validation_and_test_are_balanced_and_seeds_differ():
    source = BenchmarkSource("waterbirds")
    train, val, test = source.load(0, dict(train=400, val=200, test=200))
    assert [len(train), len(val), len(test)] == [400, 200, 200]
    assert train.counts()["all"].min() < 20 < 35 < min(d.counts()["all"].min() for d in (val, test))
    assert (source.load(1, N)[0].pixels != source.load(0, N)[0].pixels).any()
    assert BenchmarkSource("celeba").load(0, N)[0].attributes == ["blond", "dark"]
    assert BenchmarkSource("celeba", hard=False).load(0, N)[0].attributes == ["woman", "man"]


def test_a_folder_brings_its_own_labels_and_size(tmp_path):
    labels, attributes = ["cat", "dog"], ["sofa", "bench"]
    rows = ["file_name,label,attribute,split"]
    for i, (y, a, split) in enumerate(zip(Y, A, SPLITS, strict=True)):
        put(tmp_path / f"{i}.png", y, a, i)
        rows.append(f"{i}.png,{labels[y]},{attributes[a]},{split}")
    (tmp_path / "metadata.csv").write_text("\n".join(rows) + "\n")
    parts = BenchmarkSource("imagefolder", str(tmp_path), size=4).load(0, N)
    assert [len(data) for data in parts] == [SPLITS.count(split) for split in ("train", "val", "test")]
    assert parts[0].group_names == ["cat, bench", "cat, sofa", "dog, bench", "dog, sofa"]
    assert parts[2].images().shape == (SPLITS.count("test"), 4, 4, 3)
    red = parts[0].images()[:, 0, 0, 0]
    assert (red == parts[0].y * 10).all()
    assert not agrees(parts[0])  # bench comes before sofa


@pytest.mark.parametrize(
    "wrong, why",
    [
        (
            dict(world="tetris"),
            "world='tetris' .*: waterbirds, celeba, digits; with root=FOLDER also .*imagefolder",
        ),
        (dict(world="digits", root="/data"), "world='digits' is unknown; allowed: .*imagefolder"),
        (dict(world="celeba", settings="cats"), "settings='cats' is unknown; allowed: waterbirds, celeba"),
    ],
)
def test_unknown_names_are_refused_before_any_work(wrong, why):
    with pytest.raises(ValueError, match=why):
        BenchmarkSource(**wrong)


def test_the_committed_evidence_has_its_numbers():
    plan = BENCHMARK_BUDGETS["full"]
    assert plan.worlds == ("waterbirds", "celeba", "digits")
    assert plan.methods == tuple(METHODS)
    assert (plan.n_seeds, plan.n, plan.epochs) == (5, dict(train=1200, val=400, test=2000), None)
    assert BENCHMARK_BUDGETS["quick"].n == dict(train=1200, val=400, test=1000)


def test_what_is_given_takes_the_budgets_place():
    plan = plan_benchmark("smoke", seed=7, world="digits", methods=["groupdro", "erm"])
    assert (plan.worlds, plan.methods, list(plan.seeds)) == (("digits",), ("GroupDRO", "ERM"), [7])
    assert plan.epochs == 1
    assert list(plan_benchmark("full", seed=7, seeds=2).seeds) == [7, 8]
    with pytest.raises(ValueError, match="method='magic' is unknown; allowed: ERM"):
        plan_benchmark("smoke", methods=["magic"])
    with pytest.raises(ValueError, match="budget='dry' is unknown; allowed: smoke, quick, full"):
        plan_benchmark("dry")


def test_layouts_of_the_same_pictures_are_readers_and_have_a_preset():
    assert set(SAME_PICTURES) <= set(READERS) and set(SAME_PICTURES.values()) <= set(MITIGATION_PRESETS)


def test_a_benchmark_reads_parquet_files(tmp_path):
    for split in ("train", "validation", "test"):
        put_parquet(tmp_path / f"data/{split}-00000-of-00001.parquet", [0, 1, 1], [0, 1, 0])
    sets = BenchmarkSource("waterbirds_parquet", str(tmp_path), size=4).load(0, N)
    assert all(agrees(data) and data.y.tolist() == [0, 1, 1] for data in sets)


def test_what_cannot_be_fitted_is_known_before(sets):
    train, val, test = sets
    assert list(refusals(METHODS, train, val)) == ["DDB"]
    lacking = train.subset(train.group != 1)
    refused = refusals(METHODS, lacking, val)
    assert {"Resample", "GroupDRO"} <= set(refused)
    assert not {"ERM", "JTT"} & set(refused)
    plan = plan_benchmark("quick")
    assert fitting_methods(plan, (lacking, val, test), False) == [m for m in METHODS if m not in refused]
    asked = plan_benchmark("quick", methods=["ERM", "Resample"])
    with pytest.raises(ValueError, match=r"Resample balances groups.*\(cat, bench\)"):
        fitting_methods(asked, (lacking, val, test), True)
    alone = plan_benchmark("quick", methods=["Resample"])
    with pytest.raises(ValueError, match="Resample balances groups"):
        fitting_methods(alone, (lacking, val, test), False)
