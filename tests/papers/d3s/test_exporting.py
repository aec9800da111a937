"What could go wrong in exporting: a picture under another's label, half a set, two sets in one folder."

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spurious_core.data.readers.d3s import d3s
from spurious_core.papers.d3s import exporting
from spurious_core.papers.d3s.exporting import export_d3s
from support.d3s import drawn

LABELS = ["boat", "cow", "car"]


def test_the_published_layout_holds_every_picture_under_its_label(tmp_path):
    table = drawn(tmp_path)
    table["kept"] = np.arange(len(table)) % 3 > 0
    out = export_d3s(table, tmp_path / "out", dict(boat=900, cow=20, car=400))
    read = d3s(out, 64, val=0.0)
    assert read.labels == ["cow", "car", "boat"]
    assert len(read) == len(table)
    y, a, item = (read.images()[:, 5, 5].astype(int).T - 10) // 20
    assert [LABELS[i] for i in y] == [read.labels[i] for i in read.y]
    assert (a == read.a).all()
    assert (item == (read.manifest.split == "test")).all()  # round 0 is train, round 1 test
    assert (d3s(out, 64, val=0.0, init=True).images().max((1, 2)) == 255).all()
    filtered = d3s(out, 64, filtered=True).split("test")
    assert len(filtered) == int(table.kept[table.split == "test"].sum())


def test_sheets_and_entries_have_the_published_form(tmp_path):
    out = export_d3s(drawn(tmp_path), tmp_path / "out")
    with Image.open(out / "val/background-shift/0.png") as sheet:
        assert sheet.size == (1032, 516)
    entry = json.loads((out / "train/metadata.json").read_text())[0]
    assert set(entry) == {"image", "classIdx", "prompt", "args", "hasInit", "background"}
    assert entry["args"]["strength"] == 0.9
    assert not (out / "val/filtered_metadata.json").exists()


def test_an_interrupted_export_goes_on_and_another_set_is_refused(tmp_path, monkeypatch):
    table, out, done = drawn(tmp_path), tmp_path / "out", []

    def fail(path, content):
        if len(done) == 9:
            raise OSError(28, "disk full")
        done.append(path)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)

    with monkeypatch.context() as patched:
        patched.setattr(exporting, "atomic_write", fail)
        with pytest.raises(OSError):
            export_d3s(table, out)
    assert not (out / "train/metadata.json").exists()  # so that no reader takes half a set for a whole one
    export_d3s(table, out)
    assert len(d3s(out, 64)) == len(table)
    export_d3s(table, out)
    with pytest.raises(ValueError, match="holds another set"):
        export_d3s(table.iloc[1:], out)


def test_what_the_layout_has_no_place_for_is_refused(tmp_path):
    table, out = drawn(tmp_path), tmp_path / "out"
    with pytest.raises(ValueError, match="unknown background 'mars'"):
        export_d3s(table.assign(background="mars"), out)
    with pytest.raises(ValueError, match="needs a number"):
        export_d3s(table, out, dict(boat=1000, cow=1, car=2))
    assert not out.exists()
