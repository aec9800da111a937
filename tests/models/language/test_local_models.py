"A local model reads, asks again and counts; and what is none."

import json
from dataclasses import replace

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from spurious_core.app.doctor import examine
from spurious_core.core.settings import load_profile, split_language_model
from spurious_core.models.language.grammar import Grammar
from spurious_core.models.language.local_models import Local, load_language_model
from spurious_core.models.language.protocol import (
    PHRASES,
    LanguageModelError,
    NoAnswer,
)
from support.chat_server import GOOD
from support.questions import QUESTION

CHAT = (
    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>"
)


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
    assert m.usage.requests == 3
    assert m.usage.completion_tokens <= 15
    assert m.usage.prompt_tokens > 3 * len(QUESTION[1])
    assert len(talks[2]) == 4
    monkeypatch.setattr(m, "_write", lambda talk, schema: (json.dumps(GOOD), 7, 3))
    assert m.ask(*QUESTION) == GOOD
    monkeypatch.setattr(m, "_write", None)
    assert m.ask(*QUESTION) == GOOD
    assert m.usage.cached == 1
    text = m.tokenizer.decode(m._tokens(talks[0])["input_ids"][0])
    assert ("<user>" in text.replace(" ", "")) == bool(chat)


def test_a_local_model_is_greedy(tmp_path):
    m = Local(str(local(tmp_path / "lm")), tmp_path, max_new_tokens=8)
    talk = [dict(role="system", content="a"), dict(role="user", content="b")]
    assert m._write(talk, PHRASES) == m._write(talk, PHRASES)
    assert m.workers == 1


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
    assert split_language_model("grammar") == ("grammar", "", "")
    assert split_language_model("openai:a/b:8b@http://h:1/v1") == ("openai", "a/b:8b", "http://h:1/v1")
    assert split_language_model("local:a/b@v1") == ("local", "a/b@v1", "")
    assert split_language_model("openai:m@001") == ("openai", "m@001", "")
    assert split_language_model("openai:m@v1.2") == ("openai", "m@v1.2", "")
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
    assert p.captioner == ""
    assert p.language_model == ""  # a file from before there were these
    assert isinstance(load_language_model(load_profile().language_model), Grammar)
    assert load_profile("sd15").captioner.startswith("microsoft/git-large-coco@")


def test_the_doctor_says_where_captions_would_go(tmp_path, monkeypatch):

    def row(source):
        c = examine(replace(load_profile(), language_model=source))
        return c.checkpoints.set_index("field").loc["language_model"], [
            p for p in c.problems if "language_model" in p
        ]

    r, p = row("grammar")
    assert r.state == "built in"
    assert "no language model" in r.note
    assert not p
    r, p = row("openai:m@http://localhost:8000/v1")
    assert r.state == "server"
    assert "http://localhost:8000/v1" in r.note
    assert not p
    r, p = row("openai:m@http://ann:very-secret@localhost:8000/v1")
    assert r.source == "openai:m@http://***@localhost:8000/v1"
    assert r.note == "captions are sent to http://***@localhost:8000/v1"
    with pytest.raises(ValueError, match=r"language_model='x:http://\*\*\*@h'"):
        split_language_model("x:http://ann:very-secret@h")
    r, p = row("openai:m")
    assert r.state == "missing"
    assert len(p) == 1
    assert "OPENAI_API_KEY" in p[0]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    r, p = row("openai:m")
    assert r.state == "server"
    assert "OpenAI" in r.note
    assert not p
    assert "secret" not in str(r.to_dict())
    assert row(f"local:{local(tmp_path / 'lm')}")[0].state == "here"
    assert row("local:nobody/lm")[0].state == "to download"
    assert row("")[0].state == "none"
    assert (
        examine(replace(load_profile(), captioner="")).checkpoints.set_index("field").loc["captioner"].note
        == "no captions"
    )


@pytest.mark.parametrize(
    "address",
    ["", "localhost", "localhost:8000/v1", "http://", "htp://x", "ftp://x", "10.0.0.7", "ann.example"],
)
def test_an_address_that_is_none_sends_no_caption_to_the_usual_server(address):
    with pytest.raises(ValueError, match="must have an address with its scheme, as in openai:MODEL@http://"):
        split_language_model(f"openai:m@{address}")
