"Every study, unchanged, on checkpoints in the formats of the profile sd15: random weights, a thousand classes, bfloat16, 128 pixels, and of the profile nothing but the fields that the table in nbs/app/dry_run/07_study_needs.ipynb says, which sd15 has."

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
from spurious_core.app.runs import run_study
from spurious_core.app.studies import find_study, list_studies
from spurious_core.core.settings import load_profile
from spurious_core.data.manifests import draw, sample
from spurious_core.data.miniworld import Item, render
from spurious_core.data.vocabulary import SCENES
from spurious_core.data.worlds import get_world
from spurious_core.models.language.grammar import Grammar
from spurious_core.models.language.protocol import NoAnswer
from spurious_core.models.loading import load_classifier
from spurious_core.papers.d3s.prompts import BACKGROUNDS
from support.chat_server import FakeServer, completion


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    return make_random_profile(tmp_path_factory.mktemp("random") / "small", "small", whole=True)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    "Pictures as a person has them: folders of classes in three splits, folders of backgrounds, a classifier of these classes, and for two of them references, empty places and training pictures of any shape."
    root = tmp_path_factory.mktemp("own")
    labels = ["boat", "car", "house"]
    m = sample(replace(get_world("clean"), classes={l: (l,) for l in labels}), 48, "train", 100)

    def put(file, im):
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(im).resize((100, 80)).save(file)

    for i, (im, y) in enumerate(zip(draw(m), m.y)):
        put(root / "images" / ("train", "train", "val", "test")[i // 3 % 4] / labels[y] / f"{i:03d}.jpg", im)
    for b in BACKGROUNDS:
        for i in range(3):
            put(root / "backgrounds" / b / f"{i}.png", render(Item(b, seed=i)).image)
    parts = dict(references=6, empty=20, train=24)
    g = np.random.default_rng(0)
    for k, thing, prop in (("class 17", "boat", "buoy"), ("house", "house", "fence")):
        for part, n in parts.items():
            for i in range(n):
                what = dict(references=dict(prop=prop, amount=3), train=dict(object=thing)).get(part, {})
                im = render(Item(list(SCENES)[i % 10], seed=i, **what), 192).image
                p = root / "classes" / k / part / f"IMG_{i:03d}.jpg"
                p.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(im).resize((int(g.integers(140, 300)), int(g.integers(130, 200)))).save(p)
    (root / "classes/class 17/references/metadata.jsonl").write_text(
        "".join(
            json.dumps(dict(file_name=f"IMG_{i:03d}.jpg", text=f"a photo of an empty sks scene {v}")) + "\n"
            for i, v in zip(range(6), SCENES.values())
        )
    )
    random_classifier(
        root / "classifier",
        SIZES["small"],
        [*get_world("clean").labels, *(f"class {i}" for i in range(10, 1000))],
        SIZES["small"].jury["swin"],
        kind="swin",
    )
    return root


@pytest.fixture
def server(monkeypatch, tmp_path):
    "A language model behind the chat-completions protocol, as sd15 wants one; what it answers is the world's grammar."
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
    monkeypatch.setenv("MPLCONFIGDIR", matplotlib.get_cachedir())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    s, g = FakeServer(), Grammar()  # answers are kept in the test's folder, fonts where they are

    def answer(body):
        system, user = (m["content"] for m in body["messages"])
        try:
            return (
                200,
                {},
                completion(json.dumps(g.ask(system, user, body["response_format"]["json_schema"]["schema"]))),
            )
        except NoAnswer as e:
            return 200, {}, completion(refusal=str(e))

    s.script = [answer]
    yield s
    s.httpd.shutdown()
    s.httpd.server_close()


def only(profile, fields, folder, **other):
    "The same profile with no other fields than these."
    path, _, name = profile.rpartition(":")
    ini = configparser.ConfigParser(interpolation=None)
    ini.read(path)
    section = {
        k: v if k in fields or k in ("resolution", "sampler_steps", "guidance", "precision") else ""
        for k, v in ini[name].items()
    } | other
    file = Path(folder) / "own.ini"
    file.write_text("[own]\n" + "".join(f"{k} = {v}\n" for k, v in section.items()))
    return f"{file}:own"


def test_the_table_is_of_all_studies_and_all_fields(profile):
    p, sd15 = load_profile(profile), load_profile("sd15")
    named = {k for k, v in vars(sd15).items() if v != ""}
    assert sorted(STUDIES) == list_studies() and all(
        getattr(p, k) for k in named | {"language_model", "world", "presence", "scene", "null_guide"}
    )
    assert {f for needs in STUDIES.values() for f in needs.fields} == named - {
        "name",
        "resolution",
        "sampler_steps",
        "guidance",
        "precision",
        "device",
        "dpi",
    } | {"language_model"}
    assert [load_classifier(j).net.config.model_type for j in p.jury] == [
        "resnet",
        "convnextv2",
        "vit",
        "swin",
    ] and all(len(load_classifier(c).labels) == 1000 for c in (p.guide, *p.jury))


def test_doctor_says_runnable(profile):
    r = CliRunner().invoke(app, ["doctor", "--profile", profile])
    assert r.exit_code == 0 and "can run here" in r.output


@pytest.mark.parametrize("study", list_studies())
def test_it_runs(study, profile, own, server, tmp_path):
    fields, params = STUDIES[study].fields, STUDIES[study].parameters
    places = {
        k: str(own / v)
        for k, v in dict(
            folder="images" if "classifier" in params else "classes",
            classifier="classifier",
            foregrounds="images",
            backgrounds="backgrounds",
        ).items()
        if k in params
    }
    asks = "language_model" in fields
    mine = only(profile, fields, tmp_path, **dict(language_model=f"openai:m@{server.url}") if asks else {})
    out = run_study(
        study,
        dict(
            profile=mine,
            **params | places | ({"workers": 1} if "workers" in find_study(study).parameters else {}),
        ),
        tmp_path / "run",
        timeout=300,
        progress=False,
    )
    assert (
        Metrics.load(out)
        and list((out / "figures").glob("*.png"))
        and json.loads((out / "environment.json").read_text())["parameters"]["budget"] == params["budget"]
    )
    assert bool(server.seen) == asks
