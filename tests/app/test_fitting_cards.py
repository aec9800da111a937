"What the doctor says of cards."

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from spurious_core.app import fitting_cards as module
from spurious_core.app.cli import app
from spurious_core.app.fitting_cards import card_advice
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
    assert all(word in done.output for word in ("8 GB", "80 GB", "savings"))
    lost = CliRunner().invoke(app, ["doctor", "--profile", "z_image", "--cards"])
    assert lost.exit_code != 0 and "Traceback" not in lost.output


def test_nothing_of_the_libraries_is_said_beside_the_table(capfd):
    "diffusers says of a tiny decoder's config that it does not know one of its words."
    card_advice(load_profile("mini"))
    assert capfd.readouterr().err == ""
