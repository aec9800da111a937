"What DDB loads of a profile."

from dataclasses import replace

import pytest

from spurious_core.core.settings import load_profile
from spurious_core.papers.ddb.study import tools
from spurious_core.papers.ddb.study.tools import DDBTools, load_ddb_tools

PROFILE = replace(load_profile("mini"), device="cpu")


@pytest.fixture
def loaded(monkeypatch):
    "What was asked for, in place of loading it."
    asked = []

    def load(source, **options):
        asked.append(source)
        return source

    monkeypatch.setattr(tools, "load_pipeline", load)
    monkeypatch.setattr(tools, "load_classifier", load)
    return asked


def test_one_pipeline_learns_and_paints_unless_there_is_another_for_painting(loaded):
    same = load_ddb_tools(replace(PROFILE, pipeline="p", inpaint="p", presence="c"))
    assert loaded == ["p", "c"]
    assert same.painter == same.pipe
    other = load_ddb_tools(replace(PROFILE, pipeline="p", inpaint="q", presence="c"))
    assert (other.pipe, other.painter) == ("p", "q")


def test_own_images_have_no_judge(loaded):
    assert load_ddb_tools(replace(PROFILE, presence=""), own_images=True).presence is None


@pytest.mark.parametrize("own_images, field", [(False, "presence"), (True, "segmenter"), (True, "pipeline")])
def test_what_is_lacking_is_said_before_anything_is_loaded(loaded, own_images, field):
    with pytest.raises(ValueError, match=f"names no {field}, which this needs; set SPURIOUS_{field.upper()}"):
        load_ddb_tools(replace(PROFILE, **{field: ""}), own_images)
    assert loaded == []


@pytest.mark.parametrize("side, batch", [(64, 32), (512, 4), (4096, 1)])
def test_as_many_pictures_at_a_time_as_their_size_allows(side, batch):
    recomposed = DDBTools(replace(PROFILE, resolution=side), None, None)
    assert recomposed.draw_options(7) == dict(steps=7, guidance=PROFILE.guidance, batch_size=batch)
