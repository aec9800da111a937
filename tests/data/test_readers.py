"Every reader on a tree in exactly its layout, rows interleaved; every picture carries its label and attribute, so a set in another order than its labels is caught."

import json
import os
import pickle
import re
import shutil
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.data.datasets import concatenate
from spurious_core.data.miniworld import draw, get_world, sample, write_folder
from spurious_core.data.readers import (
    READERS,
    celeba,
    celeba_hq,
    imagefolder,
    metashift_disc,
    metashift_subpop,
    spawrious,
    spuco_animals,
    spuco_birds,
    spuco_dogs,
    utk_face,
    waterbirds,
)
from spurious_core.data.readers_imagenet import (
    D3S_BACKGROUNDS,
    HARD_CLASSES,
    IMAGENET_READERS,
    IN9_CLASSES,
    d3s,
    hard_imagenet,
    imagenet9,
    load_plain,
    spurious_imagenet,
)
from spurious_core.diffusion.generate import export_spurious_imagenet, generate, plan_prompts


def put(path, y, a, k=0, size=(4, 4)):
    "A picture whose red is its label, green its attribute and blue its number; PNG whatever its suffix, so that pixels are exact."
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (y * 10, a * 10, k % 256)).save(path, "PNG")


def agrees(d, size=4):
    x = replace(d, size=size).images()[:, 0, 0].astype(int)
    assert (x[:, 0] == d.y * 10).all() and (x[:, 1] == d.a * 10).all()
    return True


def numbers(d, size=4):
    return replace(d, size=size).images()[:, 0, 0, 2].tolist()


Y, A, S = (
    [1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1],
    [0, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0],
    [2, 0, 1, 0, 2, 0, 1, 2, 0, 0, 1, 2],
)  # interleaved
SPLITS = [("train", "val", "test")[s] for s in S]

# --- Waterbirds


def waterbird_tree(root, **change):
    root = root / "waterbird_complete95_forest2water2"
    files = [f"{i % 3:03d}.Bird/Bird_{i}.jpg" for i in range(12)]
    for i, f in enumerate(files):
        put(root / f, Y[i], A[i], i)
    pd.DataFrame(
        dict(img_id=range(12), img_filename=files, y=Y, split=S, place=A, place_filename="/l/lake/1.jpg")
        | change
    ).to_csv(root / "metadata.csv", index=False)
    return root


def test_waterbirds(tmp_path):
    root = waterbird_tree(tmp_path)
    for r in (root, tmp_path, str(tmp_path)):
        d = waterbirds(r)
        assert (
            d.y.tolist() == Y
            and d.a.tolist() == A
            and d.manifest.split.tolist() == SPLITS
            and agrees(d)
            and numbers(d) == list(range(12))
        )
    assert (
        d.group_names == ["landbird, land", "landbird, water", "waterbird, land", "waterbird, water"]
        and agrees(d.split("test"))
        and agrees(d.balance(0))
        and (d.manifest.g == "real").all()
        and "img_id" in d.manifest
    )


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(y=[2] + Y[1:]), r"column y: expected 0, 1; found \[2\] in 1 of 12 rows, first in row 0"),
        (dict(place=["lake"] + A[1:]), r"column place.*'lake'"),
        (dict(split=S[:-1] + [None]), "column split.*first in row 11"),
        (dict(y=[0] * 12), "expected images of every class; found none of waterbird"),
    ],
)
def test_waterbirds_with_a_strange_table(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        waterbirds(waterbird_tree(tmp_path, **change))


def test_what_is_missing_or_broken_is_named(tmp_path):
    root = waterbird_tree(tmp_path)
    whole = (root / "metadata.csv").read_text()
    for f in ("000.Bird/Bird_3.jpg", "001.Bird/Bird_7.jpg"):
        (root / f).unlink()
    with pytest.raises(
        FileNotFoundError,
        match=r"expected 12 images.*2 are missing, such as 000.Bird/Bird_3.jpg, 001.Bird/Bird_7.jpg",
    ):
        waterbirds(root)
    put(root / "000.Bird/Bird_3.jpg", 1, 1)
    (root / "001.Bird/Bird_7.jpg").write_bytes(b"\xff\xd8\xff\xe0 half a jpeg")
    d = waterbirds(root, size=4)
    with pytest.raises(OSError, match=r"1 of 12 images cannot be read: \S*001.Bird/Bird_7.jpg \(broken"):
        d.images()
    for content, message in (
        (
            whole.replace("place,", "background,"),
            "expected the column place; found img_id, img_filename, y, split, background",
        ),
        ("", "no readable table"),
        ('a,b\n1,2,3,4\n5\n"', "no readable table"),
        (whole.splitlines()[0], "expected rows, found none"),
    ):
        (root / "metadata.csv").write_text(content)
        with pytest.raises(ValueError, match=message):
            waterbirds(root)
    (root / "metadata.csv").write_bytes(b"\xff\xfe\x00\xd8" + bytes(range(128, 255)))
    with pytest.raises(ValueError, match="metadata.csv is no readable table"):
        waterbirds(root)
    with pytest.raises(FileNotFoundError, match="expected metadata.csv or .* in .*; .* holds nothing"):
        (tmp_path / "empty").mkdir()
        waterbirds(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        waterbirds(tmp_path / "no/such")


# --- CelebA

FACES = [f"{i + 1:06d}.jpg" for i in range(12)]
PM = lambda v: [1 if i else -1 for i in v]


def celeba_tree(root, form):
    folder = (
        root
        / {
            "kaggle": "img_align_celeba/img_align_celeba",
            "flat": "img_align_celeba",
            "official": "Img/img_align_celeba",
            "csv": "img_align_celeba",
        }[form]
    )
    for i, f in enumerate(FACES):
        put(folder / f, Y[i], A[i], i)
    attr, part = (
        pd.DataFrame(dict(image_id=FACES, Smiling=PM(A), Blond_Hair=PM(Y), Male=PM(A))),
        pd.DataFrame(dict(image_id=FACES, partition=S)).iloc[::-1],
    )  # the partition in another order
    if form in ("kaggle", "csv"):
        attr.to_csv(root / "list_attr_celeba.csv", index=False)
        part.to_csv(root / "list_eval_partition.csv", index=False)
        return
    for sub, name, head, t in (
        ("Anno", "list_attr_celeba.txt", "12\nSmiling Blond_Hair Male \n", attr),
        ("Eval", "list_eval_partition.txt", "", part),
    ):
        at = root / sub if form == "official" else root
        at.mkdir(exist_ok=True)
        (at / name).write_text(
            head + "".join("  ".join(map(str, r)) + "\n" for r in t.itertuples(index=False))
        )


@pytest.mark.parametrize("form", ["kaggle", "csv", "flat", "official"])
def test_celeba_in_all_its_forms(tmp_path, form):
    celeba_tree(tmp_path, form)
    d = celeba(tmp_path)
    assert agrees(d) and numbers(d) == list(range(12)) and d.manifest.split.tolist() == SPLITS
    assert (
        d.group_names
        == ["not blond hair, female", "not blond hair, male", "blond hair, female", "blond hair, male"]
        and d.y.tolist() == Y
        and d.a.tolist() == A
    )
    e = celeba(tmp_path, label="Male", attribute="Blond_Hair")
    assert e.y.tolist() == A and e.a.tolist() == Y and e.labels == ["female", "male"]


def test_celeba_that_is_not_right(tmp_path):
    celeba_tree(tmp_path, "flat")
    attr, part = tmp_path / "list_attr_celeba.txt", tmp_path / "list_eval_partition.txt"
    a, p = attr.read_text(), part.read_text()
    with pytest.raises(ValueError, match="expected the column Bald; found image_id, Smiling"):
        celeba(tmp_path, label="Bald")
    for file, content, message in (
        (attr, a.replace("12\n", "13\n", 1), "announces 13 rows and has 12"),
        (attr, a.rstrip().rsplit(None, 1)[0], "expected 4 fields in every row .*; found 3 in row 11"),
        (attr, "", "found an empty line"),
        (attr, "image_id,Blond_Hair\n1,2\n3,4\n", "expected a count"),
        (attr, a.rstrip()[:-2] + "0", "column Male: expected -1, 1"),
        (part, p.split("\n", 1)[1], "partition in .*: expected 0, 1, 2.*nan"),
        (part, p.replace(" 2", " 3", 1), r"expected 0, 1, 2; found \[3(.0)?\]"),
        (part, p + FACES[0] + " 0\n", "two rows for 000001.jpg"),
        (part, "", "no readable table"),
        (
            part,
            p.replace("000005.jpg  2", "000005.jpg"),
            "expected 2 fields in every row of list_eval_partition.txt; found 1 in row 7",
        ),
        (attr, a + FACES[0] + " 1 1 1 1\n", "no readable table"),
    ):
        attr.write_text(a)
        part.write_text(p)
        file.write_text(content)
        with pytest.raises(ValueError, match=message):
            celeba(tmp_path)
    attr.write_text(a)
    part.write_text(p)
    (tmp_path / "img_align_celeba" / FACES[4]).unlink()
    with pytest.raises(FileNotFoundError, match="1 are missing, such as img_align_celeba/000005.jpg"):
        celeba(tmp_path)
    for f in FACES:
        (tmp_path / "img_align_celeba" / f).unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError, match="expected images in img_align_celeba or"):
        celeba(tmp_path)
    part.unlink()
    with pytest.raises(
        FileNotFoundError, match="expected list_eval_partition.csv or list_eval_partition.txt"
    ):
        celeba(tmp_path)


def test_celeba_hq(tmp_path):
    n = 40
    y, a = [i * 7 % 3 % 2 for i in range(n)], [i * 5 % 4 % 2 for i in range(n)]
    order = np.random.default_rng(0).permutation(n)
    for i in range(n):
        put(tmp_path / f"CelebA-HQ-img/{i}.jpg", y[i], a[i], i)
    (tmp_path / "CelebAMask-HQ-attribute-anno.txt").write_text(
        f"{n}\nMale Smiling\n" + "".join(f"{i}.jpg  {2 * a[i] - 1} {2 * y[i] - 1}\n" for i in order)
    )  # two spaces, as in the original
    d = celeba_hq(tmp_path)
    assert (
        agrees(d)
        and numbers(d) == order.tolist()
        and d.manifest.split.value_counts().to_dict() == dict(train=32, val=4, test=4)
        and d.labels == ["not smiling", "smiling"]
    )
    assert d.manifest.equals(celeba_hq(tmp_path).manifest) and not d.manifest.equals(
        celeba_hq(tmp_path, seed=1).manifest
    )
    with pytest.raises(FileNotFoundError, match="expected CelebAMask-HQ-attribute-anno.txt"):
        celeba_hq(tmp_path / "CelebA-HQ-img")


# --- MetaShift


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
        assert (
            d.attributes == places
            and agrees(d)
            and len(d.split("train")) == 80
            and len(d.split("val")) == 6
            and len(d.split("test")) == 34
        )
        assert set(d.split("val").a) == set(d.split("test").a) == {4} and 4 not in d.split("train").a
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
        assert (
            agrees(d)
            and d.manifest.split.value_counts().to_dict() == dict(train=52, test=20, val=8)
            and d.labels == ["dog", "cat"]
            and d.attributes == ["outdoor", "indoor"]
        )
    assert len(np.unique(d.split("test").group)) == 4  # pooled, unlike the other version
    with pytest.raises(FileNotFoundError, match=re.escape("cat(sofa)")):
        metashift_disc(root)


# --- UTK-Face


def test_utk_face(tmp_path):
    ages = [(0, 1), (5, 1), (6, None), (19, None), (20, 0), (50, 0), (51, None), (116, None)] * 6
    for i, (age, a) in enumerate(ages):
        put(
            tmp_path / f"UTKFace/{age}_{i // 8 % 2}_{i % 5}_201701161745{i:05d}.jpg.chip.jpg",
            i // 8 % 2,
            a or 0,
            i,
        )
    d = utk_face(tmp_path)
    assert (
        agrees(d)
        and len(d) == 24
        and d.labels == ["male", "female"]
        and set(d.manifest.age) == {0, 5, 20, 50}
        and np.bincount(d.group).tolist() == [6, 6, 6, 6]
    )
    assert (
        d.manifest.split.value_counts().to_dict() == dict(train=20, val=2, test=2)
        and len(utk_face(tmp_path / "UTKFace")) == 24
    )
    for bad in ("39_1_20170116174525125.jpg", "53__0_20170116.jpg", "1_3_0_2017.jpg"):
        put(tmp_path / "UTKFace" / bad, 0, 0)
    with pytest.warns(UserWarning, match="3 of 51 images are left out.*1_3_0_2017.jpg"):
        assert len(utk_face(tmp_path)) == 24
    put(tmp_path / "only/a.jpg", 0, 0)
    with pytest.raises(ValueError, match="expected names like 25_0_2_20170116174525125.jpg; found a.jpg"):
        utk_face(tmp_path / "only")
    put(tmp_path / "middle/12_0_0_1.jpg", 0, 0)
    with pytest.raises(ValueError, match="found none in 1 images"):
        utk_face(tmp_path / "middle")


# --- SpuCo and Spawrious


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
            assert (
                agrees(d)
                and d.labels == names
                and d.counts()[["train", "val", "test"]].values.tolist()
                == [[3, 3, 3], [1, 1, 3], [1, 1, 3], [3, 3, 3]]
            )
    spuco_tree(tmp_path / "spuco_dogs", ["small_dogs", "big_dogs"], ["indoor", "outdoor"], 2, 2)
    d = spuco_animals(tmp_path)
    assert agrees(d) and d.n_groups == 16 and (d.counts()["all"] > 0).sum() == 8 and len(d) == 56
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
    assert agrees(d) and len(d.split("val")) == round(0.1 * 128)
    fit = d.subset(d.manifest.split != "test")
    share = pd.crosstab(fit.manifest.env, [d.labels[y] + " " + d.attributes[a] for y, a in zip(fit.y, fit.a)])
    assert (
        share["bulldog jungle"].tolist() == [15, 13]
        and share["bulldog beach"].tolist() == [1, 3]
        and share["corgi desert"].tolist() == [15, 13]
        and share.shape == (2, 8)
    )  # 97 % and 87 %
    assert {(d.labels[y], d.attributes[a]) for y, a in zip(d.split("test").y, d.split("test").a)} == {
        ("bulldog", "mountain"),
        ("dachshund", "snow"),
        ("labrador", "desert"),
        ("corgi", "jungle"),
    } and len(d.split("test")) == 4 * 2 * 16
    assert not set(d.split("val").manifest["file"]) & set(d.split("train").manifest["file"])


def test_spawrious_many_to_many(tmp_path):
    spawrious_tree(tmp_path, 2)
    d = spawrious(tmp_path, "m2m_easy")
    assert agrees(d)
    pairs = lambda e, test: {
        (d.labels[y], d.attributes[a])
        for y, a, v, s in zip(d.y, d.a, d.manifest.env, d.manifest.split)
        if v == e and (s == "test") == test
    }
    assert pairs(0, False) == {
        ("bulldog", "desert"),
        ("dachshund", "mountain"),
        ("labrador", "dirt"),
        ("corgi", "jungle"),
    } and pairs(1, False) == {
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
    } and pairs(1, True) == {
        ("bulldog", "jungle"),
        ("dachshund", "dirt"),
        ("labrador", "desert"),
        ("corgi", "mountain"),
    }
    with pytest.raises(ValueError, match="benchmark='hard' is unknown; allowed: o2o_easy"):
        spawrious(tmp_path, "hard")
    with pytest.raises(FileNotFoundError, match="expected 0 or spawrious224/0"):
        spawrious(tmp_path / "0")


# --- imagefolder


def folder_of(root, rows, form="jsonl"):
    for i, r in enumerate(rows):
        put(root / r["file_name"], r.get("_y", r.get("y", 0)), r.get("_a", r.get("a", 0)), i)
    rows = [{k: v for k, v in r.items() if k[0] != "_"} for r in rows]
    if form == "csv":
        pd.DataFrame(rows).to_csv(root / "metadata.csv", index=False)
    else:
        (root / "metadata.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return root


def rows(**kw):
    return [
        dict(file_name=f"{(i * 5) % 12:02d}.png", y=Y[i], a=A[i], split=SPLITS[i])
        | {k: v[i] if isinstance(v, list) else v for k, v in kw.items()}
        for i in range(12)
    ]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_imagefolder_codes_and_names(tmp_path, form):
    d = imagefolder(
        folder_of(
            tmp_path / "a",
            rows(label=[("cat", "dog")[y] for y in Y], attribute=[("in", "out")[a] for a in A]),
            form,
        )
    )
    assert (
        agrees(d)
        and numbers(d) == list(range(12))
        and d.labels == ["cat", "dog"]
        and d.attributes == ["in", "out"]
        and d.manifest.split.tolist() == SPLITS
    )
    text = [
        dict(
            file_name=r["file_name"],
            label=("cat", "dog")[r["y"]],
            attribute=("in", "out")[r["a"]],
            _y=r["y"],
            _a=r["a"],
        )
        for r in rows()
    ]
    e = imagefolder(folder_of(tmp_path / "b", text, form))
    assert agrees(e) and set(e.manifest.split) == {"train"} and e.labels == ["cat", "dog"]
    f = imagefolder(tmp_path / "b", labels=["dog", "cat"], split="test")
    assert f.y.tolist() == [1 - y for y in Y] and set(f.manifest.split) == {"test"}
    plain = imagefolder(
        folder_of(
            tmp_path / "c", [dict(file_name=r["file_name"], label=r["y"], _y=r["y"]) for r in rows()], form
        )
    )
    assert plain.labels == ["label 0", "label 1"] and plain.attributes == ["none"] and agrees(plain)


def test_imagefolder_of_split_folders(tmp_path):
    for k, s in enumerate(("train", "validation", "test")):
        folder_of(
            tmp_path / s,
            [{k: v for k, v in r.items() if k != "split"} for r in rows()[4 * k : 4 * k + 4]],
            ("jsonl", "csv", "jsonl")[k],
        )
    d = imagefolder(tmp_path)
    assert (
        agrees(d)
        and d.manifest.split.tolist() == ["train"] * 4 + ["val"] * 4 + ["test"] * 4
        and d.y.tolist() == Y
    )


def test_imagefolder_without_metadata(tmp_path):
    for i in range(12):
        put(tmp_path / "flat" / ("cat", "dog")[Y[i]] / f"{i:02d}.png", Y[i], 0, i)
        put(
            tmp_path
            / "split"
            / ("train", "validation", "test")[i // 4]
            / ("cat", "dog")[Y[i]]
            / f"{i:02d}.png",
            Y[i],
            0,
            i,
        )
    (tmp_path / "flat" / "empty").mkdir()
    (tmp_path / "flat" / "cat" / "notes.txt").write_text("no picture")
    d = imagefolder(tmp_path / "flat")
    assert (
        d.labels == ["cat", "dog"]
        and d.attributes == ["none"]
        and set(d.manifest.split) == {"train"}
        and sorted(numbers(d)) == list(range(12))
        and agrees(d)
    )
    assert imagefolder(tmp_path / "flat", labels=["dog", "emu", "cat"]).y.tolist() == [
        2 * (1 - y) for y in d.y
    ]
    e = imagefolder(tmp_path / "split")
    assert agrees(e) and {n: s for n, s in zip(numbers(e), e.manifest.split)} == {
        i: ("train", "val", "test")[i // 4] for i in range(12)
    }
    with pytest.raises(ValueError, match="label='cat' is unknown; allowed: dog"):
        imagefolder(tmp_path / "flat", labels=["dog"])
    with pytest.raises(FileNotFoundError, match="or folders named after the classes"):
        imagefolder(tmp_path / "flat" / "empty")


def test_imagefolder_origin(tmp_path):
    assert (
        imagefolder(
            folder_of(tmp_path / "a", rows(source=["text2img"] * 4 + ["inpaint"] * 4 + ["real"] * 4))
        ).manifest.g.tolist()
        == ["generated"] * 8 + ["real"] * 4
    )
    assert (
        imagefolder(
            folder_of(tmp_path / "b", rows(g=["generated", "real"] * 6, source="flickr"))
        ).manifest.g.tolist()
        == ["generated", "real"] * 6
    )
    with pytest.raises(ValueError, match="source='flickr' may be real or generated"):
        imagefolder(folder_of(tmp_path / "c", rows(source="flickr")))
    assert set(imagefolder(tmp_path / "c", g="real").manifest.g) == {"real"} and set(
        imagefolder(tmp_path / "a", g="generated").manifest.g
    ) == {"generated"}


@pytest.mark.parametrize(
    "change, kw, message",
    [
        (dict(y=[2] + Y[1:]), dict(labels=["cat", "dog"]), "column y: expected 0, 1; found"),
        (dict(y=["cat"] + Y[1:]), {}, "column y: .*'cat'"),
        (dict(label=["cat"] * 6 + ["dog"] * 6), {}, "y and label contradict each other"),
        (dict(label=[("cat", "dog")[y] for y in Y]), dict(labels=["dog", "cat"]), "contradict"),
        (
            dict(y=[2 if y else 0 for y in Y], label=[("cat", "emu")[y] for y in Y]),
            {},
            r"only \[0, 2\] occur; give the names of all",
        ),
        (dict(split="dev"), {}, "split='dev'"),
        (dict(g="fake"), {}, "g='fake'"),
        (dict(y=[5 * y for y in Y]), {}, r"only \[0, 5\] occur; give the names of all"),
        (dict(y=-1), {}, "expected rows, found none"),
    ],
)
def test_imagefolder_refuses(tmp_path, change, kw, message):
    with pytest.raises(ValueError, match=message), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        imagefolder(folder_of(tmp_path, [r | dict(_y=0) for r in rows(**change)]), **kw)


def test_imagefolder_with_bad_metadata(tmp_path):
    folder_of(tmp_path, rows())
    text = (tmp_path / "metadata.jsonl").read_text()
    n = text.find("\n") + 1
    for content, message in (
        (text[:n] + '{"file_name": "01.p\n' + text[n:], "line 2 of .* is no JSON"),
        (text.replace("file_name", "path"), "expected the column file_name"),
        ("", "expected the column file_name"),
        (text.replace('"y"', '"species"'), "expected the column y or label"),
    ):
        (tmp_path / "metadata.jsonl").write_text(content)
        with pytest.raises(ValueError, match=message):
            imagefolder(tmp_path)
    (tmp_path / "metadata.jsonl").write_text(text)
    (tmp_path / "05.png").unlink()
    with pytest.raises(FileNotFoundError, match="1 are missing, such as 05.png"):
        imagefolder(tmp_path)
    (tmp_path / "metadata.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match="expected metadata.jsonl or metadata.csv"):
        imagefolder(tmp_path)


def test_what_miniworld_writes_is_read(tmp_path):
    m = sample(get_world("waterbirds"), 20, "val", object_free=0.3)
    free = (m.y == -1).to_numpy()
    assert 0 < free.sum() < 20
    with pytest.warns(UserWarning, match=f"{free.sum()} of 20 rows have no object"):
        d = imagefolder(write_folder(m, tmp_path / "w"), size=64, attributes=["land", "water"])
    assert (
        np.array_equal(d.images(), draw(m)[~free])
        and d.y.tolist() == m.y[~free].tolist()
        and d.a.tolist() == m.a[~free].tolist()
        and set(d.manifest.split) == {"val"}
        and set(d.manifest.g) == {"real"}
        and d.labels == ["landbird", "waterbird"]
    )


def test_what_generate_writes_is_read_and_joins_the_real(tmp_path, tiny_pipeline):
    plan = plan_prompts(
        ["a landbird in water", "a waterbird in a forest"],
        2,
        y=[0, 1],
        a=[1, 0],
        label=["landbird", "waterbird"],
        split="train",
    )
    table = generate(tiny_pipeline, plan, tmp_path / "g", steps=2, progress=False)
    d = imagefolder(tmp_path / "g", 16, labels=["landbird", "waterbird"], attributes=["land", "water"])
    assert (
        d.group.tolist() == [1, 1, 2, 2]
        and set(d.manifest.g) == {"generated"}
        and d.manifest.prompt.tolist() == table.prompt.tolist()
    )
    real = waterbirds(waterbird_tree(tmp_path), size=16)
    both = concatenate([real, d])
    assert both.manifest.g.tolist() == ["real"] * 12 + ["generated"] * 4 and np.array_equal(
        both.images(), np.concatenate([real.images(), d.images()])
    )


# --- sets made from ImageNet


def hard_tree(root, imagenet, wrong=None, numpy=False):
    order = list(HARD_CLASSES)[::-1] if wrong is None else [wrong, *list(HARD_CLASSES)[1:]]
    wnid = {i: f"n{i * 7:08d}" for i in range(1000)}
    (root / "meta").mkdir(parents=True)
    (root / "meta/idx_to_wnid.pkl").write_bytes(pickle.dumps(wnid, protocol=2))
    (root / "meta/hard_imagenet_idx.pkl").write_bytes(
        pickle.dumps(np.array(order) if numpy else order, protocol=2)
    )
    for y, i in enumerate(order):
        for split, file in (
            ("train", f"{wnid[i]}_3.JPEG"),
            ("train", f"{wnid[i]}_12.JPEG"),
            ("val", f"ILSVRC2012_val_{i:08d}.JPEG"),
        ):
            put(root / split / f"{wnid[i]}_{file}", 0, 0)
            put(imagenet / split / wnid[i] / file, y, 0)
    return order


@pytest.mark.parametrize("numpy", [False, True])
def test_hard_imagenet(tmp_path, numpy):
    order = hard_tree(tmp_path / "h", tmp_path / "i", numpy=numpy)
    d = hard_imagenet(tmp_path / "h", tmp_path / "i")
    assert agrees(d) and d.labels == [HARD_CLASSES[i] for i in order] and d.attributes == ["none"]
    assert d.manifest.class_index.tolist() == [
        order[y] for y in d.y
    ] and d.manifest.split.value_counts().to_dict() == dict(train=27, val=3, test=15)
    for f, mask in zip(d.manifest["file"], d.manifest["mask"]):
        assert os.path.isfile(mask) and os.path.basename(mask) == f.split("/")[1] + "_" + f.split("/")[2]
    gone = tmp_path / "i" / d.manifest["file"][0]
    gone.unlink()
    with pytest.raises(FileNotFoundError, match="1 are missing, such as " + re.escape(d.manifest["file"][0])):
        hard_imagenet(tmp_path / "h", tmp_path / "i")
    put(gone, 0, 0)
    put(tmp_path / "h/val/n99999999_x.JPEG", 0, 0)
    with pytest.raises(ValueError, match="found val/n99999999_x.JPEG"):
        hard_imagenet(tmp_path / "h", tmp_path / "i")


def test_hard_imagenet_with_other_meta(tmp_path):
    hard_tree(tmp_path / "h", tmp_path / "i", wrong=3)
    with pytest.raises(ValueError, match=r"expected the classes \[379.*found \[3"):
        hard_imagenet(tmp_path / "h", tmp_path / "i")
    (tmp_path / "h/meta/hard_imagenet_idx.pkl").write_bytes(pickle.dumps("boat"))
    with pytest.raises(ValueError, match="expected class numbers in hard_imagenet_idx.pkl"):
        hard_imagenet(tmp_path / "h", tmp_path / "i")
    (tmp_path / "h/meta/hard_imagenet_idx.pkl").unlink()
    with pytest.raises(FileNotFoundError, match="expected meta/hard_imagenet_idx.pkl"):
        hard_imagenet(tmp_path / "h", tmp_path / "i")


def test_a_pickle_runs_nothing(tmp_path):
    class Evil:
        def __init__(self, f, *args):
            self.call = f, args

        def __reduce__(self):
            return self.call

    for f, args in (
        (os.system, (f"touch {tmp_path}/ran",)),
        (eval, (f'open("{tmp_path}/ran", "w")',)),
        (getattr, (dict, "fromkeys")),
        (np.load, ("x",)),
    ):
        (tmp_path / "e.pkl").write_bytes(pickle.dumps([1, Evil(f, *args)]))
        with pytest.raises(ValueError, match="is no pickle of plain values: it asks for"):
            load_plain(tmp_path / "e.pkl")
    assert not (tmp_path / "ran").exists()
    for content in (b"", b"no pickle", pickle.dumps([1, 2])[:-3]):
        (tmp_path / "e.pkl").write_bytes(content)
        with pytest.raises(ValueError, match="e.pkl is no pickle of plain values"):
            load_plain(tmp_path / "e.pkl")
    with pytest.raises(FileNotFoundError):
        load_plain(tmp_path / "none.pkl")
    for protocol in range(6):
        (tmp_path / "f.pkl").write_bytes(
            pickle.dumps({1: "a", "b": (np.float32(0.5), np.arange(3), {2}, b"x", None)}, protocol=protocol)
        )
        back = load_plain(tmp_path / "f.pkl")
        assert back[1] == "a" and back["b"][1].tolist() == [0, 1, 2] and back["b"][2:] == ({2}, b"x", None)


def test_spurious_imagenet_and_our_export(tmp_path):
    for y, (k, c) in enumerate(((2, 4), (537, 0), (981, 1))):
        for i in range(2):
            put(tmp_path / f"p/{y}_{i}.png", y, 0, i)
        export_spurious_imagenet(
            pd.DataFrame(dict(path=[str(tmp_path / f"p/{y}_{i}.png") for i in range(2)])),
            tmp_path / "x/dataset/spurious_imagenet/images",
            k,
            "dog sled" if k == 537 else f"thing {k}",
            c,
        )
    for r in ("x", "x/dataset/spurious_imagenet", "x/dataset/spurious_imagenet/images"):
        d = spurious_imagenet(tmp_path / r)
        assert (
            agrees(d)
            and d.labels == ["thing 2", "dog sled", "thing 981"]
            and d.manifest.class_index.tolist() == [2, 2, 537, 537, 981, 981]
            and d.manifest.component.tolist() == [4, 4, 0, 0, 1, 1]
            and set(d.manifest.split) == {"test"}
        )
    with pytest.raises(FileNotFoundError, match="expected folders like spurious_class_"):
        (tmp_path / "none").mkdir()
        spurious_imagenet(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        spurious_imagenet(tmp_path / "nowhere")
    put(tmp_path / "x/dataset/spurious_imagenet/images/photos_of_dogs/1.png", 0, 0)
    with pytest.raises(ValueError, match="found photos_of_dogs"):
        spurious_imagenet(tmp_path / "x")


def in9_tree(root):
    for y, l in enumerate(IN9_CLASSES):
        for a, v in enumerate(("mixed_rand", "original")):
            put(root / f"bg_challenge/{v}/val/{y:02d}_{l}/fg_n0_{y}_bg.JPEG", y, a)
        for s in ("train", "val"):
            put(root / f"in9l/{s}/{y:02d}_{l}/n0_{y}.JPEG", y, 1)


def test_imagenet9(tmp_path):
    in9_tree(tmp_path)
    d = imagenet9(tmp_path, ("mixed_rand", "original"), tmp_path / "in9l")
    assert (
        agrees(d)
        and d.labels == IN9_CLASSES
        and d.attributes == ["mixed_rand", "original"]
        and d.manifest.split.value_counts().to_dict() == dict(test=18, train=9, val=9)
    )
    assert (
        set(d.split("train").a) == {1}
        and imagenet9(tmp_path / "bg_challenge", ["mixed_rand"]).attributes == ["mixed_rand"]
        and imagenet9(tmp_path, ["mixed_rand"], tmp_path / "in9l").attributes == ["original", "mixed_rand"]
    )
    with pytest.raises(ValueError, match="variant 'mixed_up' is unknown; allowed: original"):
        imagenet9(tmp_path, ["mixed_up"])
    with pytest.raises(FileNotFoundError, match="only_fg/val/00_dog"):
        imagenet9(tmp_path, ["original", "only_fg"])
    (tmp_path / "bg_challenge/original/val/08_fish/fg_n0_8_bg.JPEG").unlink()
    with pytest.raises(ValueError, match="expected images .*08_fish holds nothing"):
        imagenet9(tmp_path, ["original"])


def d3s_tree(root):
    k, bg = [517, 3, 134, 3, 517, 134, 3, 517, 134, 3], [D3S_BACKGROUNDS[i * 3 % 10] for i in range(10)]
    y, names = {3: 0, 134: 1, 517: 2}, {3: "tiger shark", 134: "crane", 517: "crane"}
    for part in ("train", "val"):
        rows = []
        for i in range(10):
            sheet = Image.new("RGB", (1032, 516))
            sheet.paste(Image.new("RGB", (512, 512), (y[k[i]] * 10, i * 3 % 10 * 10, 1)), (518, 2))
            sheet.paste(Image.new("RGB", (512, 512), (200, 200, 200)), (2, 2))
            (root / part / "background-shift").mkdir(parents=True, exist_ok=True)
            sheet.save(root / part / f"background-shift/{i}.png")
            rows.append(
                dict(
                    image=f"/fs/other/machine/{part}/background-shift/{i}.png",
                    classIdx=k[i],
                    prompt=f"a photo of a {names[k[i]]}, long-legged, in a cave",
                    args={},
                    hasInit=True,
                    background=bg[i],
                )
            )
        rows.insert(
            3,
            dict(
                image=f"/fs/other/machine/{part}/geography-shift/7.png",
                classIdx=9,
                prompt="a photo of a hen, bird, in Chile",
                args={},
                hasInit=True,
            ),
        )
        (root / part / "metadata.json").write_text(json.dumps(rows))
    (root / "val/filtered_metadata.json").write_text(json.dumps(rows[:5]))
    return [y[i] for i in k]


def test_d3s(tmp_path):
    y = d3s_tree(tmp_path)
    d = d3s(tmp_path)
    assert (
        agrees(d, 8)
        and d.y.tolist() == y * 2
        and d.labels == ["tiger shark", "crane (134)", "crane (517)"]
        and d.attributes == D3S_BACKGROUNDS
        and set(d.manifest.g) == {"generated"}
    )
    assert (
        d.manifest.split.value_counts().to_dict() == dict(train=9, val=1, test=10)
        and (d3s(tmp_path, size=8, init=True).images() == 200).all()
        and len(d3s(tmp_path, filtered=True).split("test")) == 4
    )
    shutil.rmtree(tmp_path / "val")
    assert len(d3s(tmp_path)) == 10


def test_d3s_that_is_not_right(tmp_path):
    d3s_tree(tmp_path)
    file = tmp_path / "train/metadata.json"
    text = file.read_text()
    for content, message in (
        (text[:-5], "is no JSON"),
        ("{}", "expected a list of entries"),
        ("[3]", "expected a list of entries"),
        (text.replace("classIdx", "class"), "expected the column classIdx"),
        (text.replace("517", "1517"), r"classIdx: expected.*found \[1517\]|classIdx: .*1517"),
        (text.replace('"grass"', '"lawn"'), "found 'lawn'"),
    ):
        file.write_text(content)
        with pytest.raises(ValueError, match=message):
            d3s(tmp_path)
    file.write_text(text.replace('"hasInit": true', '"hasInit": false'))
    with pytest.raises(ValueError, match="without their initial picture"):
        d3s(tmp_path, init=True)
    file.write_text(text)
    Image.new("RGB", (512, 512)).save(tmp_path / "train/background-shift/4.png")
    with pytest.raises(OSError, match=r"4.png \(512 x 512 pixels do not hold the box"):
        d3s(tmp_path, size=8).images()
    (tmp_path / "train/background-shift/4.png").unlink()
    with pytest.raises(FileNotFoundError, match="1 are missing, such as train/background-shift/4.png"):
        d3s(tmp_path)
    with pytest.raises(FileNotFoundError, match="expected train/metadata.json or val/metadata.json"):
        d3s(tmp_path / "train/background-shift")


# --- all of them


def test_a_wrong_root_is_a_clear_error_everywhere(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    for name, read in (READERS | IMAGENET_READERS).items():
        args = (tmp_path,) if name == "hard_imagenet" else ()
        for root in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(FileNotFoundError) as e:
                read(root, *args)
            assert "expected" in str(e.value) and (
                "notes.txt" in str(e.value) or "is not a folder" in str(e.value)
            ), f"{name}: {e.value}"
