"Language models: a server that misbehaves in every way we could think of, over HTTP on loopback; a local model; and what is done with answers."

import json
import multiprocessing
import threading
import time
import warnings

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from spurious_core.core.settings import load_profile, split_language_model
from spurious_core.data.manifests import sample
from spurious_core.data.vocabulary import PROPS
from spurious_core.data.worlds import get_world
from spurious_core.models.language_models import (
    PHRASES,
    SYSTEM,
    Grammar,
    LanguageModelError,
    Local,
    NoAnswer,
    Server,
    cache_folder,
    extract_phrases,
    load_language_model,
    read_caption,
    without_names,
)
from support.chat_server import GOOD, FakeServer, completion, fails, good, says

QUESTION = SYSTEM, json.dumps(dict(caption="a spaniel on a sofa with a red ball", label="dog")), PHRASES


@pytest.fixture
def fake():
    s = FakeServer()
    yield s
    s.httpd.shutdown()
    s.httpd.server_close()


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for k in (
        "OPENAI_BASE_URL",
        "OPENAI_API_KEY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ):
        monkeypatch.delenv(k, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))


@pytest.fixture
def model(fake, tmp_path):
    return Server("m", fake.url, cache=tmp_path / "answers", timeout=5, retries=2)


def files(tmp_path):
    return sorted(p for p in (tmp_path / "answers").rglob("*") if p.is_file())


def test_a_question_and_its_answer(fake, model):
    assert model.ask(*QUESTION) == GOOD
    q = fake.seen[0]
    assert q["path"] == "/v1/chat/completions" and q["body"]["model"] == "m" and q["body"]["temperature"] == 0
    assert (
        q["body"]["response_format"]["json_schema"]["schema"] == PHRASES
        and [m["role"] for m in q["body"]["messages"]] == ["system", "user"]
        and q["body"]["messages"][1]["content"] == QUESTION[1]
    )
    assert (
        model.usage.requests,
        model.usage.cached,
        model.usage.prompt_tokens,
        model.usage.completion_tokens,
    ) == (1, 0, 100, 10) and "100 tokens read" in str(model.usage)


def test_a_rerun_costs_nothing(fake, model, tmp_path):
    model.ask(*QUESTION)
    again = Server("m", fake.url, cache=tmp_path / "answers")
    assert (
        again.ask(*QUESTION) == GOOD
        and again.ask(*QUESTION) == GOOD
        and len(fake.seen) == 1
        and again.usage.requests == 0
        and again.usage.cached == 2
        and again.usage.prompt_tokens == 0
    )


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
        assert model.ask(*QUESTION) == GOOD and len(fake.seen) == before + 1
        assert json.loads(file.read_text())["answer"] == GOOD


def test_neither_answers_nor_errors_hold_the_key(fake, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    m = Server("m", fake.url, cache=tmp_path / "answers", retries=0)
    m.ask(*QUESTION)
    assert (
        fake.seen[0]["key"] == "Bearer sk-very-secret"
        and "secret" not in "".join(p.read_text() for p in files(tmp_path))
        and "secret" not in m.name
    )
    fake.script = [fails(401, "Incorrect API key provided: sk-very-secret")]
    with pytest.raises(LanguageModelError, match="does not accept the key in OPENAI_API_KEY") as e:
        m.ask(SYSTEM, "x", PHRASES)
    assert "secret" not in str(e.value) and e.value.__suppress_context__


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
    assert model.ask(*QUESTION) == GOOD and len(fake.seen) == 2
    talk = fake.seen[1]["body"]["messages"]
    assert (
        [t["role"] for t in talk] == ["system", "user", "assistant", "user"]
        and talk[2]["content"] == first
        and "does not fit" in talk[3]["content"]
    )
    assert model.usage.requests == 2 and model.usage.prompt_tokens == 200


def test_wrong_answers_only(fake, model, tmp_path):
    fake.script = [says('{"foreground": [1], "background": [], "alternative": ""}')]
    with pytest.raises(
        NoAnswer,
        match=r"none of 3 answers .* fits; the last: at \$.foreground\[0\]: 1 is not of type 'string'",
    ):
        model.ask(*QUESTION)
    assert len(fake.seen) == 3 and not files(tmp_path)  # a failure is not kept


def test_talk_around_the_answer(fake, model):
    fake.script = [says("<think>{so}</think> Sure:\n```json\n" + json.dumps(GOOD) + "\n```\nAnything else?")]
    assert model.ask(*QUESTION) == GOOD and len(fake.seen) == 1


@pytest.mark.parametrize(
    "act", [says(None, refusal="I will not look at dogs."), says("", finish="content_filter")]
)
def test_a_refusal_is_not_asked_again(fake, model, act, tmp_path):
    fake.script = [act]
    with pytest.raises(NoAnswer, match="declines: (I will not look|its content filter)"):
        model.ask(*QUESTION)
    assert len(fake.seen) == 1 and not files(tmp_path)


def test_too_busy_for_a_while(fake, model):
    fake.script = [fails(429, Retry_After="1"), good]
    assert model.ask(*QUESTION) == GOOD
    assert (
        len(fake.seen) == 2 and fake.times[1] - fake.times[0] >= 0.95
    )  # it waited as long as it was told to


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
    assert (
        len(fake.seen) == 3
        and all(not lacking & set(s["body"]) for s in fake.seen[1:])
        and '"foreground"' in fake.seen[1]["body"]["messages"][0]["content"]
    )  # the schema is in the text all the same


def test_a_server_that_counts_no_tokens(fake, model):
    fake.script = [
        lambda _: (200, {}, {k: v for k, v in completion(json.dumps(GOOD)).items() if k != "usage"})
    ]
    assert model.ask(*QUESTION) == GOOD and model.usage.prompt_tokens == 0


def test_keys_and_addresses(fake, monkeypatch):
    with pytest.raises(LanguageModelError, match="set OPENAI_API_KEY"):
        Server("gpt-5")
    monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
    m = load_language_model("openai:org/m:8b")
    assert (
        m.ask(*QUESTION) == GOOD and fake.seen[0]["body"]["model"] == "org/m:8b"
    )  # a server of one's own needs no key
    assert list(cache_folder().glob("*.json")) and str(cache_folder()).endswith("spurious_core/answers")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    m = load_language_model(f"openai:x@{fake.url}", key="k")
    m.ask(*QUESTION)
    assert fake.seen[-1]["key"] == "Bearer k"


def test_many_threads_with_few_questions(fake, model, tmp_path):
    fake.script = [lambda b: time.sleep(0.02) or good(b)]
    got = []

    def work(i):
        got.append(model.ask(SYSTEM, f"question {i % 3}", PHRASES))

    ts = [threading.Thread(target=work, args=(i,)) for i in range(24)]
    [t.start() for t in ts]
    [t.join() for t in ts]
    assert (
        got == [GOOD] * 24
        and len(fake.seen) == 3 == len(files(tmp_path))
        and model.usage.requests == 3
        and model.usage.cached == 21
    )


def _ask(url, cache, n):
    [Server("m", url, cache=cache).ask(SYSTEM, f"question {i}", PHRASES) for i in range(n)]


def test_many_processes_share_a_folder(fake, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ps = [
            multiprocessing.get_context("fork").Process(target=_ask, args=(fake.url, tmp_path / "answers", 5))
            for _ in range(4)
        ]
        [p.start() for p in ps]
        [p.join() for p in ps]
    assert (
        [p.exitcode for p in ps] == [0] * 4
        and len(files(tmp_path)) == 5
        and all(json.loads(f.read_text())["answer"] == GOOD for f in files(tmp_path))
    )  # and no half-written ones


def test_phrases_over_http(fake, model):
    caps, labels = (
        ["a spaniel on a sofa with a red ball", "a cat", "a spaniel on a sofa with a red ball"],
        ["dog", "cat", "dog"],
    )

    def act(b):
        q = json.loads(b["messages"][1]["content"])
        return (
            200,
            {},
            completion(
                json.dumps(
                    GOOD
                    if q["label"] == "dog"
                    else dict(foreground=["cats", "dragon"], background=[], alternative="kitchen")
                )
            ),
        )

    fake.script = [act]
    df = extract_phrases(caps, labels, model)
    assert (
        df.columns.tolist() == ["caption", "label", "foreground", "background", "alternative"]
        and df.caption.tolist() == caps
        and df.label.tolist() == labels
    )
    assert (
        df.foreground.tolist() == [["red ball"], [], ["red ball"]]
        and df.background.tolist() == [["sofa"], [], ["sofa"]]
        and len(fake.seen) == 2
    )  # the class, and what is not in the caption, are gone
    assert "m at http://127.0.0.1" in df.attrs["model"] and "200 tokens" in df.attrs["usage"]
    df.foreground[0].append("x")
    assert df.foreground[2] == ["red ball"]


def test_one_refusal_loses_one_caption(fake, model):
    fake.script = [
        lambda b: (
            (200, {}, completion(None, refusal="no")) if "knife" in b["messages"][1]["content"] else good(b)
        )
    ]
    with pytest.warns(
        UserWarning,
        match="1 of 2 different captions got no answer and have no phrases; the first: .*declines",
    ):
        df = extract_phrases(["a red ball on a sofa", "a knife"], ["dog", "cup"], model)
    assert df.foreground.tolist() == [["red ball"], []] and df.alternative.tolist() == ["beach", ""]
    with pytest.raises(NoAnswer, match="declines"):
        extract_phrases(["a knife"], ["cup"], model)


def test_a_failing_server_ends_the_work_and_keeps_what_was_answered(fake, tmp_path):
    m = Server("m", fake.url, cache=tmp_path / "answers", retries=0, workers=1)
    caps = [f"a red ball number {i}" for i in range(40)]
    fake.script = [good] * 5 + [fails(401)]
    with pytest.raises(LanguageModelError, match="401"):
        extract_phrases(caps, ["dog"] * 40, m)
    assert len(fake.seen) == 6 and len(files(tmp_path)) == 5
    fake.script, before = [good], len(fake.seen)
    extract_phrases(caps, ["dog"] * 40, m)
    assert len(fake.seen) == before + 35


def test_bad_arguments_of_phrases():
    with pytest.raises(ValueError, match="2 captions and 1 labels"):
        extract_phrases(["a", "b"], ["c"], Grammar())
    assert extract_phrases([], [], Grammar()).columns.tolist() == [
        "caption",
        "label",
        "foreground",
        "background",
        "alternative",
    ]


@pytest.mark.parametrize("name", ["imagenet_like", "waterbirds", "d3s", "clean", "everything"])
def test_the_grammar_reads_every_true_caption(name):
    w = get_world(name)
    m = sample(w, 150, "train", seed=3, object_free=0.2)
    df = extract_phrases(m.prompt, m.object.fillna("thing"), Grammar())
    assert df.foreground.tolist() == [
        [PROPS[p]] if isinstance(p, str) else [] for p in m.prop
    ] and df.background.tolist() == [[s] for s in m.scene]
    assert all(a and [a] != b for a, b in zip(df.alternative, df.background)) and df.alternative.nunique() > 5


def test_the_grammar_on_hair_and_on_mistakes():
    said = [
        "a photo of a blond woman in a forest",
        "a photo of a dark man in a forest",
        "a photo of an empty scene in a cave with flags",
        "a photo of a fish in a cave",
    ]
    df = extract_phrases(
        said, ["blond", "blond", "boat", "boat"], Grammar(), classes=["blond", "dark", "boat"]
    )
    assert df.foreground.tolist() == [["woman"], ["man"], ["flags"], ["fish"]]
    assert extract_phrases(said[-1:], ["boat"], Grammar(), classes=["boat", "fish"]).foreground.tolist() == [
        []
    ]  # an object of another class is no phrase
    assert (
        read_caption("a photo of a faint boat at night with buoys")
        == dict(object="boat", scene="night", prop="buoy")
        and read_caption("a photo of a boat") is None
    )
    with pytest.raises(NoAnswer):
        Grammar().ask(
            SYSTEM, json.dumps(dict(caption="a photo of a boat in water with", label="boat")), PHRASES
        )
    with pytest.raises(ValueError, match="one question only"):
        Grammar().ask("Which?", "{}", dict(type="object"))
    assert "no language model" in Grammar().name and "no language model" in df.attrs["model"]


@pytest.mark.parametrize(
    "phrase, names, left",
    [
        ("Landbirds", ["landbird"], ""),
        ("blond woman", ["blond", "dark"], "woman"),
        ("catfish", ["cat"], "catfish"),
        ("swimming cap", ["cap"], "swimming"),
        ("a dog sled", ["dog sled", "dog"], ""),
        ("buses", ["bus"], ""),
        ("two horses", ["horse"], "two"),
        ("ponies", ["pony"], ""),
        ("a cape", ["cap"], "a cape"),
        ("grass", ["gras s"], "grass"),
        ("an old boat", [], "an old boat"),
        ("", ["x"], ""),
    ],
)
def test_names_come_out_whole_words_only(phrase, names, left):
    assert without_names(phrase, names) == left


CHAT = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"


def local(folder, chat=None, room=4096, words=None):
    "A random causal LM over characters."
    text = words or sorted(set(map(chr, range(32, 127))) | {"\n"})
    vocab = {c: i for i, c in enumerate(["<unk>", "<eos>", *text])}
    tok = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    tok.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tok = PreTrainedTokenizerFast(tokenizer_object=tok, unk_token="<unk>", eos_token="<eos>")
    tok.chat_template = chat
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(vocab),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=room,
            bos_token_id=1,
            eos_token_id=1,
        )
    ).save_pretrained(folder)
    tok.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("chat", [None, CHAT])
def test_a_local_model_reads_asks_again_and_counts(tmp_path, chat, monkeypatch):
    m = load_language_model(
        f"local:{local(tmp_path / 'lm', chat)}", cache=tmp_path / "answers", max_new_tokens=5
    )
    talks = []
    plain = m._write
    monkeypatch.setattr(m, "_write", lambda talk, schema: talks.append(talk) or plain(talk, schema))
    with pytest.raises(NoAnswer, match="none of 3 answers"):
        m.ask(*QUESTION)  # a random model talks nonsense
    assert (
        m.usage.requests == 3
        and m.usage.completion_tokens <= 15
        and m.usage.prompt_tokens > 3 * len(QUESTION[1])
        and len(talks[2]) == 4
    )
    monkeypatch.setattr(m, "_write", lambda talk, schema: (json.dumps(GOOD), 7, 3))
    assert m.ask(*QUESTION) == GOOD
    monkeypatch.setattr(m, "_write", None)
    assert m.ask(*QUESTION) == GOOD and m.usage.cached == 1
    text = m.tokenizer.decode(m._tokens(talks[0])["input_ids"][0])
    assert ("<user>" in text.replace(" ", "")) == bool(chat)


def test_a_local_model_is_greedy(tmp_path):
    m = Local(str(local(tmp_path / "lm")), tmp_path, max_new_tokens=8)
    talk = [dict(role="system", content="a"), dict(role="user", content="b")]
    assert m._write(talk, PHRASES) == m._write(talk, PHRASES) and m.workers == 1


def test_a_local_model_without_room(tmp_path):
    with pytest.raises(LanguageModelError, match="room for 64 tokens"):
        Local(str(local(tmp_path / "lm", room=64)), tmp_path).ask(*QUESTION)


def test_what_is_no_local_model(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    for source in (load_profile().guide, tmp_path / "nowhere", "nobody/nothing"):
        with pytest.raises(LanguageModelError, match="no causal language model that can be loaded"):
            load_language_model(f"local:{source}")
    folder = local(tmp_path / "lm")
    file = folder / "model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:99])
    with pytest.raises(LanguageModelError, match="no causal language model"):
        load_language_model(f"local:{folder}")
    file.write_bytes(whole)
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink()
    with pytest.raises(LanguageModelError):
        load_language_model(f"local:{folder}")


def test_names_of_models_in_settings(tmp_path, monkeypatch):
    assert (
        split_language_model("grammar") == ("grammar", "", "")
        and split_language_model("openai:a/b:8b@http://h:1/v1") == ("openai", "a/b:8b", "http://h:1/v1")
        and split_language_model("local:a/b@v1") == ("local", "a/b@v1", "")
    )
    for bad in ("gpt-4o", "openai:", "local:", "grammar:x", "azure:x"):
        monkeypatch.setenv("SPURIOUS_LANGUAGE_MODEL", bad)
        with pytest.raises(
            ValueError, match="profile .mini.: language_model=.* must be grammar, openai:MODEL"
        ):
            load_profile()
    monkeypatch.delenv("SPURIOUS_LANGUAGE_MODEL")
    old = tmp_path / "old.ini"
    from spurious_core.core.settings import settings_file

    old.write_text(
        "\n".join(
            l
            for l in settings_file().read_text().splitlines()
            if not l.startswith(("captioner", "language_model"))
        )
    )
    p = load_profile("mini", old)
    assert p.captioner == "" and p.language_model == ""  # a file from before there were these
    assert isinstance(load_language_model(load_profile().language_model), Grammar) and load_profile(
        "sd15"
    ).captioner.startswith("microsoft/git-large-coco@")


def test_the_doctor_says_where_captions_would_go(tmp_path, monkeypatch):
    from dataclasses import replace

    from spurious_core.app.doctor import examine

    def row(source):
        c = examine(replace(load_profile(), language_model=source))
        return c.checkpoints.set_index("field").loc["language_model"], [
            p for p in c.problems if "language_model" in p
        ]

    r, p = row("grammar")
    assert r.state == "built in" and "no language model" in r.note and not p
    r, p = row("openai:m@http://localhost:8000/v1")
    assert r.state == "server" and "http://localhost:8000/v1" in r.note and not p
    r, p = row("openai:m")
    assert r.state == "missing" and len(p) == 1 and "OPENAI_API_KEY" in p[0]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    r, p = row("openai:m")
    assert r.state == "server" and "OpenAI" in r.note and not p and "secret" not in str(r.to_dict())
    assert (
        row(f"local:{local(tmp_path / 'lm')}")[0].state == "here"
        and row("local:nobody/lm")[0].state == "to download"
        and row("")[0].state == "none"
    )
    assert (
        examine(replace(load_profile(), captioner="")).checkpoints.set_index("field").loc["captioner"].note
        == "no captions"
    )
