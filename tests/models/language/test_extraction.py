"Phrases of a data set: asked once, held to the caption, lost one by one."

import json

import pytest

from spurious_core.models.language.extraction import extract_phrases
from spurious_core.models.language.grammar import Grammar
from spurious_core.models.language.protocol import (
    LanguageModelError,
    NoAnswer,
)
from spurious_core.models.language.servers import Server
from support.chat_server import GOOD, completion, fails, good
from support.questions import files


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
    assert df.columns.tolist() == ["caption", "label", "foreground", "background", "alternative"]
    assert df.caption.tolist() == caps
    assert df.label.tolist() == labels
    assert df.foreground.tolist() == [["red ball"], [], ["red ball"]]
    assert df.background.tolist() == [["sofa"], [], ["sofa"]]
    assert len(fake.seen) == 2  # the class, and what is not in the caption, are gone
    assert "m at http://127.0.0.1" in df.attrs["model"]
    assert "200 tokens" in df.attrs["usage"]
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
    assert df.foreground.tolist() == [["red ball"], []]
    assert df.alternative.tolist() == ["beach", ""]
    with pytest.raises(NoAnswer, match="declines"):
        extract_phrases(["a knife"], ["cup"], model)


def test_a_failing_server_ends_the_work_and_keeps_what_was_answered(fake, tmp_path):
    m = Server("m", fake.url, cache=tmp_path / "answers", retries=0, workers=1)
    caps = [f"a red ball number {i}" for i in range(40)]
    fake.script = [good] * 5 + [fails(401)]
    with pytest.raises(LanguageModelError, match="401"):
        extract_phrases(caps, ["dog"] * 40, m)
    assert len(fake.seen) == 6
    assert len(files(tmp_path)) == 5
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
