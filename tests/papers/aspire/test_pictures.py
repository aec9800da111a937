"Pictures bear the full names of worlds, and show what is asked for."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.grouped import GroupedImages
from spurious_core.papers.aspire.cure_tables import cure_wga_table
from spurious_core.papers.aspire.curing import Cured
from spurious_core.papers.aspire.pictures import (
    cure_wga_figure,
    drawn_sheet,
    edits_sheet,
    save_discoveries,
    top_features,
    worlds_sheet,
)
from support.figures import touching_names


def words(fig):
    return [text.get_text() for text in fig.axes[0].texts]


def birds(n=3):
    manifest = pd.DataFrame(dict(y=np.arange(2 * n) % 2, a=0, split="train"))
    pixels = np.full((2 * n, 8, 8, 3), 90, np.uint8)
    return GroupedImages(manifest, ["landbird", "waterbird"], ["none"], pixels=pixels)


def test_a_row_for_each_class_of_each_world():
    rows = words(worlds_sheet(dict(mini_beside=birds(), clean=birds()), classes=1))
    assert rows == ["landbird (mini_beside)", "landbird (clean)"]


def test_a_class_of_few_pictures_has_a_row_that_ends_in_white():
    sheet = worlds_sheet(dict(clean=birds(3)), n=5, classes=1).axes[0].images[0].get_array()
    seen = [bool((sheet[:, left : left + 8] == 90).all()) for left in range(0, 50, 10)]
    assert seen == [True, True, True, False, False]
    assert (sheet[:, 30:] == 255).all()


RANKING = pd.DataFrame(
    dict(
        label=["cat", "cat", "dog", "cow"],
        kind="foreground",
        cluster=["ball", "bowl", "lamp", "bell"],
        rank=[1, 2, 1, 1],
        spurious=[True, True, True, False],
        effect=[0.2, 0.9, 0.5, 0.8],
    )
)


def test_the_first_features_of_the_classes_in_which_edits_do_most():
    assert top_features(RANKING, 2).cluster.tolist() == ["lamp", "ball"]
    assert top_features(RANKING, 1).cluster.tolist() == ["lamp"]
    few = RANKING.assign(spurious=[True, False, False, False])
    assert top_features(few, 2).cluster.tolist() == ["bell", "lamp"]


@pytest.fixture
def findings():
    images = np.stack([np.full((4, 4, 3), v, np.uint8) for v in (250, 10, 200)])
    edits = pd.DataFrame(
        dict(image=[2, 0], label="cat", kind="foreground", cluster="ball", effect=[0.1, 0.3])
    )
    edits = edits.assign(p_before=[0.2, 0.9], p_after=[0.1, 0.6], p_sham=[0.3, 0.8])
    return SimpleNamespace(images=images, after=images[:2], sham=images[1:], edits=edits, ranking=RANKING[:1])


def test_edits_before_after_and_sham(findings):
    shown = words(edits_sheet(findings, n=2))
    assert words(edits_sheet(findings, n=3)) == shown, "two edits are two pictures, not three"
    assert shown[:6] == ["0.90", "0.20", "0.60", "0.10", "0.80", "0.30"]
    assert shown[6:] == ["cat - ball: before", "cat - ball: after", "cat - ball: sham"]


def test_what_was_chosen_and_what_each_arm_drew():
    chosen = dict(landbird=birds().images()[:2])
    entry = Cured(["landbird", "waterbird"], {}, None, chosen, dict(random=birds(), aspire=birds()), None)
    assert words(drawn_sheet(dict(mini_beside=entry))) == [
        "landbird (mini_beside): edited",
        "landbird (mini_beside): random",
        "landbird (mini_beside): aspire",
        "waterbird (mini_beside): random",
        "waterbird (mini_beside): aspire",
    ]


def test_worst_groups_with_a_dot_for_each_seed():
    rows = [("none", "ERM", 0.2), ("none", "DFR", 0.4), ("random", "ERM", 0.3), ("aspire", "ERM", 0.7)]
    scores = pd.DataFrame(
        [
            dict(world=world, seed=seed, arm=arm, method=method, wga=wga + seed / 10, lo=0, hi=1, images=90)
            for world in ("mini_waterbirds", "mini_beside")
            for seed in (0, 1, 2)
            for arm, method, wga in rows
        ]
    )
    axes = cure_wga_figure(cure_wga_table(scores), scores).axes
    assert [ax.get_title() for ax in axes] == [
        f"{world}: {what}"
        for world in ("mini_waterbirds", "mini_beside")
        for what in ("plain training", "every method")
    ]
    left, right = axes[:2]
    assert [tick.get_text() for tick in left.get_xticklabels()] == ["none", "random", "aspire"]
    left.figure.canvas.draw()
    for tick, label in zip(left.get_xticks(), left.get_xticklabels(), strict=True):
        bar = left.transData.transform((tick, 0))[0]
        assert abs(label.get_window_extent().x1 - bar) < 15  # a slanted name ends at its bar
    dots = [line.get_ydata() for line in left.lines if line.get_marker() == "."]
    assert np.allclose(dots, [[0.2, 0.3, 0.7], [0.3, 0.4, 0.8], [0.4, 0.5, 0.9]])
    assert [text.get_text() for text in right.get_legend().get_texts()] == ["none", "aspire"]


def test_the_names_of_all_arms_and_methods_keep_apart():
    arms = ["none", "random", "named", "unedited", "paper", "lora", "aspire"]
    pairs = [(arm, "ERM") for arm in arms] + [
        (arm, method)
        for arm in ("none", "aspire")
        for method in ("GroupDRO", "JTT", "LfF", "SUBG", "CVaR-DRO", "LISA", "DFR", "EIIL")
    ]
    cell = dict(world="mini_beside", wga=0.5, lo=0, hi=1, images=90)
    scores = pd.DataFrame(
        [cell | dict(seed=seed, arm=arm, method=method) for seed in range(2) for arm, method in pairs]
    )
    assert touching_names(cure_wga_figure(cure_wga_table(scores), scores)) == []


def test_a_file_for_each_class_of_ones_own(findings, tmp_path):
    findings.ranking = findings.ranking.assign(label="big cat")
    findings.edits = findings.edits.assign(label="big cat")
    assert save_discoveries(findings, tmp_path) == [tmp_path / "big-cat.png"]
    assert (tmp_path / "big-cat.png").read_bytes().startswith(b"\x89PNG")
