"MetaShift's cats and dogs as its authors mix them."

import pickle

import pytest

from spurious_core.data.mirrors.metashift_mixed import metashift_mixed
from support.data_trees import agrees, put

PETS, CONTEXTS = ["dog", "cat"], ["outdoor", "indoor"]


def tree(root, usual=8, other=3, each=10):
    "The folder of the authors' script, and the groups in its pickle."
    groups = {}
    for part, counts in dict(train=(usual, other), val_out_of_domain=(each, each)).items():
        for y, pet in enumerate(PETS):
            for n, a in zip(counts, (y, 1 - y), strict=True):  # dogs are outdoors, cats are not
                for _ in range(n):
                    number = str(2300000 + len(groups))
                    groups[number] = [f"{pet}({CONTEXTS[a]})"]
                    put(root / part / pet / f"{number}.jpg", y, a)
    (root / "imageID_to_group.pkl").write_bytes(pickle.dumps(groups))
    return groups


def test_metashift_mixed(tmp_path):
    root = tmp_path / "MetaShift-subpopulation-shift"
    groups = tree(root)
    unused = groups | {"1": ["cat(indoor)"]}  # the script lists more pictures than it takes
    (root / "imageID_to_group.pkl").write_bytes(pickle.dumps(unused))
    for place in (root, tmp_path):
        data = metashift_mixed(place, validation=0.2)
        assert agrees(data) and data.labels == PETS and data.attributes == CONTEXTS
        counts = data.counts().set_index("group")
        assert counts.train.tolist() == [8, 3, 3, 8]
        assert counts.val.tolist() == [2] * 4 and counts.test.tolist() == [8] * 4
    again, others = metashift_mixed(root), metashift_mixed(root, seed=1)
    assert again.manifest.equals(metashift_mixed(root).manifest)
    assert not again.manifest.split.equals(others.manifest.split)
    assert set(metashift_mixed(root, validation=0).manifest.split) == {"train", "test"}


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"2300000": ["cat(indoor)"]},
            "train/dog/2300000.jpg is in the group cat.indoor.; expected one of dog",
        ),
        ({"2300000": ["dog(garden)"]}, r"group \['dog\(garden\)'\] of 2300000 is unknown; allowed: dog\(out"),
        ({"2300000": ["dog(indoor)", "cat(indoor)"]}, "of 2300000 is unknown; allowed: "),
        ({"2300000": None}, "group None of 2300000 is unknown"),
    ],
)
def test_groups_that_are_none(tmp_path, change, message):
    groups = tree(tmp_path) | change
    (tmp_path / "imageID_to_group.pkl").write_bytes(pickle.dumps(groups))
    with pytest.raises(ValueError, match=message):
        metashift_mixed(tmp_path)


def test_what_is_missing_is_named(tmp_path):
    groups = tree(tmp_path)
    table = tmp_path / "imageID_to_group.pkl"
    del groups["2300000"]
    table.write_bytes(pickle.dumps(groups))
    with pytest.raises(ValueError, match="train/dog/2300000.jpg has no group in imageID_to_group.pkl"):
        metashift_mixed(tmp_path)
    table.write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(ValueError, match="expected a dictionary of groups in .*; found list"):
        metashift_mixed(tmp_path)
    table.write_bytes(b"\x80\x04half")
    with pytest.raises(ValueError, match="imageID_to_group.pkl is no pickle of plain values"):
        metashift_mixed(tmp_path)
    table.unlink()
    with pytest.raises(
        FileNotFoundError, match="expected imageID_to_group.pkl or MetaShift-subpopulation-shift"
    ):
        metashift_mixed(tmp_path)
    with pytest.raises(ValueError, match=r"validation=1 must lie in \[0, 1\)"):
        metashift_mixed(tmp_path, validation=1)


def test_links_to_pictures_that_are_not_there_are_named(tmp_path):
    tree(tmp_path)
    picture = tmp_path / "train/dog/2300001.jpg"
    picture.unlink()
    picture.symlink_to("/data/GQA/images/2300001.jpg")
    message = "1 pictures of .*train/dog are links to nothing: 2300001.jpg -> /data/GQA/images/2300001.jpg"
    with pytest.raises(FileNotFoundError, match=message):
        metashift_mixed(tmp_path)
