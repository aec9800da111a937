"What could go wrong when people vote: votes lost between two who vote at once, a veto overlooked, a vote on the wrong item, keys that count twice."

import itertools
import json
import multiprocessing

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.explore.review import QUESTIONS, Board, Question, Session, Votes, agreement, tally

YES, NO = dict(object=True, offensive=False), dict(object=False, offensive=False)


@pytest.fixture
def table(tmp_path):
    rows = []
    for i in range(12):
        for n in ("init", "result"):
            Image.fromarray(np.full((8, 8, 3), i, np.uint8)).save(tmp_path / f"{n}{i}.png")
        rows.append(
            dict(
                item=f"item {i}",
                init_image=str(tmp_path / f"init{i}.png"),
                path=str(tmp_path / f"result{i}.png"),
                prompt=f"<b>{i}</b>",
            )
        )
    return pd.DataFrame(rows)


def many(path, reviewer):
    for i in range(25):
        Votes(path).add(i, reviewer, YES)


def test_reviewers_who_vote_at_once_lose_nothing(tmp_path):
    ps = [
        multiprocessing.get_context("fork").Process(target=many, args=(tmp_path / "v.jsonl", r))
        for r in ("ada", "ben", "cleo")
    ]
    for p in ps:
        p.start()
    for p in ps:
        p.join()
    f = Votes(tmp_path / "v.jsonl").frame()
    assert (
        len(f) == 75
        and f.groupby("reviewer").size().tolist() == [25] * 3
        and [p.exitcode for p in ps] == [0] * 3
    )


def test_a_damaged_file_is_named_and_kept(tmp_path):
    v = Votes(tmp_path / "v.jsonl")
    v.add("a", "ada", YES)
    text = v.path.read_text() + '{"item": "b", "rev'
    v.path.write_text(text)
    for f in (v.frame, lambda: v.add("c", "ben", YES)):
        with pytest.raises(ValueError, match=r"v\.jsonl, line 2 is no vote"):
            f()
    assert v.path.read_text() == text
    v.path.write_text(json.dumps(dict(item="a", reviewer="x", answers=dict(blurred=True))) + "\n")
    with pytest.raises(ValueError, match="line 1: questions differ in blurred, object, offensive"):
        v.frame()


@pytest.mark.parametrize(
    "answers",
    [
        dict(object=True),
        dict(object=True, offensive=False, blurred=True),
        dict(object=1, offensive=0),
        dict(object=None, offensive=False),
    ],
)
def test_half_a_vote_is_no_vote(tmp_path, answers):
    v = Votes(tmp_path / "v.jsonl")
    with pytest.raises(ValueError, match="True or False for each of object, offensive"):
        v.add("a", "ada", answers)
    assert not v.path.exists()


@pytest.mark.parametrize(
    "good,need,verdict",
    [
        ([], 2, "open"),
        ([1], 2, "open"),
        ([1, 1], 2, "kept"),
        ([1, 1, 1], 2, "kept"),
        ([0], 5, "dropped"),
        ([1] * 9 + [0], 5, "dropped"),
        ([0, 0], 1, "dropped"),
    ],
)
def test_one_veto_is_enough_in_any_order(good, need, verdict):
    for order in itertools.islice(itertools.permutations(range(len(good))), 6):
        v = pd.DataFrame(
            [dict(item="x", reviewer=str(i), good=bool(good[i])) for i in order],
            columns=["item", "reviewer", "good"],
        )
        assert tally(v, ["w", "x"], need).verdict.tolist() == ["open", verdict]


def test_an_offensive_picture_goes_whatever_its_object(tmp_path):
    v = Votes(tmp_path / "v.jsonl")
    v.add("a", "ada", dict(object=True, offensive=True))
    assert tally(v.frame(), ["a"], 1).verdict.tolist() == ["dropped"]


def test_votes_on_items_of_another_set_do_not_count(tmp_path):
    v = Votes(tmp_path / "v.jsonl")
    v.add("elsewhere", "ada", NO)
    assert tally(v.frame(), ["a"]).votes.tolist() == [0]
    with pytest.raises(ValueError, match="without repetition"):
        tally(v.frame(), ["a", "a"])
    with pytest.raises(ValueError, match="need=0"):
        tally(v.frame(), ["a"], 0)


def test_agreement():
    def f(*v):
        return pd.DataFrame(
            [dict(item=i, reviewer=j, good=g) for i, row in enumerate(v) for j, g in enumerate(row)]
        )

    assert (
        agreement(f([1, 1], [0, 0])) == 1
        and agreement(f([1, 0])) == 0
        and agreement(f([1, 1, 0])) == pytest.approx(1 / 3)
        and np.isnan(agreement(f([1], [0])))
    )


def test_each_reviewer_sees_what_is_open_and_nothing_twice(tmp_path, table):
    votes, seen = Votes(tmp_path / "v.jsonl"), {}
    for p in "abcd":
        s = Session(table, votes, p, need=3)
        while s.current:
            seen.setdefault(p, []).append(s.current)
            s.press("n" if s.current in ("item 3", "item 7") else "y")
            s.press("n")
    assert (
        sorted(seen["a"]) == sorted(table["item"])
        and len(seen["b"]) == len(seen["c"]) == 10
        and "d" not in seen
    )  # two vetoes by a; enough after c
    assert (
        seen["a"] != seen["b"] + ["item 3", "item 7"]
        and Session(table, votes, "a", 3).order == Session(table, votes, "a", 3).order
    )
    assert tally(votes.frame(), table["item"], 3).verdict.value_counts().to_dict() == dict(kept=10, dropped=2)


def test_a_session_goes_on_after_a_break_and_notices_others(tmp_path, table):
    votes = Votes(tmp_path / "v.jsonl")
    s = Session(table, votes, "a", need=2)
    for _ in range(5):
        s.press("y")
        s.press("n")
    again = Session(table, votes, "a", need=2)
    assert len(again.left) == 7 and again.current == s.current
    other = Session(table, votes, "b", need=2)
    following = again.left[1]
    votes.add(following, "c", NO)
    again.press("y")
    again.press("n")
    assert following not in again.left and following in other.left  # b hasn't looked since
    other.look()
    assert following not in other.left


def test_back_takes_votes_back_in_order_and_skip_comes_again(tmp_path, table):
    votes = Votes(tmp_path / "v.jsonl")
    s = Session(table, votes, "a", need=1)
    first, second, third = s.left[:3]
    assert not s.press("b")
    s.press("s")
    assert s.current == second and s.left[-1] == first
    s.press("y")
    s.press("n")
    s.press("y")
    assert s.current == third and s.question.key == "offensive"
    s.press("b")
    assert s.current == third and s.question.key == "object" and len(votes.frame()) == 1
    s.press("b")
    assert s.current == second and votes.frame().empty
    s.press("Y")
    s.press("N")
    assert votes.frame()["item"].tolist() == [second]
    while s.current != first:
        s.press("y")
        s.press("n")
    s.press("s")
    assert s.current == first
    s.press("n")
    s.press("n")
    assert s.current is None and s.question is None and not s.press("y")


def test_bad_sessions(tmp_path, table):
    v = Votes(tmp_path / "v.jsonl")
    with pytest.raises(ValueError, match="lacks path"):
        Session(table.drop(columns="path"), v, "a")
    with pytest.raises(ValueError, match="name of its reviewer"):
        Session(table, v, " ")
    with pytest.raises(ValueError, match="without repetition"):
        Session(pd.concat([table, table]), v, "a")
    with pytest.raises(FileNotFoundError, match="1 pictures are missing, such as nowhere"):
        Session(table.assign(path=["nowhere.png", *table.path[1:]]), v, "a")
    with pytest.raises(ValueError, match="at least one"):
        Votes(tmp_path / "w.jsonl", [])
    with pytest.raises(ValueError, match="its own key"):
        Votes(tmp_path / "w.jsonl", [QUESTIONS[0]] * 2)
    with pytest.raises(ValueError, match="must be a name"):
        Question("two words", "?")


def test_one_question_is_one_key(tmp_path, table):
    v = Votes(tmp_path / "v.jsonl", QUESTIONS[:1])
    s = Session(table, v, "a")
    now = s.current
    s.press("n")
    assert v.frame()[["item", "good"]].values.tolist() == [[now, False]]


def test_the_board_shows_the_current_pair_and_its_keys_count_once(tmp_path, table):
    s = Session(table, Votes(tmp_path / "v.jsonl"), "a", need=1)
    b = Board(s, 16)

    def shown():
        import io

        return [f"item {np.asarray(Image.open(io.BytesIO(w.value)))[0, 0, 0]}" for w in (b.left, b.right)]

    assert shown() == [s.current] * 2 and "&lt;b&gt;" in b.text.value  # a prompt isn't markup
    b.entry.value = "y"
    assert len(s.votes.frame()) == 0
    b.entry.value = "yn"
    assert len(s.votes.frame()) == 1 and shown() == [s.current] * 2
    b.entry.value = "ynynyn"
    assert len(s.votes.frame()) == 3  # four keys that came in one message
    b.entry.value = "yny"
    assert len(s.votes.frame()) == 3 and not s.answers  # deleting is no answer
    b.entry.value = "ny"
    assert s.answers == {} and len(s.votes.frame()) == 4  # retyped from scratch: n, then y
    b.entry.value = ""
    b.buttons["b"].click()
    assert len(s.votes.frame()) == 3 and b.progress.value == 3
    while s.current:
        b.buttons["y"].click()
        b.buttons["n"].click()
    assert "Nothing is left" in b.text.value and "12 kept" in b.text.value and b.buttons["n"].disabled
