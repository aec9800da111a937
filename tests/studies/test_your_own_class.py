"The walk-through does what it says when its first cells name somebody's own class, pictures and profile."

import configparser
import re

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest

from spurious_core.core.settings import settings_file
from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.papers import class_wise
from spurious_core.papers.class_wise.example_folder import write_example_folder
from spurious_core.papers.real import tile_folders
from spurious_core.papers.real.tile_folders import write_tile_folder
from support.notebooks import ROOT
from support.own_pictures import put_pictures
from support.real_pictures import need_real

FEWER = "recipe = replace(recipe, steps=2, batch_size=1)"


def run_cells(chosen: dict, places: dict, names: dict | None = None) -> dict:
    "Runs all cells, those of the reader's with other values; returns the names that they leave in `names`."
    names, seen = {} if names is None else names, 0
    names["__name__"] = "walk_through"
    for cell in nbformat.read(ROOT / "nbs/your_own_class.ipynb", 4).cells:
        if cell.cell_type != "code":
            continue
        source = cell.source
        if source.startswith("# yours"):
            seen += 1
            source = {1: to_code(chosen), 2: to_code(places)}.get(seen, f"{source}\n{FEWER}")
        exec(compile(source, f"cell: {source[:40]}", "exec"), names)
    assert seen == 3
    plt.close("all")
    return names


def to_code(values: dict) -> str:
    return "\n".join(f"{name} = {value!r}" for name, value in values.items())


@pytest.fixture
def own_profile(tmp_path):
    "A settings file of somebody's own, with nothing that sees the object, and two jurors."
    ini = configparser.ConfigParser(interpolation=None)
    ini.read_string(settings_file().read_text(encoding="utf-8"))
    mine = dict(ini["mini"]) | dict.fromkeys(["presence", "scene", "world", "null_guide", "segmenter"], "")
    mine["jury"] = "mini:jury/resnet, mini:jury/vit"
    ini["mine"] = mine
    with (tmp_path / "my.ini").open("w") as file:
        ini.write(file)
    return f"{tmp_path}/my.ini:mine"


@pytest.fixture
def own_folder(tmp_path):
    "Boats as photographs on a disk are: without captions or fresh pictures, of another size and ending."
    example, boats = write_example_folder(tmp_path / "x", "boat", "buoy", train=8), tmp_path / "pictures/boat"
    (example / "boat/references/metadata.jsonl").unlink()
    boats.mkdir(parents=True)
    for part in ("references", "empty"):
        (example / "boat" / part).rename(boats / part)
    put_pictures(boats / "train", draw(sample(get_world("imagenet_like"), 16, label="boat")))
    return boats.parent


def test_another_class_folder_and_profile(own_folder, own_profile, tmp_path, monkeypatch):
    load_kit, asked = class_wise.load_kit, []

    def recorded(profile, *args, **options):
        asked.append(profile)
        return load_kit(profile, *args, **options)

    monkeypatch.setattr(class_wise, "load_kit", recorded)
    chosen = dict(LABEL="boat", FOLDER=str(own_folder), AROUND=["in water"], OUT=str(tmp_path / "out"))
    left = run_cells(chosen, dict(PROFILE=own_profile, STEPS=2, PER_PLACE=2))
    assert asked == [own_profile]
    assert left["measured"] == ["all_of_jury", "juror_rate"]  # nobody looks for the object
    assert left["number"] == left["guide"].labels.index("boat")
    assert {len(images) for images in left["images"].values()} == {2}
    assert left["scorer"].is_relative_to(tmp_path / "out")
    assert len(list(left["scorer"].iterdir())) == len(left["good"]) == 2
    assert left["again"].components == left["components"]
    assert set(left["given"]["captions"]) == {"a photo of an empty sks scene"}
    assert not any(
        own_folder.rglob("*.safetensors")
    )  # results lie in OUT, and the reader's folder is as it was
    assert (tmp_path / "out/with_loss/result.json").is_file()


@pytest.mark.slow
def test_copies_are_told_by_fresh_pictures_with_the_feature(tmp_path):
    chosen = dict(LABEL="house", FOLDER="", AROUND=["in snow", "at night"], OUT=str(tmp_path / "out"))
    left = run_cells(chosen, dict(PROFILE="mini", STEPS=4, PER_PLACE=1))
    assert (left["yardstick"] == left["fresh"]).all() and len(left["fresh"]) == 40
    assert left["copies"]["base"] < 1
    assert left["measured"][:3] == ["consistency", "hit", "object_absent"]
    assert pd.Series(left["probability"]).idxmin() == "empty"
    assert left["values"]["references"] < left["values"]["empty"]


def test_a_class_that_the_profile_cannot_know_is_refused_before_anything_is_loaded(own_folder, tmp_path):
    (own_folder / "boat").rename(own_folder / "mug")
    chosen = dict(LABEL="mug", FOLDER=str(own_folder), AROUND=["before a temple"], OUT=str(tmp_path / "out"))
    with pytest.raises(ValueError, match="profile 'mini' know the rendered world only .*no mug.*sd15"):
        run_cells(chosen, dict(PROFILE="mini", STEPS=2, PER_PLACE=1))
    assert not (tmp_path / "out").exists()


def test_what_the_page_says_of_real_tiles_runs_in_its_order(tmp_path, monkeypatch):
    cells = [cell.source for cell in nbformat.read(ROOT / "nbs/your_own_class.ipynb", 4).cells]
    (prose,) = [source for source in cells if "write_tile_folder" in source]
    bring, make, *_ = re.findall("`([^`]*)`", prose.partition("begin with real ones")[2])
    asked = []
    monkeypatch.setattr(tile_folders, "write_tile_folder", lambda *given: asked.append(given) or given[0])
    names = {}
    exec(f"{bring}\n{make}", names)
    assert asked == [("my/tiles", "tench")] and names["FOLDER"] == "my/tiles"


@pytest.mark.slow
def test_tiles_of_a_real_class_go_as_far_as_a_real_generator_is_needed(tmp_path):
    need_real("spurious_tiles", "imagenet_mini")
    folder, left = write_tile_folder(tmp_path / "tiles", "tench"), {}
    chosen = dict(LABEL="tench", FOLDER=str(folder), AROUND=["in water"], OUT=str(tmp_path / "out"))
    with pytest.raises(ValueError, match="profile 'real' names no pipeline, which this needs; set SPURIOUS"):
        run_cells(chosen, dict(PROFILE="real", STEPS=2, PER_PLACE=1), left)
    assert left["guide"].name == "efficientnet_lite0" and left["number"] == 0
    assert left["values"]["references"] < left["values"]["empty"]  # section 3 was reached
    assert "prior" not in left and not (tmp_path / "out").exists()
