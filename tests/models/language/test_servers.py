"A server that misbehaves in every way we could think of, over HTTP on loopback."

import json
import threading

import pytest

from spurious_core.models.language.answers import cache_folder
from spurious_core.models.language.local_models import load_language_model
from spurious_core.models.language.protocol import (
    PHRASES,
    SYSTEM,
    LanguageModelError,
    NoAnswer,
)
from spurious_core.models.language.servers import Server
from support.chat_server import GOOD, completion, fails, good, says
from support.questions import QUESTION, files


def test_a_question_and_its_answer(fake, model):
    assert model.ask(*QUESTION) == GOOD
    q = fake.seen[0]
    assert q["path"] == "/v1/chat/completions"
    assert q["body"]["model"] == "m"
    assert q["body"]["temperature"] == 0
    assert q["body"]["response_format"]["json_schema"]["schema"] == PHRASES
    assert [m["role"] for m in q["body"]["messages"]] == ["system", "user"]
    assert q["body"]["messages"][1]["content"] == QUESTION[1]
    assert (
        model.usage.requests,
        model.usage.cached,
        model.usage.prompt_tokens,
        model.usage.completion_tokens,
    ) == (1, 0, 100, 10)
    assert "100 tokens read" in str(model.usage)


def test_neither_answers_nor_errors_hold_the_key(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    m = Server("m", fake.url, cache=tmp_path / "answers", retries=0)
    m.ask(*QUESTION)
    assert fake.seen[0]["key"] == "Bearer sk-very-secret"
    assert "secret" not in "".join(p.read_text() for p in files(tmp_path))
    assert "secret" not in m.name
    fake.script = [fails(401, "Incorrect API key provided: sk-very-secret")]
    with pytest.raises(LanguageModelError, match="does not accept the key in OPENAI_API_KEY") as e:
        m.ask(SYSTEM, "x", PHRASES)
    assert "secret" not in str(e.value)
    assert e.value.__suppress_context__


@pytest.mark.parametrize(
    "act", [says(None, refusal="I will not look at dogs."), says("", finish="content_filter")]
)
def test_a_refusal_is_not_asked_again(fake, model, act, tmp_path):
    fake.script = [act]
    with pytest.raises(NoAnswer, match="declines: (I will not look|its content filter)"):
        model.ask(*QUESTION)
    assert len(fake.seen) == 1
    assert not files(tmp_path)


def test_too_busy_for_a_while(fake, model):
    fake.script = [fails(429, Retry_After="1"), good]
    assert model.ask(*QUESTION) == GOOD
    assert len(fake.seen) == 2
    assert fake.times[1] - fake.times[0] >= 0.95  # it waited as long as it was told to


def test_too_busy_for_good(fake, model):
    fake.script = [fails(429, retry_after_ms="20")]
    with pytest.raises(LanguageModelError, match=r"too busy after 3 tries \(429\)"):
        model.ask(*QUESTION)
    assert len(fake.seen) == 3


def test_out_of_order_for_a_while(fake, model):
    fake.script = [fails(500, retry_after_ms="20"), fails(503, retry_after_ms="20"), good]
    assert model.ask(*QUESTION) == GOOD
    fake.script = [fails(500, "on fire", retry_after_ms="20")]
    with pytest.raises(LanguageModelError, match="status 500 after 3 tries: .*on fire"):
        model.ask(SYSTEM, "x", PHRASES)


def test_no_answer_in_time(fake, tmp_path):
    slow = Server("m", fake.url, cache=tmp_path / "answers", timeout=0.2, retries=1)
    stop = threading.Event()
    fake.script = [lambda b: stop.wait(20) and good(b) or good(b)]
    with pytest.raises(LanguageModelError, match=r"did not answer within 0.2 s, 2 times"):
        slow.ask(*QUESTION)
    stop.set()
    fake.script = [good]
    assert slow.ask(*QUESTION) == GOOD  # and once it is well again, all is well


@pytest.mark.parametrize(
    "status, message",
    [
        (401, "does not accept the key"),
        (403, "no right"),
        (404, "no such model"),
        (400, "status 400: .*too long"),
    ],
)
def test_what_trying_again_would_not_mend(fake, model, status, message):
    fake.script = [fails(status, "prompt too long" if status == 400 else "no")]
    with pytest.raises(LanguageModelError, match=message):
        model.ask(*QUESTION)
    assert len(fake.seen) == 1


def test_nobody_there(tmp_path):
    with pytest.raises(LanguageModelError, match="cannot be reached"):
        Server("m", "http://127.0.0.1:9/v1", cache=tmp_path, retries=0).ask(*QUESTION)


@pytest.mark.parametrize(
    "headers, body",
    [
        ({"Content-Type": "text/html"}, b"<html>hello</html>"),
        ({}, b'{"choi'),
        ({}, dict(hello=1)),
        ({}, dict(choices=[])),
    ],
)
def test_not_the_protocol(fake, model, headers, body):
    fake.script = [lambda _: (200, dict(headers), body)]
    with pytest.raises(LanguageModelError, match="does not speak the protocol"):
        model.ask(*QUESTION)


@pytest.mark.parametrize(
    "message, lacking",
    [
        ("unsupported parameter: 'response_format'", {"response_format"}),
        ("json_schema is not available here", {"response_format"}),
        ("'temperature' does not support 0", {"temperature"}),
    ],
)
def test_a_server_that_lacks_an_option_is_asked_without_it(fake, model, message, lacking):
    fake.script = [fails(400, message), good]
    model.ask(*QUESTION)
    model.ask(SYSTEM, "x", PHRASES)
    assert len(fake.seen) == 3
    assert all(not lacking & set(s["body"]) for s in fake.seen[1:])
    assert (
        '"foreground"' in fake.seen[1]["body"]["messages"][0]["content"]
    )  # the schema is in the text all the same


def test_a_server_that_counts_no_tokens(fake, model):
    fake.script = [
        lambda _: (200, {}, {k: v for k, v in completion(json.dumps(GOOD)).items() if k != "usage"})
    ]
    assert model.ask(*QUESTION) == GOOD
    assert model.usage.prompt_tokens == 0


def test_keys_and_addresses(fake, monkeypatch):
    with pytest.raises(LanguageModelError, match="set OPENAI_API_KEY"):
        Server("gpt-5")
    monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
    m = load_language_model("openai:org/m:8b")
    assert m.ask(*QUESTION) == GOOD
    assert fake.seen[0]["body"]["model"] == "org/m:8b"  # a server of one's own needs no key
    assert list(cache_folder().glob("*.json"))
    assert str(cache_folder()).endswith("spurious_core/answers")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    m = load_language_model(f"openai:x@{fake.url}", key="k")
    m.ask(*QUESTION)
    assert fake.seen[-1]["key"] == "Bearer k"
