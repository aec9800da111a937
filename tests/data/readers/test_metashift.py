"MetaShift"

import re

import numpy as np
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
