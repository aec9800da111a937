"Whole audits: a planted shortcut is named, a clean folder is not slandered, and BAR where it is."

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from spurious_core.app.audit.auditing import audit
from spurious_core.app.audit.examining import next_steps
from spurious_core.app.cli import app
from spurious_core.core.settings import load_profile
from spurious_core.data.manifests import sample, write_folder
from spurious_core.data.photographs.bar import bar
from spurious_core.data.rendered import world_images
from spurious_core.data.worlds import get_world
from spurious_core.models.loading import load_classifier
from support.real_pictures import need_real


@pytest.fixture(scope="module")
def net():
    return load_classifier(load_profile("mini").null_guide)


@pytest.mark.parametrize(
    "captions, message",
    [
        (["a bird"] * 9, "9 captions for 60 pictures"),
        ([], "0 captions for 60 pictures"),
        (lambda pictures: ["a bird"] * 59, "59 captions for 60 pictures"),
        (["a bird"] * 7 + [None] * 53, r"captions\[7\]=None must be a text, and is a NoneType"),
        ("a bird", "captions='a bird' must be a list"),
        (3, "captions=3 must be a list: one for each of"),
    ],
)
def test_captions_are_a_text_for_each_picture(captions, message, net, tmp_path):
    birds = world_images(get_world("waterbirds_hard"), 60, "train")
    with pytest.raises(ValueError, match=message):
        audit(birds, net, tmp_path, captions, attack_steps=0)
    assert not any(tmp_path.iterdir())


def test_captions_may_be_given_as_they_are(net, tmp_path):
    birds = world_images(get_world("waterbirds_hard"), 60, "train")
    captions = birds.manifest.prompt.tolist()
    assert audit(birds, net, tmp_path, captions, attack_steps=0).captions == captions
    assert (tmp_path / "words.csv").is_file()


def test_copies_between_splits_are_a_next_step(net, tmp_path):
    birds = world_images(get_world("waterbirds"), 60, "train")
    birds.manifest["split"] = ["train"] * 50 + ["test"] * 10
    birds.manifest["file"] = [f"{i}.png" for i in range(60)]
    birds.pixels[55] = birds.pixels[4]
    found = audit(birds, net, tmp_path, attack_steps=0)
    named = pd.read_csv(tmp_path / "copies.csv")
    assert named[["first", "second"]].to_numpy().tolist() == [["4.png", "55.png"]]
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "55.png" in page and all(file in page for file in found.mistakes.file)
    assert found.copies[["first", "second", "across"]].to_numpy().tolist() == [[4, 55, True]]
    assert any(step.startswith("Remove 1 pictures") for step in next_steps(found))
    assert "Too few pictures to say much of any class" in next_steps(found)[-1]


def test_the_command_on_a_folder(tmp_path):
    folder = write_folder(sample(get_world("waterbirds_hard"), 60, "train"), tmp_path / "birds")
    out = tmp_path / "audit"
    command = [
        "audit",
        "--images",
        str(folder),
        "--classifier",
        load_profile("mini").null_guide,
        "--out",
        str(out),
    ]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0 and "report.html" in result.output
    assert {path.name for path in out.iterdir()} >= {"report.html", "pictures.csv", "shortcuts.csv"}


def test_what_is_not_there_is_one_line(tmp_path):
    "The pictures before the model: a model that has to be looked for on a hub takes its time."
    result = CliRunner().invoke(app, ["audit", "--images", str(tmp_path / "x"), "--classifier", "no/such"])
    assert result.exit_code in (1, 2) and result.output.startswith("error: ")
    assert str(tmp_path / "x") in result.output.replace("\n", "") and "no/such" not in result.output


@pytest.mark.slow
def test_bar(tmp_path):
    "Some photographs of each action, with real features: a report, and the conflict costs accuracy."
    pytest.importorskip("efficientnet_lite_pytorch")
    data = bar(need_real("bar") / "bar", 256)
    chosen = []
    for split, n in (("train", 12), ("test", 5)):
        for y in range(6):
            members = np.flatnonzero((data.manifest.split == split) & (data.y == y))
            chosen += members[:: len(members) // n][:n].tolist()
    found = audit(
        data.subset(chosen), load_classifier("package:efficientnet_lite0"), tmp_path, attack_steps=0
    )
    by_split = found.accuracies.groupby("split").accuracy.mean()
    assert found.subject.fitted and by_split["train"] > by_split["test"]
    assert (tmp_path / "report.html").stat().st_size > 100_000
