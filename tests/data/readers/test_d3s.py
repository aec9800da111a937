"D3S: pairs of pictures, of which one is read."

import json
import shutil

import pytest
from PIL import Image

from spurious_core.data.readers.d3s import D3S_BACKGROUNDS, d3s
from support.data_trees import agrees


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
    assert agrees(d, 8)
    assert d.y.tolist() == y * 2
    assert d.labels == ["tiger shark", "crane (134)", "crane (517)"]
    assert d.attributes == D3S_BACKGROUNDS
    assert set(d.manifest.g) == {"generated"}
    assert d.manifest.split.value_counts().to_dict() == dict(train=9, val=1, test=10)
    assert (d3s(tmp_path, size=8, init=True).images() == 200).all()
    assert len(d3s(tmp_path, filtered=True).split("test")) == 4
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
        (text.replace('"grass"', '"lawn"'), "unknown background 'lawn'; known: grass"),
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
