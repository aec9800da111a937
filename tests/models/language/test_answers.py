"Answers: read, asked again, kept, and shared by threads and processes."

import json
import multiprocessing
import threading
import time
import warnings

import pytest

from spurious_core.models.language.protocol import (
    PHRASES,
    SYSTEM,
    NoAnswer,
)
from spurious_core.models.language.servers import Server
from support.chat_server import GOOD, good, says
from support.questions import QUESTION, ask_in_a_process, files


def test_a_rerun_costs_nothing(fake, model, tmp_path):
    model.ask(*QUESTION)
    again = Server("m", fake.url, cache=tmp_path / "answers")
    assert again.ask(*QUESTION) == GOOD
    assert again.ask(*QUESTION) == GOOD
    assert len(fake.seen) == 1
    assert again.usage.requests == 0
    assert again.usage.cached == 2
    assert again.usage.prompt_tokens == 0


def test_other_questions_models_and_schemas_are_other_answers(fake, model, tmp_path):
    model.ask(*QUESTION)
    model.ask(SYSTEM, QUESTION[1] + " ", PHRASES)
    model.ask(SYSTEM + " ", *QUESTION[1:])
    model.ask(*QUESTION[:2], PHRASES | dict(title="x"))
    Server("n", fake.url, cache=tmp_path / "answers").ask(*QUESTION)
    assert len(fake.seen) == 5 == len(files(tmp_path))


def test_a_damaged_or_foreign_cache_file_is_asked_again(fake, model, tmp_path):
    model.ask(*QUESTION)
    (file,) = files(tmp_path)
    for text in ("", '{"answer": {"fore', "[]", '{"answer": {"foreground": 3}}', "null"):
        file.write_text(text)
        before = len(fake.seen)
        assert model.ask(*QUESTION) == GOOD
        assert len(fake.seen) == before + 1
        assert json.loads(file.read_text())["answer"] == GOOD


@pytest.mark.parametrize(
    "first",
    [
        "",
        "I cannot say.",
        '{"foreground": ["red ba',
        '{"foreground": "red ball", "background": [], "alternative": ""}',
        '{"foreground": [], "background": ["a", "b"], "alternative": ""}',
        '{"foreground": [], "background": []}',
        '{"foreground": [], "background": [], "alternative": "", "mood": "x"}',
        "[1, 2]",
    ],
)
def test_a_wrong_answer_is_asked_again_with_the_complaint(fake, model, first):
    fake.script = [says(first), good]
    assert model.ask(*QUESTION) == GOOD
    assert len(fake.seen) == 2
    talk = fake.seen[1]["body"]["messages"]
    assert [t["role"] for t in talk] == ["system", "user", "assistant", "user"]
    assert talk[2]["content"] == first
    assert "does not fit" in talk[3]["content"]
    assert model.usage.requests == 2
    assert model.usage.prompt_tokens == 200


def test_wrong_answers_only(fake, model, tmp_path):
    fake.script = [says('{"foreground": [1], "background": [], "alternative": ""}')]
    with pytest.raises(
        NoAnswer,
        match=r"none of 3 answers .* fits; the last: at \$.foreground\[0\]: 1 is not of type 'string'",
    ):
        model.ask(*QUESTION)
    assert len(fake.seen) == 3
    assert not files(tmp_path)  # a failure is not kept


def test_talk_around_the_answer(fake, model):
    fake.script = [says("<think>{so}</think> Sure:\n```json\n" + json.dumps(GOOD) + "\n```\nAnything else?")]
    assert model.ask(*QUESTION) == GOOD
    assert len(fake.seen) == 1


def test_many_threads_with_few_questions(fake, model, tmp_path):
    fake.script = [lambda b: time.sleep(0.02) or good(b)]
    got = []

    def work(i):
        got.append(model.ask(SYSTEM, f"question {i % 3}", PHRASES))

    ts = [threading.Thread(target=work, args=(i,)) for i in range(24)]
    [t.start() for t in ts]
    [t.join() for t in ts]
    assert got == [GOOD] * 24
    assert len(fake.seen) == 3 == len(files(tmp_path))
    assert model.usage.requests == 3
    assert model.usage.cached == 21


def test_many_processes_share_a_folder(fake, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ps = [
            multiprocessing.get_context("fork").Process(
                target=ask_in_a_process, args=(fake.url, tmp_path / "answers", 5)
            )
            for _ in range(4)
        ]
        [p.start() for p in ps]
        [p.join() for p in ps]
    assert [p.exitcode for p in ps] == [0] * 4
    assert len(files(tmp_path)) == 5
    assert all(
        json.loads(f.read_text())["answer"] == GOOD for f in files(tmp_path)
    )  # and no half-written ones
