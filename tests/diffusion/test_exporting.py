"The folder layout of Spurious ImageNet."

import pandas as pd
import pytest

from spurious_core.diffusion.exporting import export_spurious_imagenet
from spurious_core.diffusion.generating import generate
from support.drawing import FAST, PLAN


def test_spurious_imagenet_layout(tiny_pipeline, tmp_path):
    table = generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)
    out = tmp_path / "images"
    for index, name, component in ((94, "hummingbird", 1), (105, "koala bear_x", 12)):
        export_spurious_imagenet(table, out, index, name, component)
    found = []
    for folder in out.iterdir():
        if folder.is_dir():
            parts = folder.name.split("_")  # as the scorer reads it
            found.append((int(parts[2]), int(parts[-1]), len(list(folder.iterdir()))))
    assert sorted(found) == [(94, 1, 9), (105, 12, 9)]
    assert int((out / "timestamp.txt").read_text()) > 10**9


@pytest.mark.parametrize("index, component", [(-1, 0), (0, -1)])
def test_negative_numbers_are_refused(tmp_path, index, component):
    with pytest.raises(ValueError, match="=-1 must be at least 0"):
        export_spurious_imagenet(None, tmp_path, index, "bird", component)


def test_two_pictures_never_become_one_file(tmp_path):
    for folder in "ab":
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "0.png").write_bytes(folder.encode())
    image_set = pd.DataFrame(dict(path=[tmp_path / "a/0.png", tmp_path / "b/0.png"]))
    with pytest.raises(ValueError, match="a/0.png and .*b/0.png would both be written as 0.png"):
        export_spurious_imagenet(image_set, tmp_path / "out", 1, "bird", 0)
    assert not (tmp_path / "out").exists()
