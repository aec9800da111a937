"What the doctor says of cards."

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from spurious_core.app import fitting_cards as module
from spurious_core.app.cli import app
from spurious_core.app.fitting_cards import card_advice, card_sentences
from spurious_core.core.settings import load_profile
from support.pipelines import build_pipeline


@pytest.mark.slow
def test_a_pipeline_of_configs_only(tmp_path):
    folder = build_pipeline(tmp_path / "pipeline")
    profile = replace(load_profile("mini"), pipeline=str(folder), tiny_decoder="")
    whole = card_advice(profile)
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
    assert card_advice(profile).equals(whole)


def test_the_tiny_decoder_is_offered_where_it_is_here(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "CardPlanner", lambda *given, **options: seen.append(given))
    monkeypatch.setattr(module, "cards_table", lambda plan: None)
    mini = load_profile("mini")
    for tiny in (mini.tiny_decoder, "", "someone/never-downloaded", "madebyollin/taesdxl@" + "a" * 40):
        card_advice(replace(mini, tiny_decoder=tiny, precision="bf16"))
    assert [given[2] is not None for given in seen] == [True, False, False, True]
    assert {given[1].precision for given in seen} == {"bf16"}


def test_a_pipeline_that_is_not_here():
    profile = replace(load_profile("mini"), pipeline="someone/model@" + "a" * 40)
    with pytest.raises(FileNotFoundError, match="hf download someone/model --revision a{40} --include"):
        card_advice(profile)


def test_the_command():
    done = CliRunner().invoke(app, ["doctor", "--profile", "mini", "--cards"])
    assert done.exit_code == 0, done.output
    assert all(
        word in done.output for word in ("80 GB: 4 at once; nothing is saved; adamw; 0.1 GB", "\n8 GB: ")
    )
    lost = CliRunner().invoke(app, ["doctor", "--profile", "z_image", "--cards"])
    assert lost.exit_code != 0 and "Traceback" not in lost.output


def test_nothing_of_the_libraries_is_said_beside_the_table(capfd):
    "diffusers says of a tiny decoder's config that it does not know one of its words."
    card_advice(load_profile("mini"))
    assert capfd.readouterr().err == ""


def test_the_largest_card_is_told_first_and_what_fits_nowhere_with_what_would_help():
    large, small = card_sentences(load_profile("mini"), [0.1, 8])
    assert large == "8 GB: 4 at once; nothing is saved; adamw; 0.1 GB at the peak"
    assert small.startswith("0.1 GB: lora on a card of 0.1 GB: with all savings it takes 0.1 GB")
    assert "precision='bf16' halves the weights" in small


def test_a_profile_without_a_pipeline_is_not_looked_for_in_this_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(build_pipeline(tmp_path / "pipeline"))
    with pytest.raises(ValueError, match="names no pipeline, which this needs"):
        card_advice(replace(load_profile("mini"), pipeline=""))


@pytest.mark.parametrize(
    "changes, why",
    [
        (dict(pipeline="/tmp/nowhere"), "pipeline='/tmp/nowhere' is neither a folder here nor a hub id"),
        (dict(tiny_decoder=load_profile("mini").guide), "tiny_decoder=.* is no AutoencoderTiny"),
    ],
    ids=str,
)
def test_what_is_no_checkpoint_is_named(changes, why):
    with pytest.raises((ValueError, FileNotFoundError), match=why):
        card_advice(replace(load_profile("mini"), **changes))
