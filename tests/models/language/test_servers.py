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
from support.chat_server import GOOD, FakeServer, completion, fails, good, redirects, says, sends
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
        ({}, dict(choices=None)),
        ({}, dict(choices=[None])),
        ({}, dict(choices=[dict(message="hello")])),
        ({}, dict(choices=3)),
        ({}, [1]),
        ({}, b"7"),
        ({}, b"[" * 100_000),
        ({}, b'{"choices":[{"message":{"content":' + b"[" * 900 + b"]" * 900 + b"}}]}"),
        ({}, b"\xff\xfe\x00"),
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


@pytest.mark.parametrize(
    "status, message, lacking",
    [
        (400, "System role not supported", "system"),
        (500, "Conversation roles must alternate user/assistant/user/assistant/...", "system"),
        (400, "Developer instruction is not enabled for models/gemma-3-27b-it", "system"),
        (400, "Failed to initialize samplers: failed to parse grammar", "response_format"),
        (500, "failed to parse grammar", "response_format"),
    ],
)
def test_a_server_without_system_texts_or_grammars(fake, tmp_path, status, message, lacking):
    model = Server("m", fake.url, cache=tmp_path, retries=0)
    fake.script = [fails(status, message), good]
    for user in (QUESTION[1], "x"):
        assert model.ask(SYSTEM, user, PHRASES) == GOOD
    assert len(fake.seen) == 3  # it is remembered
    for seen, user in zip(fake.seen[1:], (QUESTION[1], "x"), strict=True):
        messages = seen["body"]["messages"]
        if lacking == "system":
            assert [turn["role"] for turn in messages] == ["user"]
            assert messages[0]["content"].startswith(SYSTEM)
            assert messages[0]["content"].endswith(user)
        assert ("response_format" in seen["body"]) == (lacking == "system")
        assert '"foreground"' in messages[0]["content"]


def test_a_server_that_understands_neither(fake, tmp_path):
    model = Server("m", fake.url, cache=tmp_path, retries=0)
    script = [fails(400, "System role not supported"), fails(500, "failed to parse grammar"), says("?"), good]
    fake.script = script
    assert model.ask(*QUESTION) == GOOD
    again = fake.seen[-1]["body"]
    assert [turn["role"] for turn in again["messages"]] == ["user", "assistant", "user"]
    assert "response_format" not in again


@pytest.mark.parametrize(
    "content",
    [
        [dict(type="text", text=json.dumps(GOOD))],
        [dict(type="reasoning", text='{"foreground": []'), dict(type="text", text=json.dumps(GOOD))],
        [json.dumps(GOOD)[:9], dict(text=json.dumps(GOOD)[9:])],
        GOOD,
    ],
)
def test_content_in_parts_or_as_an_object(fake, model, content):
    fake.script = [says(content)]
    assert model.ask(*QUESTION) == GOOD
    assert len(fake.seen) == 1


@pytest.mark.parametrize("content", [5, 2.5, True, [], [3, None, [[]]], [dict(type="text")], None])
def test_content_that_is_no_text_is_a_wrong_answer(fake, model, content):
    fake.script = [says(content), good]
    assert model.ask(*QUESTION) == GOOD
    assert len(fake.seen) == 2


def test_usage_of_any_kind(fake, model):
    for number, usage in enumerate(([], 3, dict(prompt_tokens="7", completion_tokens=None), None)):
        fake.script = [lambda _, u=usage: (200, {}, completion(json.dumps(GOOD)) | dict(usage=u))]
        assert model.ask(SYSTEM, str(number), PHRASES) == GOOD
    assert model.usage.prompt_tokens == model.usage.completion_tokens == 0


BEGINNING = json.dumps(completion(json.dumps(GOOD))).encode()


@pytest.mark.parametrize("status", [200, 400])
def test_a_drip_feed_ends_at_the_deadline(fake, tmp_path, status):
    model = Server("m", fake.url, cache=tmp_path / "answers", deadline=0.5, timeout=5, retries=2)
    head = f"HTTP/1.1 {status} X\r\n\r\n".encode()
    for act in (sends(b" ", pause=0.05, times=400, head=head), sends(b"H", pause=0.05, times=400, head=b"")):
        fake.script = [act]
        with pytest.raises(LanguageModelError, match=r"did not answer within the deadline of 0.5 s"):
            model.ask(*QUESTION)
    assert not files(tmp_path)
    fake.script = [good]
    assert model.ask(*QUESTION) == GOOD


def test_a_deadline_covers_all_tries(fake, tmp_path):
    model = Server("m", fake.url, cache=tmp_path, deadline=1.0, retries=50)
    fake.script = [fails(500, retry_after_ms="100")]
    with pytest.raises(LanguageModelError, match="deadline of 1 s"):
        model.ask(*QUESTION)
    threading.Event().wait(0.5)
    tries = len(fake.seen)
    threading.Event().wait(0.5)
    assert 1 < tries == len(fake.seen) < 15  # and nothing is sent behind our back


@pytest.mark.parametrize("status", [200, 400])
def test_an_endless_answer_is_no_answer(fake, tmp_path, status):
    model = Server("m", fake.url, cache=tmp_path / "answers", max_bytes=200_000, retries=0)
    act = sends(b"x" * 10_000, times=100_000, head=f"HTTP/1.1 {status} X\r\n\r\n".encode())
    fake.script = [act]
    with pytest.raises(NoAnswer, match="its answer is longer than max_bytes=200,000"):
        model.ask(*QUESTION)
    threading.Event().wait(0.2)
    assert act.answer.sent < 50_000_000
    assert not files(tmp_path)


def test_limits_are_checked(fake):
    for bad in (dict(deadline=0), dict(max_bytes=1.5), dict(timeout=-1), dict(retries=-1)):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Server("m", fake.url, **bad)


def test_packed_answers_are_not_unpacked(fake, model):
    fake.script = [lambda _: (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")]
    with pytest.raises(LanguageModelError, match="packs its answer .gzip."):
        model.ask(*QUESTION)
    assert len(fake.seen) == 1


def test_captions_do_not_follow_a_redirect_to_another_host(fake, model):
    other = FakeServer()
    for target in (other.url, fake.url.replace("127.0.0.1", "localhost")):
        fake.script = [redirects(f"{target}/chat/completions")]
        with pytest.raises(
            LanguageModelError,
            match=rf"sends its questions on to another server, {target.removesuffix('/v1')}/",
        ):
            model.ask(*QUESTION)
    assert not other.seen
    assert len(fake.seen) == 2
    fake.script = [redirects(f"{fake.url}/elsewhere"), good]
    assert model.ask(*QUESTION) == GOOD
    assert fake.seen[-1]["path"] == "/v1/elsewhere"
    other.httpd.shutdown()
    other.httpd.server_close()


KEY = "sk-0123456789-very-secret-abcdef"


@pytest.mark.parametrize(
    "act",
    [
        fails(400, f"bad key {KEY}"),
        fails(400, "x" * 380 + f" {KEY}"),  # where a line is cut
        fails(400, f"the key {KEY[:20]}... is wrong"),
        fails(500, f"Authorization: Bearer {KEY}"),
        says(None, refusal=f"not for {KEY}"),
        says(f"I got {KEY}"),
        says("x" * 90 + KEY),
        says(json.dumps(dict(foreground=3, background=[KEY], alternative=KEY))),
        redirects(f"http://{KEY}.example/"),
        lambda _: (200, {}, dict(choices=KEY)),
        lambda _: (200, {}, f"<{KEY}>".encode()),
        lambda _: (200, {"Content-Encoding": KEY}, b""),
    ],
)
def test_no_error_repeats_the_key(fake, tmp_path, act):
    model = Server("m", fake.url.replace("//", f"//ann:{KEY}@"), key=KEY, cache=tmp_path / "a", retries=0)
    fake.script = [act]
    with pytest.raises((LanguageModelError, NoAnswer)) as error:
        model.ask(*QUESTION)
    said = f"{error.value} {model.name} {model.identity}"
    assert not any(KEY[i : i + 16] in said for i in range(len(KEY) - 16))
    assert "***" in said
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_a_key_that_no_header_can_hold(fake, tmp_path):
    for bad in ("sk-sec\nret", "sk-secr\u00e9t", "sk sec ret"):
        with pytest.raises(LanguageModelError, match="must be plain ASCII") as error:
            Server("m", fake.url, key=bad)
        assert "sec" not in str(error.value)
    Server("m", fake.url, key="sk-secret\n", cache=tmp_path).ask(*QUESTION)
    assert fake.seen[-1]["key"] == "Bearer sk-secret"


def test_an_address_that_is_none():
    for url in ("http://[bad/v1", "http://h:port/v1", "host/v1", "ftp://host/v1", "http://"):
        with pytest.raises(LanguageModelError, match="cannot be reached"):
            Server("m", url)


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
