"Hard ImageNet: masks here, images there, class numbers in pickles."

import os
import pickle
import re

import numpy as np
import pytest

from spurious_core.data.readers.hard_imagenet import HARD_CLASSES, hard_imagenet
from support.data_trees import agrees, put


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
    assert agrees(d)
    assert d.labels == [HARD_CLASSES[i] for i in order]
    assert d.attributes == ["none"]
    assert d.manifest.class_index.tolist() == [order[y] for y in d.y]
    assert d.manifest.split.value_counts().to_dict() == dict(train=27, val=3, test=15)
    for f, mask in zip(d.manifest["file"], d.manifest["mask"], strict=True):
        assert os.path.isfile(mask)
        assert os.path.basename(mask) == f.split("/")[1] + "_" + f.split("/")[2]
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
