"CelebA and Waterbirds in the folders of WILDS."

import hashlib
import shutil

import pandas as pd
import pytest

from spurious_core.data.mirrors.wilds import wilds_celeba, wilds_waterbirds
from support.data_trees import SPLITS, A, S, Y, agrees, numbers, put


def faces(root):
    folder = root / "celebA_v1.0"
    names = [f"{i + 1:06d}.jpg" for i in range(12)]
    for i, name in enumerate(names):
        put(folder / "img_align_celeba" / name, Y[i], A[i], i)
    plus_minus = {"Blond_Hair": [2 * y - 1 for y in Y], "Male": [2 * a - 1 for a in A]}
    pd.DataFrame(dict(image_id=names) | plus_minus).to_csv(folder / "list_attr_celeba.csv", index=False)
    parts = pd.DataFrame(dict(image_id=names, partition=S))
    parts.to_csv(folder / "list_eval_partition.csv", index=False)
    (folder / "RELEASE_v1.0.txt").write_text("", encoding="utf-8")
    return folder


def birds(root):
    folder = root / "waterbirds_v1.0"
    names = [f"{i % 3:03d}.Bird/Bird_{i}.jpg" for i in range(12)]
    for i, name in enumerate(names):
        put(folder / name, Y[i], A[i], i)
    columns = dict(
        img_id=range(12), img_filename=names, y=Y, split=S, place=A, place_filename="/l/lake/1.jpg"
    )
    pd.DataFrame(columns).to_csv(folder / "metadata.csv", index=False)
    (folder / "RELEASE_v1.0.txt").write_text("", encoding="utf-8")
    return folder


def write_sums(folder, *names):
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


KINDS = pytest.mark.parametrize(
    "tree, read, table",
    [(faces, wilds_celeba, "list_attr_celeba.csv"), (birds, wilds_waterbirds, "metadata.csv")],
    ids=["celeba", "waterbirds"],
)


@KINDS
def test_the_root_of_wilds_and_the_folder_of_the_release(tmp_path, tree, read, table):
    folder = tree(tmp_path)
    for root in (tmp_path, folder):
        data = read(root)
        assert agrees(data) and numbers(data) == list(range(12))
        assert data.y.tolist() == Y and data.a.tolist() == A and data.manifest.split.tolist() == SPLITS
        assert data.name.endswith("(WILDS)")


@KINDS
def test_checksums_beside_the_archive_and_in_the_release(tmp_path, tree, read, table):
    folder = tree(tmp_path)
    (tmp_path / "archive.tar.gz").write_bytes(b"published")
    write_sums(tmp_path, "archive.tar.gz")
    write_sums(folder, table)
    assert len(read(tmp_path)) == 12
    (folder / table).write_bytes((folder / table).read_bytes() + b"\n")
    with pytest.raises(ValueError, match=rf"\(WILDS\): 1 files differ from SHA256SUMS: {table} \(expected"):
        read(tmp_path)
    assert len(read(tmp_path, checksums=False)) == 12
    write_sums(folder, table)
    (tmp_path / "archive.tar.gz").write_bytes(b"half")
    with pytest.raises(ValueError, match="1 files differ from SHA256SUMS: archive.tar.gz"):
        read(tmp_path)


@KINDS
def test_another_release_is_refused(tmp_path, tree, read, table):
    folder = tree(tmp_path)
    (folder / "RELEASE_v1.0.txt").rename(folder / "RELEASE_v1.1.txt")
    with pytest.raises(ValueError, match="expected RELEASE_v1.0.txt in .*; found RELEASE_v1.1.txt"):
        read(tmp_path)
    (folder / "RELEASE_v1.1.txt").unlink()
    assert len(read(tmp_path)) == 12
    folder.rename(tmp_path / "other_v2.0")
    with pytest.raises(FileNotFoundError, match=f"_v1.0/{table} or {table} in .* holds other_v2.0"):
        read(tmp_path)


def test_what_is_wrong_in_the_tables_is_named(tmp_path):
    folder = faces(tmp_path)
    part = folder / "list_eval_partition.csv"
    whole = part.read_text(encoding="utf-8")
    part.write_text(whole.replace(",2", ",3"), encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"partition in list_eval_partition.csv: expected 0, 1, 2; found \[3"
    ):
        wilds_celeba(tmp_path)
    part.write_text(whole, encoding="utf-8")
    with pytest.raises(ValueError, match="expected the column Bald; found image_id, Blond_Hair, Male"):
        wilds_celeba(tmp_path, label="Bald")
    with pytest.raises(ValueError, match="label and attribute are both 'Male'; give two columns"):
        wilds_celeba(tmp_path, label="Male")
    (folder / "img_align_celeba/000003.jpg").unlink()
    with pytest.raises(FileNotFoundError, match="1 are missing, such as img_align_celeba/000003.jpg"):
        wilds_celeba(tmp_path)
    shutil.rmtree(folder / "img_align_celeba")
    with pytest.raises(FileNotFoundError, match="expected images in img_align_celeba"):
        wilds_celeba(tmp_path)
