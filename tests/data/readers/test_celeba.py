"CelebA"

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.readers.celeba import celeba, celeba_hq
from support.data_trees import SPLITS, A, S, Y, agrees, numbers, put

FACES = [f"{i + 1:06d}.jpg" for i in range(12)]


def plus_minus(codes):
    return [1 if code else -1 for code in codes]


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
        pd.DataFrame(
            dict(image_id=FACES, Smiling=plus_minus(A), Blond_Hair=plus_minus(Y), Male=plus_minus(A))
        ),
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
    assert agrees(d)
    assert numbers(d) == list(range(12))
    assert d.manifest.split.tolist() == SPLITS
    assert d.group_names == [
        "not blond hair, female",
        "not blond hair, male",
        "blond hair, female",
        "blond hair, male",
    ]
    assert d.y.tolist() == Y
    assert d.a.tolist() == A
    e = celeba(tmp_path, label="Male", attribute="Blond_Hair")
    assert e.y.tolist() == A
    assert e.a.tolist() == Y
    assert e.labels == ["female", "male"]


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
    assert agrees(d)
    assert numbers(d) == order.tolist()
    assert d.manifest.split.value_counts().to_dict() == dict(train=32, val=4, test=4)
    assert d.labels == ["not smiling", "smiling"]
    assert d.manifest.equals(celeba_hq(tmp_path).manifest)
    assert not d.manifest.equals(celeba_hq(tmp_path, seed=1).manifest)
    with pytest.raises(FileNotFoundError, match="expected CelebAMask-HQ-attribute-anno.txt"):
        celeba_hq(tmp_path / "CelebA-HQ-img")
