"What a reviewer sees next and what a key does: nothing twice, nothing that is settled, no vote lost."

import pandas as pd
import pytest

from spurious_core.explore.sessions import Session
from spurious_core.explore.votes import QUESTIONS, Votes, tally
from support.pairs import NO, press_all, vote_on_all, write_pairs

BAD = ("item 3", "item 7")


@pytest.fixture
def table(tmp_path):
    return write_pairs(tmp_path)


@pytest.fixture
def votes(tmp_path):
    return Votes(tmp_path / "v.jsonl")


def test_each_reviewer_sees_what_is_open_and_nothing_twice(votes, table):
    seen = {reviewer: vote_on_all(Session(table, votes, reviewer, need=3), BAD) for reviewer in "abcd"}
    assert sorted(seen["a"]) == sorted(table["item"])
    assert len(seen["b"]) == len(seen["c"]) == 10  # two vetoes by a
    assert not seen["d"]  # enough after c
    assert tally(votes.frame(), table["item"], 3).verdict.value_counts().to_dict() == dict(kept=10, dropped=2)


def test_the_order_is_each_reviewers_own_and_stays(votes, table):
    order = Session(table, votes, "a").order
    assert sorted(order) == sorted(table["item"])
    assert Session(table, votes, "a").order == order
    assert Session(table, votes, "b").order != order
    assert Session(table, votes, "a", seed=1).order != order


def test_a_session_goes_on_after_a_break_and_notices_others(votes, table):
    session = Session(table, votes, "a", need=2)
    press_all(session, "yn" * 5)
    again, other = Session(table, votes, "a", need=2), Session(table, votes, "b", need=2)
    assert len(again.left) == 7 and again.current == session.current
    following = again.left[1]
    votes.add(following, "c", NO)
    press_all(again, "yn")
    assert following not in again.left
    assert following in other.left  # b hasn't looked since
    other.look()
    assert following not in other.left


def test_skipped_items_come_again_last(votes, table):
    session = Session(table, votes, "a", need=1)
    first, second = session.left[:2]
    session.press("s")
    assert session.current == second and session.left[-1] == first
    while session.current != first:
        press_all(session, "yn")
    session.press("s")
    assert session.current == first
    press_all(session, "nn")
    assert session.current is None and session.question is None
    assert not session.press("y")


def test_back_takes_votes_back_in_order(votes, table):
    session = Session(table, votes, "a", need=1)
    first, second = session.left[:2]
    assert not session.press("b")
    press_all(session, "yny")
    assert session.current == second and session.question.key == "offensive"
    session.press("b")
    assert session.current == second and session.question.key == "object" and len(votes.frame()) == 1
    session.press("b")
    assert session.current == first and votes.frame().empty
    press_all(session, "YN")
    assert votes.frame()["item"].tolist() == [first]


def test_a_vote_that_cannot_be_written_leaves_the_question_open(votes, table):
    session = Session(table, votes, "a")
    now = session.current
    session.press("y")
    votes.path.write_text("damaged")
    with pytest.raises(ValueError, match="line 1 is no vote"):
        session.press("n")
    assert session.current == now and session.question.key == "offensive" and not session.done
    votes.path.unlink()
    session.press("n")
    assert votes.frame()[["item", "good"]].values.tolist() == [[now, True]]


def test_a_vote_that_cannot_be_taken_back_can_be_later(votes, table):
    session = Session(table, votes, "a")
    press_all(session, "yn")
    (voted,) = session.done
    text = votes.path.read_text()
    votes.path.write_text("damaged")
    with pytest.raises(ValueError, match="line 1 is no vote"):
        session.press("b")
    votes.path.write_text(text)
    session.press("b")
    assert session.current == voted and votes.frame().empty


def test_one_question_is_one_key(tmp_path, table):
    votes = Votes(tmp_path / "v.jsonl", QUESTIONS[:1])
    session = Session(table, votes, "a")
    now = session.current
    session.press("n")
    assert votes.frame()[["item", "good"]].values.tolist() == [[now, False]]


def test_bad_sessions(votes, table):
    with pytest.raises(ValueError, match="lacks path; it has item, prompt, init_image"):
        Session(table.drop(columns="path"), votes, "a")
    with pytest.raises(ValueError, match="reviewer=' ' must be a text"):
        Session(table, votes, " ")
    with pytest.raises(ValueError, match="without repetition"):
        Session(pd.concat([table, table]), votes, "a")
    with pytest.raises(FileNotFoundError, match="1 pictures are missing, such as nowhere"):
        Session(table.assign(path=["nowhere.png", *table.path[1:]]), votes, "a")
    for reviewer in (None, "m\ud83d"):
        with pytest.raises(ValueError, match="reviewer="):
            Session(table, votes, reviewer)
    for column in ("init_image", "path"):
        with pytest.raises(ValueError, match=f"{column}=None must be the path of a picture"):
            Session(table.assign(**{column: None}), votes, "a")
    with pytest.raises(ValueError, match="without repetition"):
        Session(table[:1].assign(item=None), votes, "a")
    with pytest.raises(ValueError, match="need='3' must be a whole number"):
        Session(table, votes, "a", need="3")


def test_a_name_in_other_letters_is_the_same_reviewer(votes, table):
    session = Session(table, votes, "Ann")
    now = session.current
    press_all(session, "yn")
    assert now not in session.left
    assert all(now not in Session(table, votes, name).left for name in ("ann ", "ANN"))
