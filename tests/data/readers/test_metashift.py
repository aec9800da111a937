"MetaShift"

import re

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.readers.metashift import metashift_disc, metashift_subpop
from support.data_trees import agrees, put


def test_metashift_disc(tmp_path):
    places = ["sofa", "bed", "boat", "surfboard", "shelf"]
    root = tmp_path / "MetaDatasetCatDog"
    for s, y, p in (
        ("train", "cat", "sofa"),
        ("train", "cat", "bed"),
        ("train", "dog", "boat"),
        ("train", "dog", "surfboard"),
        ("test", "cat", "shelf"),
        ("test", "dog", "shelf"),
    ):
        for i in range(20):
            put(root / f"{s}/{y}/{y}({p})/{i}.jpg", int(y == "dog"), places.index(p))
    for r in (root, tmp_path):
        d = metashift_disc(r, dog_group=4)
        assert d.attributes == places
        assert agrees(d)
        assert len(d.split("train")) == 80
        assert len(d.split("val")) == 6
        assert len(d.split("test")) == 34
        assert set(d.split("val").a) == set(d.split("test").a) == {4}
        assert 4 not in d.split("train").a
    with pytest.raises(
        FileNotFoundError,
        match=re.escape("expected the folder ")
        + ".*"
        + re.escape("dog(bench)")
        + ".*holds "
        + re.escape("dog(boat)"),
    ):
        metashift_disc(root)
    with pytest.raises(ValueError, match="dog_group=5"):
        metashift_disc(root, dog_group=5)
    for f in (root / "test/dog/dog(shelf)").iterdir():
        f.unlink()
    with pytest.raises(ValueError, match="expected images .*holds nothing"):
        metashift_disc(root, dog_group=4)


def test_metashift_subpop(tmp_path):
    root = tmp_path / "MetaShift-Cat-Dog-indoor-outdoor"
    for s, l, p in (
        ("train", "cat", "indoor"),
        ("train", "dog", "outdoor"),
        ("test", "cat", "outdoor"),
        ("test", "dog", "indoor"),
    ):
        for i in range(20):
            put(root / f"{s}/{l}/{l}({p})/{i}.jpg", int(l == "cat"), int(p == "indoor"))
    for r in (root, tmp_path):
        d = metashift_subpop(r)
        assert agrees(d)
        assert d.manifest.split.value_counts().to_dict() == dict(train=52, test=20, val=8)
        assert d.labels == ["dog", "cat"]
        assert d.attributes == ["outdoor", "indoor"]
    assert len(np.unique(d.split("test").group)) == 4  # pooled, unlike the other version
    with pytest.raises(FileNotFoundError, match=re.escape("cat(sofa)")):
        metashift_disc(root)


@pytest.mark.parametrize(
    "archive", ["MetaDatasetCatDog", "metashifts/MetaDatasetCatDog", "Domain-Generalization-Cat-Dog"]
)
def test_metashift_disc_under_the_names_that_it_has(tmp_path, archive):
    folders = [f"train/cat/cat({place})" for place in ("sofa", "bed")]
    folders += [f"train/dog/dog({place})" for place in ("bench", "bike", "boat", "surfboard")]
    folders += ["test/cat/cat(shelf)", "test/dog/dog(shelf)", "test/cat/cat(grass)", "test/dog/dog(sofa)"]
    for folder in folders:
        put(tmp_path / archive / folder / "0.jpg", int("dog" in folder), 0)
    data = metashift_disc(tmp_path)
    assert data.attributes == ["sofa", "bed", "bench", "bike", "shelf"] and len(data) == 6


def subpop_folder(root):
    folders = [
        "train/cat/cat(indoor)",
        "train/dog/dog(outdoor)",
        "test/cat/cat(outdoor)",
        "test/dog/dog(indoor)",
    ]
    for folder in folders:
        for i in range(6):
            put(root / folder / f"{i}.jpg", int("cat" in folder), int("indoor" in folder))
    return [f"{folder}/{i}.jpg" for folder in folders for i in range(6)]


def test_the_splits_that_subpopbench_wrote_are_followed(tmp_path):
    files = subpop_folder(tmp_path / "metashift/MetaShift-Cat-Dog-indoor-outdoor")
    table = tmp_path / "metashift/metadata_metashift.csv"
    splits = np.arange(24) % 3
    names = [f"/scratch/data/metashift/MetaShift-Cat-Dog-indoor-outdoor/{file}" for file in files]
    rows = pd.DataFrame(dict(filename=names, y=0, a=0, split=splits))
    rows.sample(frac=1, random_state=1).to_csv(table, index=False)
    for root in (tmp_path, tmp_path / "metashift", tmp_path / "metashift/MetaShift-Cat-Dog-indoor-outdoor"):
        data = metashift_subpop(root)
        assert agrees(data)
        assert data.manifest.split.tolist() == [("train", "val", "test")[code] for code in splits]
    for wrong, message in (
        (
            rows.assign(split=[3] + [0] * 23),
            r"column split of metadata_metashift.csv: expected 0, 1, 2; found \[3",
        ),
        (
            rows.drop(columns="split"),
            "metadata_metashift.csv: expected the column split; found filename, y, a",
        ),
        (
            rows[1:],
            r"1 pictures are in metadata_metashift.csv or on disk only, such as train/cat/cat\(indoor\)/0",
        ),
    ):
        wrong.to_csv(table, index=False)
        with pytest.raises(ValueError, match=message):
            metashift_subpop(tmp_path)
