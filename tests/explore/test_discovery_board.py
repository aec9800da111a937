"Discoveries: their order, what is decided on them, and the list that is exported."

import numpy as np
import pandas as pd
import pytest

from spurious_core.explore.discovery_board import (
    Decisions,
    DiscoveryBoard,
    DiscoveryViews,
    draw_feature,
    feature_line,
)
from support.pages import check_page

FEATURES = [("cat", "sofa", 2.0, 0.01, 3), ("cat", "<b>lamp", 3.0, 0.02, 1), ("dog", "grass", 1.0, 0.03, 2)]


@pytest.fixture
def views():
    rows, edits = [], []
    for rank, (label, cluster, evidence, q, flips) in enumerate(FEATURES, 1):
        row = dict(y=0, label=label, kind="foreground", cluster=cluster)
        rows.append(
            row | dict(evidence=evidence, q=q, flips=flips, lo=0.5, hi=4.0, rank=rank, score=1.0, effect=0.1)
        )
        edits += [
            row | dict(image=i, effect=0.1 * i, p_before=0.9, p_after=0.2, p_sham=0.8) for i in range(2)
        ]
    ranking = pd.DataFrame(rows).assign(spurious=[True, True, False], occurrences=4)
    pictures = np.random.default_rng(0).integers(0, 255, (2, 16, 16, 3), dtype=np.uint8)
    changed = np.random.default_rng(1).integers(0, 255, (6, 16, 16, 3), dtype=np.uint8)
    return DiscoveryViews(pd.DataFrame(edits), ranking, pictures, changed, 255 - changed)


@pytest.fixture
def board(views, tmp_path):
    return DiscoveryBoard(views, tmp_path / "below" / "decisions.json")


def test_orders(views):
    assert views.features("cat").cluster.tolist() == ["sofa", "<b>lamp"]
    assert views.features("cat", "evidence").cluster.tolist() == ["<b>lamp", "sofa"]
    assert views.features("cat", "q").cluster.tolist() == ["sofa", "<b>lamp"]
    with pytest.raises(ValueError, match="by='y'"):
        views.features("cat", "y")


def test_a_feature_in_words_and_pictures(views):
    assert feature_line(views.ranking.loc[2]).endswith("2 flips, not called spurious")
    figure = draw_feature(views, 1, n=3)
    assert "<b>lamp" in figure.texts[0].get_text()
    assert [text.get_text() for text in figure.axes[0].texts][-1].endswith("sham")


def test_the_board_goes_through_the_features(board):
    (image,) = check_page(board.picture.value, 300_000).images
    assert image["alt"].startswith("cat: sofa")
    board.feature.index = 1
    assert check_page(board.picture.value, 300_000).images[0]["alt"].startswith("cat: <b>lamp")
    board.order.value = "evidence"
    assert [name for name, _ in board.feature.options] == ["1. <b>lamp (foreground)", "2. sofa (foreground)"]
    board.label.value = "dog"
    assert "dog: grass" in board.picture.value and "&lt;b&gt;" not in board.status.value


def test_the_page_makes_the_slider_of_features_anew_for_another_class(board):
    turns = []
    board.feature.observe(
        lambda change: turns.append((change["new"], len(board.feature.options))), "orientation"
    )
    board.label.value = "dog"
    assert turns == [("vertical", 1), ("horizontal", 1)]


def test_decisions_are_kept_and_taken_back(board, views):
    board.buttons["accepted"].click()
    board.feature.index = 1
    board.buttons["rejected"].click()
    assert "&lt;b&gt;lamp: rejected; 2 of 3 decided" in board.status.value
    assert board.buttons["rejected"].button_style == "info"
    other = DiscoveryBoard(views, board.decisions.path)
    assert "sofa: accepted" in other.status.value
    other.buttons[""].click()
    assert "sofa: undecided; 1 of 3" in other.status.value


def test_the_list_is_exported_with_the_decisions(board):
    board.buttons["accepted"].click()
    board.export.click()
    table = pd.read_csv(board.decisions.path.with_suffix(".csv"), keep_default_na=False)
    assert table.decision.tolist() == ["accepted", "", ""] and "1 of them accepted" in board.status.value
    assert str(board.decisions.path.with_suffix(".csv")) in board.status.value


def test_a_small_q_is_not_shown_as_zero(views):
    assert "q 0.0004, 2 flips" in feature_line(views.ranking.assign(q=0.0004).loc[2])


def test_names_that_readers_take_for_nothing_come_back_from_the_list(views, tmp_path):
    names = ["NA", "null", "=1+1"]
    views.ranking = views.ranking.assign(label=names, cluster=names)
    DiscoveryBoard(views, tmp_path / "decisions.json").export.click()
    table = pd.read_csv(
        tmp_path / "decisions.csv", keep_default_na=False, na_values=[""]
    )  # as in the notebook
    assert table.label.tolist() == table.cluster.tolist() == names and table.decision.isna().all()


def test_a_decision_that_is_none(views, tmp_path):
    with pytest.raises(ValueError, match="decision='maybe'"):
        Decisions(tmp_path / "d.json").decide(views.ranking.loc[0], "maybe")


@pytest.mark.parametrize("text", ["{", "{}", '[{"label": "cat"}]'])
def test_a_damaged_file_is_one_line(views, tmp_path, text):
    path = tmp_path / "decisions.json"
    path.write_text(text, encoding="utf-8")
    board = DiscoveryBoard(views, path)
    assert "decisions.json" in board.status.value and "<img" in board.picture.value
    board.buttons["accepted"].click()
    assert path.read_text("utf-8") == text
