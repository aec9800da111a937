"Discoveries: their order, what is decided on them, and the list that is exported."

import html
import json
import re

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
P = [0.02, 0.01, 0.03]


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
    ranking = pd.DataFrame(rows).assign(spurious=[True, True, False], occurrences=4, p=P)
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
    assert views.features("cat", "p").cluster.tolist() == ["<b>lamp", "sofa"]
    with pytest.raises(ValueError, match="by='y'"):
        views.features("cat", "y")


def test_a_ranking_without_a_column_is_not_sorted_by_it(views, tmp_path):
    views.ranking = views.ranking.drop(columns="p")
    assert "p" not in DiscoveryBoard(views, tmp_path / "d.json").order.options
    with pytest.raises(ValueError, match="by='p'"):
        views.features("cat", "p")


def rows_of(board):
    "The list beside the pictures: the text of each row's cells, and which row is marked."
    check_page(board.table.value)
    rows = re.findall(r"<tr([^>]*)>(<td>.*?)</tr>", board.table.value)
    cells = [[html.unescape(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for _, row in rows]
    return cells, [i for i, (style, _) in enumerate(rows) if "aria-current" in style]


def test_the_list_stands_beside_its_features_with_the_decisions(board):
    assert board.table in board.picture_row.children
    first = ["▸ 1", "sofa", "foreground", "2", ""]
    assert rows_of(board) == ([first, ["2", "<b>lamp", "foreground", "3", ""]], [0])
    board.buttons["accepted"].click()
    board.feature.index = 1
    assert rows_of(board)[0] == [
        ["1", *first[1:4], "accepted"],
        ["▸ 2", "<b>lamp", "foreground", "3", ""],
    ] and rows_of(board)[1] == [1]
    board.order.value = "p"
    assert rows_of(board)[0] == [
        ["▸ 1", "<b>lamp", "foreground", "0.01", ""],
        ["2", "sofa", "foreground", "0.02", "accepted"],
    ]
    board.label.value = "dog"
    assert rows_of(board) == ([["▸ 1", "grass", "foreground", "0.03", ""]], [0])


def test_the_exported_list_is_not_written_over_the_decisions(views, tmp_path):
    for name in ("d.csv", "d.CSV"):
        with pytest.raises(ValueError, match="exported to this name"):
            DiscoveryBoard(views, tmp_path / name)


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


def test_a_decision_is_of_the_feature_that_was_shown_at_the_click(board):
    held = []
    board.act = lambda action, *args: held.append((action, args))
    shown = board.views.ranking.loc[board.shown].cluster
    board.buttons["accepted"].click()
    del board.act
    board.feature.index = 1
    for action, args in held:
        action(*args)
    decided = board.decisions.of_ranking(board.views.ranking).set_index("cluster").decision
    assert decided[decided != ""].to_dict() == {shown: "accepted"}


def test_a_ranking_in_which_nothing_was_found_is_one_line(views, tmp_path):
    views.ranking = views.ranking[:0]
    board = DiscoveryBoard(views, tmp_path / "d.json")
    assert "nothing was found" in board.status.value
    board.buttons["accepted"].click()
    assert "there is no feature to decide on" in html.unescape(board.status.value)
    assert not (tmp_path / "d.json").exists()


def test_an_export_takes_its_own_name_and_no_other_list(views, tmp_path):
    for name in ("run.v2", "run.v3", "birds.json"):
        board = DiscoveryBoard(views, tmp_path / name)
        board.buttons["accepted"].click()
        board.export.click()
    assert {path.name for path in tmp_path.glob("*.csv")} == {"run.v2.csv", "run.v3.csv", "birds.csv"}
    (tmp_path / "birds.csv").write_text("bird,colour\nemu,brown\n")
    board.export.click()
    assert "no list of decisions" in html.unescape(board.status.value)
    assert (tmp_path / "birds.csv").read_text() == "bird,colour\nemu,brown\n"


@pytest.mark.parametrize("changed", [dict(decision="Accepted"), dict(cluster=None), dict(kind=["a"])])
def test_a_decision_that_was_edited_by_hand_is_checked(changed, views, tmp_path):
    entry = dict(label="cat", kind="foreground", cluster="sofa", decision="accepted") | changed
    (tmp_path / "d.json").write_text(json.dumps([entry]))
    with pytest.raises(ValueError, match="d.json"):
        Decisions(tmp_path / "d.json").of_ranking(views.ranking)
