"Words: their captions, their file, and where they start."

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from spurious_core.diffusion.adapters import EMBEDS, use_adapter
from spurious_core.papers.ddb import causal_tokens
from spurious_core.papers.ddb.causal_tokens import captions_of, convergence, learn_tokens, token_of
from spurious_core.papers.ddb.choosing import inversion_rows
from support.ddb import DATA, WORDS


def test_captions_do_not_depend_on_how_many_are_asked_for():
    captions = captions_of("blond woman", 9, 3)
    assert captions[:4] == captions_of("blond woman", 4, 3)
    assert all("<blond-woman>" in caption for caption in captions)
    assert len(set(captions_of("x", 40))) > 1
    assert token_of("a  b") == "<a-b>"
    with pytest.raises(ValueError, match="'a photo' has no place {}"):
        captions_of("x", 2, templates=("a photo",))


@pytest.fixture(scope="module")
def pipeline(tiny_folder):
    from diffusers import StableDiffusionPipeline

    return StableDiffusionPipeline.from_pretrained(tiny_folder)


@pytest.fixture(scope="module")
def learned(pipeline, tmp_path_factory):
    "A folder with the words of both classes."
    out = tmp_path_factory.mktemp("words") / "w"
    return learn_tokens(pipeline, DATA, inversion_rows(DATA, 4), WORDS, out, sheet=2, progress=False)


def test_all_words_come_in_one_file_that_diffusers_reads(pipeline, learned):
    words = load_file(learned / EMBEDS)
    assert sorted(words) == ["<no>", "<yes>"]
    assert not torch.equal(words["<no>"], words["<yes>"])
    with use_adapter(pipeline, learned) as with_words:
        assert {"<no>", "<yes>"} <= set(with_words.tokenizer.get_vocab())
    assert "<no>" not in pipeline.tokenizer.get_vocab()


def test_each_word_is_learned_from_captions_with_it(monkeypatch, tmp_path):
    captions = {}

    def personalize(pipe, images, config, out, **options):
        captions[config.token] = options["captions"]
        return out

    monkeypatch.setattr(causal_tokens, "read_weights", lambda file: {})
    monkeypatch.setattr(causal_tokens, "personalize", personalize)
    learn_tokens(None, DATA, inversion_rows(DATA, 4), WORDS, tmp_path, progress=False)
    assert list(captions) == ["<no>", "<yes>"]
    for token, texts in captions.items():
        assert len(texts) == 4 and all(token in text for text in texts)


def test_finished_words_are_not_learned_again(pipeline, learned):
    result = learned / "no/result.json"
    written = result.stat().st_mtime_ns
    learn_tokens(pipeline, DATA, inversion_rows(DATA, 4), WORDS, learned, sheet=2, progress=False)
    assert result.stat().st_mtime_ns == written
    assert json.loads(result.read_text())


def test_convergence_has_a_column_for_each_class_and_a_row_for_each_step(learned, tmp_path):
    axes = convergence(learned).axes
    assert len(axes) == 4
    assert [ax.get_title() for ax in axes] == ["<no>", "<yes>", "", ""]
    assert all(len(ax.images) == 1 for ax in axes)
    assert np.ptp([float(ax.images[0].get_array().mean()) for ax in axes]) > 0
    with pytest.raises(FileNotFoundError, match="no sheets"):
        convergence(tmp_path)


def test_a_broken_sheet_is_named(learned, tmp_path):
    shutil.copytree(learned, tmp_path / "copy")
    sheet = min((tmp_path / "copy/no/sheets").glob("*.png"))
    sheet.write_bytes(sheet.read_bytes()[:60])
    with pytest.raises(OSError, match=f"{sheet}: broken"):
        convergence(tmp_path / "copy")


def test_a_word_may_start_from_the_name_of_its_class(monkeypatch, tmp_path):
    starts = []

    def personalize(pipe, images, config, out, **options):
        starts.append(config.initializer)
        return out

    monkeypatch.setattr(causal_tokens, "read_weights", lambda file: {})
    monkeypatch.setattr(causal_tokens, "personalize", personalize)
    rows = inversion_rows(DATA, 2)
    for initializer in ("a {}", "animal"):
        config = replace(WORDS, initializer=initializer)
        learn_tokens(None, DATA, rows, config, tmp_path, progress=False)
    assert starts == ["a no", "a yes", "animal", "animal"]


def test_only_textual_inversion_makes_words(tmp_path):
    config = replace(WORDS, method="lora")
    with pytest.raises(ValueError, match="method='lora' must be textual_inversion"):
        learn_tokens(None, DATA, inversion_rows(DATA, 2), config, tmp_path)
