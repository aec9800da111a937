"Words that go with a class, its false calls and a group; and a captioner of the public formats, end to end."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from spurious_core.app.audit.words import (
    CAPTIONS_FILE,
    FALSE_CALLS,
    OWN_PICTURES,
    class_words,
    group_words,
    picture_describer,
    word_shares,
    words_section,
)
from spurious_core.app.cli import app
from spurious_core.app.dry_run.random_captioners import random_captioner
from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.data.manifests import sample, write_folder
from spurious_core.data.worlds import get_world


@pytest.fixture(scope="module")
def snowy():
    "Huskies lie in snow, and of the wolves those in snow are called huskies."
    y = np.repeat([0, 1], 60)
    snow = np.r_[np.arange(60) < 54, np.arange(60) < 12]
    images = SimpleNamespace(y=y, labels=["husky dog", "wolf"])
    names = np.array(["a husky dog", "a wolf"])[y]
    captions = [
        f"{name} in the {'snow' if white else 'forest'}" for name, white in zip(names, snow, strict=True)
    ]
    return SimpleNamespace(images=images, predicted=np.where(snow, 0, 1)), captions


def test_words_of_a_group():
    captions = ["a bird on ice"] * 20 + ["a bird on a road"] * 20 + ["a bird"] * 10
    inside = np.arange(50) < 20
    assert group_words(captions, inside) == ["ice"]
    assert group_words(["", ""], np.array([True, False])) == []
    shares = word_shares(captions, inside).set_index("word")
    assert shares.loc["ice", ["inside", "outside"]].tolist() == [1, 0]
    assert shares.loc["bird", "q"] == 1


def test_words_of_classes_and_of_what_is_called_them(snowy):
    subject, captions = snowy
    words = class_words(subject, captions)
    assert set(words.word) == {"snow", "forest"}  # the names of classes are left out
    husky = words[words.label == "husky dog"].set_index("goes_with")
    assert husky.word.to_dict() == {OWN_PICTURES: "snow", FALSE_CALLS: "snow"}
    assert husky.inside[OWN_PICTURES] == 0.9 and husky.outside[OWN_PICTURES] == 0.2
    assert husky.inside[FALSE_CALLS] == 1 and husky.outside[FALSE_CALLS] == 0


def test_a_word_with_both_answers_is_said(snowy):
    subject, captions = snowy
    section = words_section(subject, captions)
    assert "husky dog: snow goes with its pictures and with what is called it." in section.sentences
    silent = words_section(subject, ["a photo"] * 120)
    assert silent.table is None and silent.sentences[-1] == "No word goes with a class."


def audit_of(tmp_path, captioner):
    "The page, after the command was given pictures, a classifier and a captioner by their names."
    write_folder(sample(get_world("waterbirds_hard"), 120, "train"), tmp_path / "images")
    args = ["audit", "--images", str(tmp_path / "images"), "--classifier", "mini:null_guide", "--size", "64"]
    result = CliRunner().invoke(app, [*args, "--captioner", captioner, "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    return (tmp_path / "out/report.html").read_text()


@pytest.mark.parametrize("kind", ["embedded", pytest.param("random", marks=pytest.mark.slow)])
def test_a_captioner_of_the_public_format_is_an_option_of_the_command(kind, tmp_path):
    folder = "mini:captioner"
    if kind == "random":  # a GIT of transformers, as it is saved there
        folder = str(random_captioner(tmp_path / "git", SIZES["tiny"]))
    page = audit_of(tmp_path, folder)
    assert "Things and places in words" in page and "different captions of 120 pictures" in page
    captions = pd.read_csv(tmp_path / "out" / CAPTIONS_FILE)
    assert captions.caption.str.len().min() > 0
    words = pd.read_csv(tmp_path / "out/words.csv")
    assert set(words.columns) == {"label", "goes_with", "word", "inside", "outside", "q"}
    if kind == "embedded":
        assert len(words[words.goes_with == OWN_PICTURES])  # birds in their usual places


def test_without_a_captioner_nothing_is_described(tmp_path):
    assert picture_describer("", tmp_path) is None
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        picture_describer(str(tmp_path / "nowhere"), tmp_path)
