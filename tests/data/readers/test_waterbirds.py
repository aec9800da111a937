"Waterbirds, its forks, and what is missing or broken."

import pandas as pd
import pytest

from spurious_core.data.readers.waterbirds import waterbirds
from support.data_trees import SPLITS, A, S, Y, agrees, numbers, put


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
        assert d.y.tolist() == Y
        assert d.a.tolist() == A
        assert d.manifest.split.tolist() == SPLITS
        assert agrees(d)
        assert numbers(d) == list(range(12))
    assert d.group_names == ["landbird, land", "landbird, water", "waterbird, land", "waterbird, water"]
    assert agrees(d.split("test"))
    assert agrees(d.balance(0))
    assert (d.manifest.g == "real").all()
    assert "img_id" in d.manifest


def test_names_are_the_datas_own_where_it_has_any(tmp_path):
    label, attribute = (["cat", "dog"][y] for y in Y), (["sofa", "bench"][a] for a in A)
    d = waterbirds(waterbird_tree(tmp_path, label=list(label), attribute=list(attribute)))
    assert d.group_names == ["cat, sofa", "cat, bench", "dog, sofa", "dog, bench"]
    assert agrees(d)


def test_files_outside_of_cub_are_no_birds(tmp_path):
    root = waterbird_tree(tmp_path)
    table = pd.read_csv(root / "metadata.csv")
    (root / "pets").mkdir()
    for i, f in enumerate(table.img_filename):
        (root / f).rename(root / f"pets/{i}.jpg")
    table.assign(img_filename=[f"pets/{i}.jpg" for i in range(12)]).to_csv(root / "metadata.csv", index=False)
    d = waterbirds(root)
    assert d.labels == ["label 0", "label 1"]
    assert d.attributes == ["attribute 0", "attribute 1"]
    assert agrees(d)


def test_a_code_with_two_names_is_refused(tmp_path):
    label = ["cow"] + [["cat", "dog"][y] for y in Y[1:]]
    with pytest.raises(
        ValueError, match=r"column label: expected one name for code 1; found \['cow', 'dog'\]"
    ):
        waterbirds(waterbird_tree(tmp_path, label=label))


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


@pytest.mark.parametrize("name", ["waterbirds_v1.0", "waterbird_complete90_forest2water2"])
def test_archives_of_other_makers_are_found_by_their_name(tmp_path, name):
    waterbird_tree(tmp_path).rename(tmp_path / name)
    assert numbers(waterbirds(tmp_path)) == list(range(12))
    waterbird_tree(tmp_path)
    with pytest.raises(
        ValueError, match="holds waterbird_complete95_forest2water2, .*give the folder of one"
    ):
        waterbirds(tmp_path)
    assert numbers(waterbirds(tmp_path / name)) == list(range(12))
