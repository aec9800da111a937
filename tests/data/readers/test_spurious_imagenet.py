"Spurious ImageNet, and our export in its layout."

import pandas as pd
import pytest

from spurious_core.data.readers.spurious_imagenet import spurious_imagenet
from spurious_core.diffusion.exporting import export_spurious_imagenet
from support.data_trees import agrees, put


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
        assert agrees(d)
        assert d.labels == ["thing 2", "dog sled", "thing 981"]
        assert d.manifest.class_index.tolist() == [2, 2, 537, 537, 981, 981]
        assert d.manifest.component.tolist() == [4, 4, 0, 0, 1, 1]
        assert set(d.manifest.split) == {"test"}
    with pytest.raises(FileNotFoundError, match="expected folders like spurious_class_"):
        (tmp_path / "none").mkdir()
        spurious_imagenet(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="is not a folder"):
        spurious_imagenet(tmp_path / "nowhere")
    put(tmp_path / "x/dataset/spurious_imagenet/images/photos_of_dogs/1.png", 0, 0)
    with pytest.raises(ValueError, match="found photos_of_dogs"):
        spurious_imagenet(tmp_path / "x")
