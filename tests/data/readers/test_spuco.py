"SpuCo in its layout, and with a folder that is missing or empty."

import pytest

from spurious_core.data.readers.spuco import spuco_animals, spuco_birds, spuco_dogs
from support.data_trees import agrees, put


def spuco_tree(root, labels, attributes, y0=0, a0=0):
    for s in ("train", "val", "test"):
        for i, l in enumerate(labels):
            for j, a in enumerate(attributes):
                for k in range(3 if i == j or s == "test" else 1):
                    put(root / f"{s}/{l}/{a}/{k}.jpg", y0 + i, a0 + j)


def test_spuco(tmp_path):
    spuco_tree(tmp_path / "spuco_birds", ["landbirds", "waterbirds"], ["land", "water"])
    spuco_tree(tmp_path / "alone/spuco_dogs", ["small_dogs", "big_dogs"], ["indoor", "outdoor"])
    for reader, root, names in (
        (spuco_birds, "spuco_birds", ["landbirds", "waterbirds"]),
        (spuco_dogs, "alone/spuco_dogs", ["small_dogs", "big_dogs"]),
    ):
        for r in (tmp_path / root, (tmp_path / root).parent):
            d = reader(r)
            assert agrees(d)
            assert d.labels == names
            assert d.counts()[["train", "val", "test"]].values.tolist() == [
                [3, 3, 3],
                [1, 1, 3],
                [1, 1, 3],
                [3, 3, 3],
            ]
    spuco_tree(tmp_path / "spuco_dogs", ["small_dogs", "big_dogs"], ["indoor", "outdoor"], 2, 2)
    d = spuco_animals(tmp_path)
    assert agrees(d)
    assert d.n_groups == 16
    assert (d.counts()["all"] > 0).sum() == 8
    assert len(d) == 56
    with pytest.raises(FileNotFoundError, match="expected spuco_birds/train"):
        spuco_animals(tmp_path / "alone")
    for f in (tmp_path / "spuco_birds/val/landbirds/water").iterdir():
        f.unlink()
    with pytest.raises(ValueError, match="expected images .*landbirds/water holds nothing"):
        spuco_birds(tmp_path)
    (tmp_path / "spuco_birds/val/landbirds/water").rmdir()
    with pytest.raises(
        FileNotFoundError, match="expected the folder .*landbirds/water; .*landbirds holds land"
    ):
        spuco_birds(tmp_path)
