"Where images come from: a rendered world with its judge, or a folder."

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from spurious_core.core.settings import load_profile
from spurious_core.mitigate.networks import small_resnet
from spurious_core.models.loading import save_classifier
from spurious_core.papers.ddb.recomposed_images import Recomposed
from spurious_core.papers.ddb.study import sources
from spurious_core.papers.ddb.study.fooling_worlds import FOOLING_WORLDS
from spurious_core.papers.ddb.study.own_input import OwnInput
from spurious_core.papers.ddb.study.plan import ddb_plan
from spurious_core.papers.ddb.study.sources import OwnSource, RenderedSource, ddb_sources
from spurious_core.papers.ddb.study.tools import DDBTools

PROFILE = replace(load_profile("mini"), device="cpu")
PLAN = ddb_plan("smoke")


def judged(key, seen, y, y_was, a):
    "The truth about one picture in which the judge sees `seen`."
    presence = SimpleNamespace(labels=[seen], probs=lambda images: torch.ones(len(images), 1))
    source = RenderedSource(FOOLING_WORLDS[key], PLAN, DDBTools(PROFILE, None, None, presence))
    pixels = np.zeros((1, 8, 8, 3), np.uint8)
    table = pd.DataFrame(dict(origin=[0], y_was=y_was, y=y, a=a))
    truth = source.truth(Recomposed(pixels, pixels, np.ones((1, 8, 8)), table))
    return truth.bad[0], truth.old[0]


def test_a_bird_is_bad_where_the_new_one_is_not_seen():
    assert judged("birds", "waterbird", y=1, y_was=0, a=0) == (False, False)
    assert judged("birds", "landbird", y=1, y_was=0, a=0) == (True, True)
    assert judged("birds", "boat", y=1, y_was=0, a=0) == (True, False)


def test_a_face_is_bad_too_where_its_hair_has_changed():
    assert judged("faces", "blond man", y=1, y_was=0, a=1) == (False, False)
    assert judged("faces", "dark man", y=1, y_was=0, a=1) == (True, False)
    assert judged("faces", "blond woman", y=1, y_was=0, a=1) == (True, True)


def test_a_world_has_images_of_three_kinds():
    source = RenderedSource(FOOLING_WORLDS["birds"], PLAN, DDBTools(PROFILE, None, None))
    assert [len(images) for images in source.images(100)] == [60, PLAN.val, PLAN.test]


def test_parts_without_a_name_come_from_the_renderer(monkeypatch):
    monkeypatch.setattr(sources, "load_segmenter", lambda *where: None)
    monkeypatch.setattr(sources, "segmented_parts", lambda *what: "by name")
    tools = DDBTools(PROFILE, None, None)
    birds, faces = (RenderedSource(FOOLING_WORLDS[key], PLAN, tools) for key in ("birds", "faces"))
    assert birds.causal_parts(birds.place.balanced_images(2, "test", 100, 64)) == "by name"
    assert faces.causal_parts(faces.place.balanced_images(2, "test", 100, 64)).shape == (2, 64, 64)


@pytest.fixture
def own_data(tmp_path):
    for i in range(20):
        file = tmp_path / "images" / ("cat", "dog")[i % 2] / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((16, 16, 3), i, np.uint8)).save(file)
    save_classifier(small_resnet(["dog", "cat", "swan"], (4, 8)), tmp_path / "classifier")
    return dict(folder=str(tmp_path / "images"), classifier=str(tmp_path / "classifier"))


def test_a_folder_is_split_by_the_first_seed_whatever_the_run(own_data):
    given = OwnInput(**own_data).read_classifier()
    source = OwnSource(own_data["folder"], given, DDBTools(PROFILE, None, None), seed=5)
    first, again = source.images(5), source.images(6)
    assert [len(images) for images in first] == [12, 4, 4]
    assert first[0].manifest.file.tolist() == again[0].manifest.file.tolist()
    assert source.selection == "worst_class"
    assert source.generated_batch == 32
    assert (source.initializer, source.key, source.dataset) == ("{}", "own", "own")


def test_of_own_pictures_nobody_knows_the_truth(own_data):
    source = OwnSource(own_data["folder"], None, None)
    assert source.truth([None] * 3).isna().all(axis=None)
    assert len(source.truth([None] * 3)) == 3


def test_what_parts_calls_a_class_is_what_the_segmenter_is_asked_for(own_data, monkeypatch):
    monkeypatch.setattr(sources, "load_segmenter", lambda *where: None)
    monkeypatch.setattr(sources, "segmented_parts", lambda images, names, segmenter: names)
    source = OwnSource(own_data["folder"], None, DDBTools(PROFILE, None, None), parts={"dog": "snout"})
    assert source.causal_parts(SimpleNamespace(labels=["cat", "dog"])) == ["cat", "snout"]


def test_wrong_names_are_refused_before_anything_is_loaded(own_data, monkeypatch):
    monkeypatch.setattr(sources, "load_ddb_tools", lambda *what, **how: pytest.fail("was loaded"))
    with pytest.raises(ValueError, match="unknown world 'cats'; known: birds, faces, things"):
        ddb_sources(PROFILE, PLAN, ["cats"])
    with pytest.raises(ValueError, match="names no segmenter"):
        ddb_sources(replace(PROFILE, segmenter=""), PLAN, own_input=OwnInput(**own_data))
    with pytest.raises(ValueError, match="'swan' is no class"):
        ddb_sources(PROFILE, PLAN, own_input=OwnInput(**own_data, parts={"swan": "bird"}))
    unknown = "pipeline, inpaint, segmenter of profile 'mini' know the rendered world only .*no cat"
    with pytest.raises(ValueError, match=unknown):
        ddb_sources(PROFILE, PLAN, own_input=OwnInput(**own_data))


def test_worlds_asked_for_come_before_those_of_the_plan(monkeypatch):
    monkeypatch.setattr(sources, "load_ddb_tools", lambda profile, own_images=False: None)
    assert [source.key for source in ddb_sources(PROFILE, PLAN)] == ["birds"]
    assert [source.key for source in ddb_sources(PROFILE, PLAN, ["things", "faces"])] == ["things", "faces"]
