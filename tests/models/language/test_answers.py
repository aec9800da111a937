"Answers: read, asked again, kept, and shared by threads and processes."

import json
import multiprocessing
import threading
import time
import warnings

import pytest

from spurious_core.models.language.answers import parse_answer
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


DRAFT = json.dumps(dict(foreground=["draft"], background=[], alternative="no"))
FINAL = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{DRAFT}</think>\n{FINAL}",
        f"<think>a {DRAFT}</think> <think>b {DRAFT}</think>{FINAL}",
        f"{DRAFT}</think>{FINAL}",  # the template wrote the opening tag
        f"<Thinking>{DRAFT}</Thinking>{FINAL}",
        f"{DRAFT} wait, wrong: {FINAL}",
        f"{FINAL} <think>{DRAFT}",
        f"{FINAL}<reasoning>{DRAFT}</reasoning>",
        f"{FINAL}<think>{DRAFT}</think>",
        f"<think>I write <think> first. {DRAFT}</think>{FINAL}",
        f"<think>a <think>b</think> {DRAFT}</think>{FINAL}",
        f'{{"draft": {DRAFT}, "answer": {FINAL}}}',
        f'{FINAL} {{"confidence": 1}}',
    ],
)
def test_the_last_answer_counts_and_no_draft(fake, model, tmp_path, text):
    fake.script = [says(text)]
    assert model.ask(*QUESTION) == GOOD
    assert len(fake.seen) == 1
    assert json.loads(files(tmp_path)[0].read_text())["answer"] == GOOD


@pytest.mark.parametrize(
    "text", [f"<think>{DRAFT}", f"{DRAFT} wait, wrong: {FINAL[:-1]}", f"<think>{FINAL}</think>"]
)
def test_a_draft_alone_is_no_answer(fake, model, text):
    fake.script = [says(text), good]
    assert model.ask(*QUESTION) == GOOD
    assert len(fake.seen) == 2


def test_what_is_kept_may_speak_of_thoughts_and_begin_with_a_mark(fake, model, tmp_path):
    odd = dict(foreground=["</think>"], background=[], alternative="a\u2028b")
    fake.script = [says(json.dumps(odd).replace("<", "\\u003c"))]
    assert model.ask(*QUESTION) == odd == model.ask(*QUESTION)
    (file,) = files(tmp_path)
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert model.ask(*QUESTION) == odd
    assert len(fake.seen) == 1


def test_halves_of_surrogate_pairs(fake, model, tmp_path):
    fake.script = [says('{"foreground": ["\\ud83d cup"], "background": [], "alternative": ""}')]
    question = (SYSTEM, "a caption \udcff of a cup", PHRASES)
    for _ in range(2):
        assert model.ask(*question)["foreground"] == ["\ufffd cup"]
    assert len(fake.seen) == 1
    assert fake.seen[0]["body"]["messages"][1]["content"] == "a caption \ufffd of a cup"


def test_deep_and_long_answers_are_wrong_answers_only(fake, model):
    deep = '{"foreground": ' + "[" * 50_000 + "]" * 50_000 + ', "background": [], "alternative": ""}'
    fake.script = [says(deep), says("{" * 200_000), good]
    assert model.ask(*QUESTION) == GOOD
    assert max(len(turn["content"]) for seen in fake.seen for turn in seen["body"]["messages"]) < 5000


def test_a_misfit_names_the_last_object():
    with pytest.raises(ValueError, match=r"at \$.background: "):
        parse_answer(json.dumps(dict(x=1)) + json.dumps(GOOD | dict(background=3)), PHRASES)


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
