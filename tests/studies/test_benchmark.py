"The benchmark on a data set of one's own: a Waterbirds folder in the public layout."

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.core.settings import load_profile
from spurious_core.papers.mitigation import split_counts
from support.study_cells import run_cells

PLACES = dict(cat=("sofa", "bed"), dog=("bench", "bike"))


@pytest.fixture
def waterbirds(tmp_path):
    "Red for water birds, blue for water; three splits, in a table whose rows are in no order."
    root = tmp_path / "waterbird_complete95_forest2water2"
    rng = np.random.default_rng(0)
    rows = []
    for i in range(120):
        y, place = i % 2, int(rng.integers(2))
        name = f"{i % 3:03d}.species/bird_{i}.jpg"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        image = rng.integers(0, 60, (40, 40, 3)).astype(np.uint8)
        image[..., 0] += np.uint8(150 * y)
        image[..., 2] += np.uint8(120 * place)
        Image.fromarray(image).save(root / name)
        row = dict(img_id=i, img_filename=name, y=y, split=i // 2 % 3)
        rows.append(row | dict(place=place, place_filename=f"/x/{i}.jpg"))
    pd.DataFrame(rows).sample(frac=1, random_state=0).to_csv(root / "metadata.csv", index=False)
    return root


def run(folder, until=(), **parameters):
    "The names that the benchmark's cells leave, at budget `smoke` and in this process."
    parameters = dict(budget="smoke", out=str(folder)) | parameters
    return run_cells("mitigation_benchmark", until, **parameters)


def numbers(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_benchmark_on_a_folder_of_your_own(waterbirds, tmp_path):
    given = dict(world="waterbirds", root=str(waterbirds), size=32, settings="mini_waterbirds")
    run(tmp_path / "run", methods=["ERM", "DFR"], **given)
    m = numbers(tmp_path / "run")
    for method in ("ERM", "DFR"):
        for measure in ("wga", "ba", "average", "average_reweighted", "seconds"):
            assert f"{measure}.waterbirds.{method}" in m
        worst, average = (m[f"{measure}.waterbirds.{method}"]["value"] for measure in ("wga", "average"))
        assert 0 <= worst <= average <= 1


def write_pictures(root, parts):
    "Pictures of cats and dogs whose red tells the class: `parts` are folders and how many each holds."
    rng = np.random.default_rng(0)
    for folder, n in parts.items():
        (root / folder).mkdir(parents=True)
        for i in range(n):
            pixels = rng.integers(0, 60, (40, 40, 3)).astype(np.uint8)
            pixels[..., 0] += np.uint8(150 * ("dog" in folder))
            Image.fromarray(pixels).save(root / folder / f"{i}.jpg")


def run_on(root, out, **params):
    "The numbers of a run on a folder of one's own, and the names of its groups."
    names = run(out, root=str(root), size=32, **params)
    return numbers(out), group_names(names)


def group_names(names):
    "What the study's table of counts calls the groups."
    return set(split_counts(names["sets"]).index.get_level_values("group"))


def test_ones_own_classes_have_their_names_and_a_backbone_its_device(tmp_path):
    root = tmp_path / "pets"
    parts = {
        f"{split}/{pet}": n for split, n in dict(train=20, val=8, test=15).items() for pet in ("cat", "dog")
    }
    write_pictures(root, parts)
    measured, groups = run_on(
        root, tmp_path / "run", world="imagefolder", methods=["ERM"], backbone=load_profile("mini").guide
    )
    assert {"wga.imagefolder.ERM", "ba.imagefolder.ERM", "seconds.imagefolder.ERM"} <= set(measured)
    assert groups == {"cat, none", "dog, none"}


def test_metashift_is_trained_with_the_default_settings_and_the_methods_that_it_allows(tmp_path):
    root = tmp_path / "MetaDatasetCatDog"
    write_pictures(
        root,
        {f"train/{pet}/{pet}({place})": 10 for pet, places in PLACES.items() for place in places}
        | {"test/cat/cat(shelf)": 20, "test/dog/dog(shelf)": 20},
    )
    measured, groups = run_on(root, tmp_path / "run", world="metashift_disc")
    assert {key for key in measured if key.startswith("wga.")} == {"wga.metashift_disc.ERM"}
    assert "cat, sofa" in groups
    with pytest.raises(ValueError, match="DFR needs at least 2 validation images of each group"):
        run_on(root, tmp_path / "refused", world="metashift_disc", methods=["ERM", "DFR"])
    assert not (tmp_path / "refused" / "fits").exists()


@pytest.mark.parametrize(
    "params, why",
    [
        (dict(world="tetris"), "world='tetris' is unknown; allowed: waterbirds, celeba, digits"),
        (dict(methods=["magic"]), "method='magic' is unknown; allowed: ERM"),
        (dict(world="waterbirds", root="/nowhere"), "nowhere"),
    ],
)
def test_bad_parameters_are_named(params, why, tmp_path):
    with pytest.raises((ValueError, FileNotFoundError), match=why):
        run(tmp_path / "run", **params)


def test_a_second_run_reads_what_the_first_has_fitted_and_other_settings_start_afresh(tmp_path):
    folder = tmp_path / "run"
    settings = dict(world="digits", methods=["ERM"])

    def fits():
        return {path.name: path.stat().st_mtime_ns for path in (folder / "fits").iterdir()}

    run(folder, **settings)
    first, kept = numbers(folder), fits()
    (name,) = kept
    assert name.startswith("digits.0.ERM.")
    assert name.endswith(".safetensors")
    run(folder, **settings)
    assert numbers(folder) == first
    assert fits() == kept
    run(folder, selection="average", **settings)
    assert len(fits()) == 2
    assert kept.items() <= fits().items()


def test_the_rendered_worlds_are_the_hard_ones_unless_told_otherwise(tmp_path):
    def groups(**parameters):
        data = run(tmp_path, ("split_counts(sets)",), world="celeba", methods=["ERM"], **parameters)
        return group_names(data), [source.preset_name for source in data["sources"]]

    hard, hard_settings = groups()
    plain, plain_settings = groups(hard=False)
    assert "woman, dark" in hard and "woman, dark" not in plain
    assert "blond, man" in plain
    assert (hard_settings, plain_settings) == (["mini_celeba_hard"], ["mini_celeba"])
