"""Every study, unchanged, on checkpoints in the formats of the profile sd15.

They have random weights, a thousand classes, bfloat16 and 128 pixels. Of the profile each study gets nothing
but the fields that the table in nbs/app/dry_run/07_study_needs.ipynb says, all of which sd15 has."""

import configparser
import json
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from spurious_core.app.cli import app
from spurious_core.app.dry_run.random_classifiers import random_classifier
from spurious_core.app.dry_run.random_profiles import make_random_profile
from spurious_core.app.dry_run.sizes import SIZES
from spurious_core.app.dry_run.study_needs import STUDIES
from spurious_core.app.metrics import Metrics
from spurious_core.app.studies import find_study, list_studies
from spurious_core.app.study_checks import check_study
from spurious_core.core.settings import load_profile
from spurious_core.data.manifests import draw, sample
from spurious_core.data.miniworld import Item, render
from spurious_core.data.vocabulary import SCENES
from spurious_core.data.worlds import get_world
from spurious_core.models.language.grammar import Grammar
from spurious_core.models.language.protocol import NoAnswer
from spurious_core.models.loading import load_classifier
from spurious_core.papers.d3s.prompts import BACKGROUNDS
from support.chat_server import completion, forget_other_servers, running_server
from support.own_pictures import put_captions
from support.real_pictures import need_photographs_of
from support.study_cells import run_cells

LABELS = ["boat", "car", "house"]
HOW = ("resolution", "sampler_steps", "guidance", "precision")  # fields that every study gets
BESIDES = {"name", "device", "dpi"}  # fields of a profile that name no checkpoint either


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return make_random_profile(tmp_path_factory.mktemp("random") / "small", "small", whole=True)


def put(path, image, shape):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).resize(shape).save(path)


def put_classes(root):
    "Folders of classes in three splits."
    world = replace(get_world("clean"), classes={label: (label,) for label in LABELS})
    manifest = sample(world, 48, "train", 100)
    splits = ("train", "train", "val", "test")
    for i, (image, y) in enumerate(zip(draw(manifest), manifest.y, strict=True)):
        put(root / splits[i // 3 % 4] / LABELS[y] / f"{i:03d}.jpg", image, (100, 80))


def put_backgrounds(root):
    "Three pictures of each background."
    for background in BACKGROUNDS:
        for i in range(3):
            put(root / background / f"{i}.png", render(Item(background, seed=i)).image, (100, 80))


def put_parts(root, thing, prop, rng):
    "References, empty places and training pictures of one class, of any shape."
    parts = dict(references=(6, dict(prop=prop, amount=3)), empty=(20, {}), train=(24, dict(object=thing)))
    for part, (n, shown) in parts.items():
        for i in range(n):
            image = render(Item(list(SCENES)[i % 10], seed=i, **shown), 192).image
            shape = int(rng.integers(140, 300)), int(rng.integers(130, 200))
            put(root / part / f"IMG_{i:03d}.jpg", image, shape)


@pytest.fixture(scope="module")
def own_pictures(tmp_path_factory):
    """Pictures as a person has them, and a classifier of their classes.

    Folders of classes and of backgrounds, and for two classes the folders that a target is read from."""
    root, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(0)
    put_classes(root / "images")
    put_backgrounds(root / "backgrounds")
    put_parts(root / "classes/class 17", "boat", "buoy", rng)
    put_parts(root / "classes/house", "house", "fence", rng)
    put_captions(root / "classes/class 17/references", list(SCENES.values())[:6])
    labels = [*get_world("clean").labels, *(f"class {i}" for i in range(10, 1000))]
    small = SIZES["small"]
    random_classifier(root / "classifier", small, labels, small.jury["swin"], kind="swin")
    return root


def grammatical_answer(body):
    "What the world's grammar answers to the request of a client."
    system, user = (message["content"] for message in body["messages"])
    schema = body["response_format"]["json_schema"]["schema"]
    try:
        return 200, {}, completion(json.dumps(Grammar().ask(system, user, schema)))
    except NoAnswer as error:
        return 200, {}, completion(refusal=str(error))


@pytest.fixture
def server(monkeypatch, tmp_path):
    "A language model behind the chat-completions protocol, as sd15 wants one; it speaks the world's grammar."
    monkeypatch.setenv("MPLCONFIGDIR", matplotlib.get_cachedir())  # fonts stay where they are
    forget_other_servers(monkeypatch, tmp_path / "xdg")
    with running_server(grammatical_answer) as server:
        yield server


def only(profile, fields, folder, **other):
    "The same profile with no other fields than these."
    path, _, name = profile.rpartition(":")
    whole = configparser.ConfigParser(interpolation=None)
    whole.read(path)
    section = {key: value if key in (*fields, *HOW) else "" for key, value in whole[name].items()} | other
    file = Path(folder) / "own.ini"
    file.write_text("[own]\n" + "".join(f"{key} = {value}\n" for key, value in section.items()))
    return f"{file}:own"


def test_the_table_is_of_all_studies_and_all_fields(profile):
    assert sorted(STUDIES) == list_studies()
    named = {name for name, value in vars(load_profile("sd15")).items() if value != ""}
    needed = {field for needs in STUDIES.values() for field in needs.fields}
    assert needed == named - {*HOW, *BESIDES} | {"language_model", "null_guide"}
    p = load_profile(profile)
    for field in named | {"language_model", "world", "presence", "scene", "null_guide"}:
        assert getattr(p, field), field


def test_the_profile_has_every_architecture_and_a_thousand_classes(profile):
    p = load_profile(profile)
    jury = [load_classifier(juror) for juror in p.jury]
    assert [juror.net.config.model_type for juror in jury] == ["resnet", "convnextv2", "vit", "swin"]
    assert all(len(clf.labels) == 1000 for clf in (load_classifier(p.guide), *jury))


def test_doctor_says_runnable(profile):
    r = CliRunner().invoke(app, ["doctor", "--profile", profile])
    assert r.exit_code == 0
    assert "can run here" in r.output


def parameters_for(study, folder):
    "The parameters of the table, with the parts of `folder` for what they say."
    parameters = dict(STUDIES[study].parameters)
    places = dict(
        folder="images" if "classifier" in parameters else "classes",
        classifier="classifier",
        foregrounds="images",
        backgrounds="backgrounds",
    )
    return parameters | {name: str(folder / place) for name, place in places.items() if name in parameters}


@pytest.mark.slow  # in `make test` the dry run has the main study
@pytest.mark.parametrize("study", list_studies())
def test_it_runs(study, profile, own_pictures, server, tmp_path):
    need_photographs_of(study)
    fields = STUDIES[study].fields
    asks = "language_model" in fields
    model = dict(language_model=f"openai:m@{server.url}") if asks else {}
    parameters = dict(profile=only(profile, fields, tmp_path, **model)) | parameters_for(study, own_pictures)
    out = tmp_path / "run"
    run_cells(study, out=str(out), **check_study(find_study(study), parameters))
    assert Metrics.load(out)
    assert list((out / "figures").glob("*.png"))
    assert bool(server.seen) == asks
