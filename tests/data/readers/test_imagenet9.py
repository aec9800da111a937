"ImageNet-9: variants as attributes."

import pytest

from spurious_core.data.readers.imagenet9 import IN9_CLASSES, imagenet9
from support.data_trees import agrees, put


def in9_tree(root):
    for y, l in enumerate(IN9_CLASSES):
        for a, v in enumerate(("mixed_rand", "original")):
            put(root / f"bg_challenge/{v}/val/{y:02d}_{l}/fg_n0_{y}_bg.JPEG", y, a)
        for s in ("train", "val"):
            put(root / f"in9l/{s}/{y:02d}_{l}/n0_{y}.JPEG", y, 1)


def test_imagenet9(tmp_path):
    in9_tree(tmp_path)
    d = imagenet9(tmp_path, ("mixed_rand", "original"), tmp_path / "in9l")
    assert agrees(d)
    assert d.labels == IN9_CLASSES
    assert d.attributes == ["mixed_rand", "original"]
    assert d.manifest.split.value_counts().to_dict() == dict(test=18, train=9, val=9)
    assert set(d.split("train").a) == {1}
    assert imagenet9(tmp_path / "bg_challenge", ["mixed_rand"]).attributes == ["mixed_rand"]
    assert imagenet9(tmp_path, ["mixed_rand"], tmp_path / "in9l").attributes == ["original", "mixed_rand"]
    with pytest.raises(ValueError, match="unknown variant 'mixed_up'; known: original"):
        imagenet9(tmp_path, ["mixed_up"])
    with pytest.raises(FileNotFoundError, match="only_fg/val/00_dog"):
        imagenet9(tmp_path, ["original", "only_fg"])
    (tmp_path / "bg_challenge/original/val/08_fish/fg_n0_8_bg.JPEG").unlink()
    with pytest.raises(ValueError, match="expected images .*08_fish holds nothing"):
        imagenet9(tmp_path, ["original"])
