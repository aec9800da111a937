"What could go wrong with votes: lost between two who vote at once, half a vote counted, a veto overlooked."

import itertools
import json
import multiprocessing

import numpy as np
import pandas as pd
import pytest

from spurious_core.explore.discovery_board import Decisions
from spurious_core.explore.marks import SpuriousMarks
from spurious_core.explore.votes import QUESTIONS, Question, Votes, agreement, person, tally
from support.pairs import NO, YES


@pytest.fixture
def votes(tmp_path):
    return Votes(tmp_path / "v.jsonl")


def vote_often(path, reviewer):
    for i in range(25):
        Votes(path).add(i, reviewer, YES)


def test_reviewers_who_vote_at_once_lose_nothing(votes):
    fork = multiprocessing.get_context("fork")
    reviewers = ("ada", "ben", "cleo")
    processes = [fork.Process(target=vote_often, args=(votes.path, name)) for name in reviewers]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 3
    assert votes.frame().groupby("reviewer").size().to_dict() == dict.fromkeys(reviewers, 25)


def test_a_damaged_file_is_named_and_kept(votes):
    votes.add("a", "ada", YES)
    text = votes.path.read_text() + '{"item": "b", "rev'
    votes.path.write_text(text)
    with pytest.raises(ValueError, match=r"v\.jsonl, line 2 is no vote"):
        votes.frame()
    with pytest.raises(ValueError, match=r"v\.jsonl, line 2 is no vote"):
        votes.add("c", "ben", YES)
    assert votes.path.read_text() == text


def test_votes_on_other_questions_are_refused(votes):
    votes.path.write_text(json.dumps(dict(item="a", reviewer="x", answers=dict(blurred=True))) + "\n")
    with pytest.raises(ValueError, match="line 1: questions differ in blurred, object, offensive"):
        votes.frame()


@pytest.mark.parametrize(
    "answers",
    [
        dict(object=True),
        dict(object=True, offensive=False, blurred=True),
        dict(object=1, offensive=0),
        dict(object=None, offensive=False),
    ],
)
def test_half_a_vote_is_no_vote(votes, answers):
    with pytest.raises(ValueError, match="True or False for each of object, offensive"):
        votes.add("a", "ada", answers)
    assert not votes.path.exists()


def test_a_vote_has_a_reviewer(votes):
    with pytest.raises(ValueError, match="reviewer=.* must be a text that says something"):
        votes.add("a", " ", YES)
    assert not votes.path.exists()


def test_the_latest_vote_stands_until_it_is_taken_back(votes):
    votes.add("a", "ada", NO)
    votes.add("a", "ada", YES)
    votes.add("b", "ada", NO)
    assert votes.frame()[["item", "good"]].values.tolist() == [["a", True], ["b", False]]
    votes.add("a", "ada", {})
    assert votes.frame()["item"].tolist() == ["b"]
    assert len(votes.path.read_text().splitlines()) == 4


@pytest.mark.parametrize(
    "good, need, verdict",
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
        rows = [dict(item="x", reviewer=str(i), good=bool(good[i])) for i in order]
        frame = pd.DataFrame(rows, columns=["item", "reviewer", "good"])
        assert tally(frame, ["w", "x"], need).verdict.tolist() == ["open", verdict]


def test_an_offensive_picture_goes_whatever_its_object(votes):
    votes.add("a", "ada", dict(object=True, offensive=True))
    assert tally(votes.frame(), ["a"], 1).verdict.tolist() == ["dropped"]


def test_votes_on_items_of_another_set_do_not_count(votes):
    votes.add("elsewhere", "ada", NO)
    assert tally(votes.frame(), ["a"]).votes.tolist() == [0]


def test_a_bad_tally_is_refused(votes):
    with pytest.raises(ValueError, match="without repetition"):
        tally(votes.frame(), ["a", "a"])
    with pytest.raises(ValueError, match="need=0"):
        tally(votes.frame(), ["a"], 0)


@pytest.mark.parametrize(
    "items, expected",
    [([[1, 1], [0, 0]], 1), ([[1, 0]], 0), ([[1, 1, 0]], pytest.approx(1 / 3)), ([[1], [0]], None)],
)
def test_agreement_is_a_share_of_pairs(items, expected):
    rows = [dict(item=i, reviewer=j, good=g) for i, votes in enumerate(items) for j, g in enumerate(votes)]
    found = agreement(pd.DataFrame(rows))
    assert np.isnan(found) if expected is None else found == expected


def test_bad_questions(tmp_path):
    with pytest.raises(ValueError, match="at least one"):
        Votes(tmp_path / "w.jsonl", [])
    with pytest.raises(ValueError, match="its own key"):
        Votes(tmp_path / "w.jsonl", [QUESTIONS[0]] * 2)
    with pytest.raises(ValueError, match="must be a name"):
        Question("two words", "?")


def test_lines_end_at_line_feeds_only_and_may_begin_with_a_byte_order_mark(votes):
    vote = dict(item="one\u2028two\x85three", reviewer="ada", answers=YES, time="2026-01-01T00:00:00+00:00")
    votes.path.write_text(f"\ufeff{json.dumps(vote, ensure_ascii=False)}\n\n", encoding="utf-8")
    votes.add("b", "ada", NO)
    assert votes.frame()["item"].tolist() == [vote["item"], "b"]


@pytest.mark.parametrize(
    "content, said",
    [
        (b"\xff\xfe", r"v\.jsonl is no UTF-8, and holds no votes"),
        (b"[" * 100_000 + b"\n", r"v\.jsonl, line 1 is no vote"),
        (
            b'{"item": "a", "reviewer": "x", "answers": {"object": "no", "offensive": "no"}}\n',
            r"v\.jsonl, line 1: answers=.*'no'.* must be true or false",
        ),
    ],
    ids=["no text", "nested", "words for answers"],
)
def test_a_foreign_file_is_named_and_kept(votes, content, said):
    votes.path.write_bytes(content)
    for use in (votes.frame, lambda: votes.add("a", "ada", YES)):
        with pytest.raises(ValueError, match=said):
            use()
    assert votes.path.read_bytes() == content


def test_one_person_counts_once_however_the_name_is_written(votes):
    for reviewer in ("Ann", "ann", "Ann ", " A\uff4en", "ANN"):
        votes.add("a", reviewer, YES)
    votes.add("b", "Ann  Lee", YES)
    votes.add("b", "Ann Lee", NO)
    assert votes.frame()[["item", "reviewer", "good"]].values.tolist() == [
        ["a", "ann", True],
        ["b", "ann lee", False],
    ]
    assert tally(votes.frame(), ["a"], 2).verdict.tolist() == ["open"]
    assert person("Stra\u00dfe") == person("STRASSE") != person("Anne")


@pytest.mark.parametrize("reviewer", ["", " ", None, 3])
def test_a_vote_in_the_file_has_a_reviewer(votes, reviewer):
    lines = [json.dumps(dict(item="a", reviewer=name, answers=YES)) + "\n" for name in ("ada", reviewer)]
    votes.path.write_text("".join(lines))
    for use in (votes.frame, lambda: votes.add("a", "ben", YES)):
        with pytest.raises(ValueError, match=r"v\.jsonl, line 2: reviewer=.* must be a text that says"):
            use()
    assert votes.path.read_text() == "".join(lines)


def test_votes_go_to_the_shared_file_that_a_link_names(tmp_path):
    shared, mine = tmp_path / "shared.jsonl", tmp_path / "mine.jsonl"
    shared.write_text("")
    shared.chmod(0o664)
    mine.symlink_to(shared)
    Votes(mine).add("a", "ada", YES)
    Votes(shared).add("a", "ben", YES)
    assert mine.is_symlink() and len(Votes(shared).frame()) == 2 and shared.stat().st_mode & 0o777 == 0o664
    assert not (tmp_path / "mine.jsonl.lock").exists()


@pytest.mark.parametrize("kind", [Votes, SpuriousMarks, Decisions])
def test_the_files_of_explorers_are_named_as_in_a_shell(kind, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kind("~/kept.json").path == tmp_path / "kept.json"
    for path, error in (("", "must be the path of a file"), (tmp_path, "is a folder; name a file in it")):
        with pytest.raises((ValueError, IsADirectoryError), match=error):
            kind(path)
