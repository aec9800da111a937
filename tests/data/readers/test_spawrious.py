"Spawrious: which breed is where, in training and in the test."

import pandas as pd
import pytest

from spurious_core.data.readers.spawrious import spawrious
from support.data_trees import agrees, put


def spawrious_tree(root, n):
    breeds, places = (
        ["bulldog", "corgi", "dachshund", "labrador"],
        ["beach", "desert", "dirt", "jungle", "mountain", "snow"],
    )
    for e in (0, 1):
        for a, p in enumerate(places):
            for y, b in enumerate(breeds):
                for i in range(n):
                    put(root / f"{e}/{p}/{b}/{p}_{b}_{i:03d}.png", y, a, i)


def test_spawrious_one_to_one(tmp_path):
    spawrious_tree(tmp_path / "spawrious224", 16)
    d = spawrious(tmp_path, "o2o_hard")
    assert agrees(d)
    assert len(d.split("val")) == round(0.1 * 128)
    fit = d.subset(d.manifest.split != "test")
    share = pd.crosstab(
        fit.manifest.env, [d.labels[y] + " " + d.attributes[a] for y, a in zip(fit.y, fit.a, strict=True)]
    )
    assert share["bulldog jungle"].tolist() == [15, 13]
    assert share["bulldog beach"].tolist() == [1, 3]
    assert share["corgi desert"].tolist() == [15, 13]
    assert share.shape == (2, 8)  # 97 % and 87 %
    assert {
        (d.labels[y], d.attributes[a]) for y, a in zip(d.split("test").y, d.split("test").a, strict=True)
    } == {
        ("bulldog", "mountain"),
        ("dachshund", "snow"),
        ("labrador", "desert"),
        ("corgi", "jungle"),
    }
    assert len(d.split("test")) == 4 * 2 * 16
    assert not set(d.split("val").manifest["file"]) & set(d.split("train").manifest["file"])


def test_spawrious_many_to_many(tmp_path):
    spawrious_tree(tmp_path, 2)
    d = spawrious(tmp_path, "m2m_easy")
    assert agrees(d)

    def pairs(env, test):
        "Which breed is where in an environment."
        chosen = (d.manifest.env == env) & ((d.manifest.split == "test") == test)
        return {(d.labels[y], d.attributes[a]) for y, a in zip(d.y[chosen], d.a[chosen], strict=True)}

    assert pairs(0, False) == {
        ("bulldog", "desert"),
        ("dachshund", "mountain"),
        ("labrador", "dirt"),
        ("corgi", "jungle"),
    }
    assert pairs(1, False) == {
        ("bulldog", "mountain"),
        ("dachshund", "desert"),
        ("labrador", "jungle"),
        ("corgi", "dirt"),
    }
    assert pairs(0, True) == {
        ("bulldog", "dirt"),
        ("dachshund", "jungle"),
        ("labrador", "mountain"),
        ("corgi", "desert"),
    }
    assert pairs(1, True) == {
        ("bulldog", "jungle"),
        ("dachshund", "dirt"),
        ("labrador", "desert"),
        ("corgi", "mountain"),
    }
    with pytest.raises(ValueError, match="benchmark='hard' is unknown; allowed: o2o_easy"):
        spawrious(tmp_path, "hard")
    with pytest.raises(FileNotFoundError, match="expected 0 or spawrious224/0"):
        spawrious(tmp_path / "0")
