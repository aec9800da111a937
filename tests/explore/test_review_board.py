"What could go wrong when people vote: a vote on the wrong pair or on none, a key that counts twice, markup."

import base64
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.explore.review_board import Board, PairView
from spurious_core.explore.sessions import Session
from spurious_core.explore.votes import Votes
from support.notebooks import ROOT, cells_of
from support.pages import check_page
from support.pairs import press_all, write_pairs


@pytest.fixture
def table(tmp_path):
    return write_pairs(tmp_path)


@pytest.fixture
def session(tmp_path, table):
    return Session(table, Votes(tmp_path / "v.jsonl"), "a", need=1)


def grey(picture):
    return np.asarray(Image.open(io.BytesIO(picture)))[0, 0, 0]


def shown(board):
    "The items whose pictures stand left and right."
    return [f"item {grey(picture)}" for picture in board.pair.shown]


def remove_picture(session, item, column="path"):
    "Removes a picture after the session has begun; returns what was in it."
    path = Path(session.table.loc[item, column])
    content = path.read_bytes()
    path.unlink()
    return path, content


# --- what is shown


def test_the_current_pair_is_shown(session):
    board = Board(session, 16)
    assert shown(board) == [session.current] * 2
    press_all(board, "yn")
    assert shown(board) == [session.current] * 2


def test_both_pictures_have_words_for_those_who_cannot_see_them(session):
    pair = Board(session, 16).pair
    (left,), (right,) = (check_page(side.value).images for side in (pair.left, pair.right))
    assert left["alt"].startswith("left:") and right["alt"].startswith("right:")
    assert left["width"] == "16"
    assert base64.b64decode(right["src"].split(",")[1]) == pair.shown[1]


def test_the_question_that_stands_open_is_shown(session):
    board = Board(session)
    assert "object of the left picture" in board.pair.text.value
    board.press("y")
    assert "offensive" in board.pair.text.value


def test_prompts_are_no_markup(session):
    assert f"&lt;b&gt;{session.current.split()[1]}&lt;/b&gt;" in Board(session).pair.text.value
    board = Board(session, note=lambda row: f"<i>{row['item']}</i>")
    assert f"&lt;i&gt;{session.current}&lt;/i&gt;" in board.pair.text.value
    assert "<i>" not in board.pair.text.value


@pytest.mark.parametrize("side, colours", [(8, 2), (30, None)])
def test_small_pictures_are_enlarged_without_smoothing(tmp_path, side, colours):
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[:, side // 2 :] = 255
    path = tmp_path / "edge.png"
    Image.fromarray(pixels).save(path)
    view = PairView(40)
    view.show(dict(item="0", init_image=path, path=path) | dict(prompt=""), "?")
    drawn = np.asarray(Image.open(io.BytesIO(view.shown[0])))
    assert drawn.shape == (40, 40, 3)
    assert (len(np.unique(drawn)) == colours) if colours else (len(np.unique(drawn)) > 2)


def test_pictures_are_shown_as_all_readers_read_them(tmp_path):
    "Upright, and 16 bits scaled: people must not vote on another picture than classifiers saw."
    turned, grey = tmp_path / "turned.png", tmp_path / "grey.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(np.zeros((10, 20, 3), np.uint8)).save(turned, exif=exif)
    Image.fromarray(np.array([[0, 32768], [65535, 65535]], np.uint16)).save(grey)
    view = PairView(40)
    view.show(dict(item="0", init_image=turned, path=grey) | dict(prompt=""), "?")
    left, right = (np.asarray(Image.open(io.BytesIO(png))) for png in view.shown)
    assert left.shape == (80, 40, 3)
    assert right[0, 0].tolist() == [0] * 3 and abs(int(right[0, -1, 0]) - 128) <= 1


def test_the_end_is_said_and_takes_no_votes(session):
    board = Board(session)
    while session.current:
        board.buttons["y"].click()
        board.buttons["n"].click()
    assert "Nothing is left" in board.summary.value and "12 kept" in board.summary.value
    assert board.pair.item is None and board.buttons["n"].disabled
    board.buttons["b"].click()
    assert len(session.votes.frame()) == 11
    assert shown(board) == [session.current] * 2 and not board.summary.value


# --- keys and buttons


def test_keys_in_the_field_count_once(session):
    board, votes = Board(session), session.votes
    board.entry.value = "y"
    assert len(votes.frame()) == 0
    board.entry.value = "yn"
    assert len(votes.frame()) == 1


@pytest.mark.parametrize("grown", ["{key}{value}", "{value}{key}", "n{key}{value}n"])
def test_a_key_counts_once_wherever_it_is_typed(session, grown):
    "At the start of the field, at its end, or in it: one answer for one key."
    board, first = Board(session), session.current
    board.entry.value = "nn" if grown.startswith("n") else ""  # a paste
    for answers, key in enumerate("ynyn", 1):
        middle = board.entry.value.removeprefix("n").removesuffix("n")
        value = middle if grown.startswith("n") else board.entry.value
        board.entry.value = grown.format(key=key, value=value)
        assert (len(session.votes.frame()), len(session.answers)) == divmod(answers, 2)
    assert session.done[0] == first and session.votes.frame().good.all()


def test_a_key_typed_over_all_that_was_there_counts_once(session):
    board = Board(session)
    for value in ("n", "nn", "nny", "s"):
        board.entry.value = value
    assert len(session.votes.frame()) == 1 and session.answers == {} and len(session.skipped) == 1


@pytest.mark.parametrize("pasted", ["Yesterday anybody", "ynyn", "yn"])
def test_what_comes_at_once_is_no_answer_and_said(session, pasted):
    board, first = Board(session), session.current
    board.entry.value = pasted
    assert (session.current, session.answers, session.skipped) == (first, {}, [])
    assert not session.votes.path.exists() and "press one key" in board.error.value
    board.entry.value = "y" + pasted
    assert session.answers == dict(object=True) and not board.error.value


def test_deleting_in_the_field_is_no_answer(session):
    board = Board(session)
    for value in ("y", "yn", "yny"):
        board.entry.value = value
    board.entry.value = "yn"
    board.entry.value = ""
    assert len(session.votes.frame()) == 1 and session.answers == dict(object=True)
    board.entry.value = "n"
    assert len(session.votes.frame()) == 2
    board.entry.value = "y"  # retyped from scratch
    assert session.answers == dict(object=True)


def test_buttons_mean_what_keys_mean(session):
    board = Board(session)
    first = session.current
    for key in "yn":
        board.buttons[key].click()
    assert session.votes.frame()[["item", "good"]].values.tolist() == [[first, True]]
    assert board.progress.value == 1
    board.buttons["b"].click()
    assert session.votes.frame().empty and board.progress.value == 0


# --- pictures that nobody saw


@pytest.mark.parametrize("shape, size", [((1, 3000), (40, 1)), ((3000, 1), (1, 160)), ((10, 40), (40, 10))])
def test_a_very_flat_or_high_picture_is_shown(tmp_path, shape, size):
    path = tmp_path / "strip.png"
    Image.fromarray(np.zeros((*shape, 3), np.uint8)).save(path)
    view = PairView(40)
    view.show(dict(item="0", init_image=path, path=path), "?")
    assert Image.open(io.BytesIO(view.shown[0])).size == size
    (left,) = check_page(view.left.value).images
    assert left["width"] == str(size[0])


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA])
def test_a_prompt_that_is_absent_is_no_word(session, nothing):
    session.table["prompt"] = nothing
    text = check_page(Board(session).pair.text.value).text
    assert text.strip() == session.question.text


@pytest.mark.parametrize("column", ["init_image", "path"])
def test_nobody_votes_on_a_missing_picture(session, column):
    board, second = Board(session), session.left[1]
    remove_picture(session, second, column)
    press_all(board, "ynynyn")
    assert session.current == second
    assert session.votes.frame()["item"].tolist() == session.done != [second]
    assert board.pair.item is None and board.pair.pictures.layout.display == "none"
    assert not board.pair.left.value and not board.pair.right.value and not board.pair.shown
    assert board.buttons["y"].disabled and board.buttons["n"].disabled


def test_a_missing_picture_is_one_readable_line(session):
    board = Board(session)
    path, _ = remove_picture(session, session.left[1])
    press_all(board, "yn")
    assert board.error.value.count("FileNotFoundError") == 1
    assert path.name in board.error.value and "\n" not in board.error.value
    assert "Traceback" not in board.error.value


def test_a_damaged_picture_is_as_good_as_none(session):
    board, second = Board(session), session.left[1]
    Path(session.table.loc[second, "path"]).write_bytes(b"no picture")
    press_all(board, "ynyn")
    assert "result2.png: broken: cannot identify image" in board.error.value
    assert session.current == second and len(session.votes.frame()) == 1


def test_one_passes_over_a_missing_picture(session):
    board, (second, third) = Board(session), session.left[1:3]
    remove_picture(session, second)
    press_all(board, "yns")
    assert session.current == third and shown(board) == [third] * 2
    assert not board.error.value and not board.buttons["y"].disabled
    press_all(board, "yn")
    assert third in session.votes.frame()["item"].tolist()


def test_a_picture_that_comes_back_is_looked_at_before_the_vote(session):
    board, second = Board(session), session.left[1]
    path, content = remove_picture(session, second)
    press_all(board, "yn")
    path.write_bytes(content)
    press_all(board, "yn")
    assert len(session.votes.frame()) == 1
    board.press("b")
    press_all(board, "yn")
    assert shown(board) == [second] * 2


def test_a_board_without_its_picture_is_an_error(session):
    remove_picture(session, session.current)
    with pytest.raises(FileNotFoundError):
        Board(session)


def test_a_board_left_behind_catches_up_before_it_votes(session):
    earlier, later = Board(session), Board(session)
    press_all(later, "yn")
    second = session.current
    earlier.press("n")
    assert not session.answers and shown(earlier) == [second] * 2
    press_all(earlier, "yn")
    assert session.votes.frame()["item"].tolist()[1:] == [second]


def test_a_file_of_votes_that_breaks_is_one_line(session):
    board, now = Board(session), session.current
    session.votes.path.write_text("<script>")
    press_all(board, "yn")
    assert "line 1 is no vote: &#x27;&lt;script&gt;&#x27;" in board.error.value
    assert "<script>" not in board.error.value and "\n" not in board.error.value
    session.votes.path.unlink()
    board.press("n")
    assert not board.error.value
    assert session.votes.frame()[["item", "good"]].values.tolist() == [[now, True]]


def test_an_error_in_the_words_about_a_row_is_one_line(session):
    def note(row):
        if row["item"] != first:
            raise KeyError("caption")
        return "first"

    first = session.current
    board = Board(session, note=note)
    press_all(board, "ynyn")
    assert "KeyError" in board.error.value and len(session.votes.frame()) == 1


def test_the_notebooks_board_has_its_pictures_after_run_all():
    names = {"__name__": "notebook"}
    for cell in cells_of(ROOT / "nbs/explore/02_review_board.ipynb"):
        if cell.kind == "code":
            exec(cell.source, names)
    live = names["live"]
    while live.session.current:
        assert live.takes_votes, live.error.value
        press_all(live, "yn")
    assert len(live.session.votes.frame()) == 9 and "Nothing is left" in live.summary.value
