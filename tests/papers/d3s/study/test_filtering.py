"What the filter leaves, its numbers, and the pictures that it doubts."

import numpy as np
import pytest
from PIL import Image

from spurious_core.papers.d3s.study.filtering import (
    doubt_sheet,
    doubted,
    filter_rows,
    kept_split,
    only_kept,
    probe_halves,
)
from support.d3s import LABELS, SCENES, pictures


def seen(kept, **columns):
    data = pictures(len(kept))
    named = dict(label=np.array(LABELS)[data.y], background=np.array(SCENES)[data.a])
    data.manifest = data.manifest.assign(kept=kept, **named, **columns)
    return data


def test_dropped_pictures_leave_unless_all_would():
    assert len(only_kept(seen([True, False, True]))) == 2
    assert len(only_kept(seen([False] * 3))) == 3
    data = seen([True, False, False, True], split=["train", "train", "val", "val"])
    assert [len(kept_split(data, split)) for split in ("train", "val")] == [1, 1]


def test_probes_are_tested_on_what_they_know():
    split = ["val", "val", "val", "test", "test", "test"]
    data = seen([True, True, False, True, True, True], split=split)
    data.manifest = data.manifest.assign(y=[0, 1, 2, 0, 2, 1], a=[0, 1, 2, 1, 0, 2])
    with pytest.warns(UserWarning, match="2 of 3 test pictures are left out of the probes"):
        fit_on, test = probe_halves(data)
    assert (fit_on.y.tolist(), test.y.tolist(), test.a.tolist()) == ([0, 1], [0], [1])


def test_shares_count_what_was_asked_and_nothing_else():
    data = seen([True, False, True, True], class_there=[True, True, True, False])
    rows = filter_rows(data, np.array([True, False, False]), "mini_x").set_index("key")
    assert list(rows.index) == ["truth_class.mini_x.D3S", "kept.mini_x.D3S", "missed_by_all.mini_x.D3S"]
    assert rows.value.tolist() == [0.75, 0.75, pytest.approx(1 / 3)]
    assert rows.n.tolist() == [4, 4, 3]
    assert (rows.over == "images").all()


def test_at_most_half_of_the_doubted_were_dropped_and_the_least_believed_come_first():
    belief = np.linspace(0.1, 0.9, 9)
    kept = belief >= 0.5
    rows = doubted(seen(kept, p_class=belief, p_background=1.0).manifest, 4)
    assert rows.kept.tolist() == [False, False, True, True]
    assert rows.belief.tolist() == pytest.approx([0.1, 0.2, 0.5, 0.6])
    few = doubted(seen([True] * 9, p_class=0.8, p_background=belief).manifest, 3)
    assert few.belief.tolist() == pytest.approx([0.1, 0.2, 0.3])
    assert (doubted(seen([True] * 3).manifest).belief == 1).all()


def test_dropped_pictures_have_a_red_frame(tmp_path):
    data = seen([True, False], p_class=[0.9, 0.1])
    paths = [tmp_path / f"{i}.png" for i in range(2)]
    for path, image in zip(paths, data.pixels, strict=True):
        Image.fromarray(image).save(path)
    rows = doubted(data.manifest.assign(path=list(map(str, paths))))
    ax = doubt_sheet(rows).axes[0]
    assert len(ax.patches) == 1
    assert ax.texts[0].get_text() == "class 1, scene 0\n0.10"
