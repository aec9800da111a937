"The trainer's side is timed by its log, a script's by two runs; both get the same two folders."

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from spurious_core.app.speed.training_sides import (
    peer_arguments,
    peer_side,
    run_peer,
    seconds_per_step,
    trainer_side,
    training_folders,
    write_pictures,
)
from spurious_core.app.speed.turns import speed_plan
from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.diffusion.training.config import PersonalizeConfig

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)


def read(folder):
    return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())])


@pytest.fixture
def folders(tmp_path):
    return write_pictures(tmp_path / "references", PICTURES, 3), write_pictures(
        tmp_path / "class", PICTURES, 6
    )


def test_pictures_are_written_again_and_again(tmp_path):
    written = read(write_pictures(tmp_path / "p", PICTURES, 7))
    assert np.array_equal(written, PICTURES[[0, 1, 2, 0, 1, 2, 0]])


def test_without_a_folder_the_world_is_drawn(tmp_path):
    world = get_world("imagenet_like")
    kit = SimpleNamespace(folder=None, world=world, profile=SimpleNamespace(resolution=64))
    plan = speed_plan("dry")
    references, prior = training_folders(kit, SimpleNamespace(label="house"), plan, 3, tmp_path)
    wanted = draw(sample(world, 3, "speed", 3, object_free=1.0, label="house"), 64)
    assert np.array_equal(read(references), wanted)
    assert np.array_equal(read(prior), draw(sample(world, 6, "speed_class", 3, object_free=1.0), 64))


def test_with_a_folder_its_pictures_serve(tmp_path):
    kit = SimpleNamespace(folder=tmp_path, world=None, profile=SimpleNamespace(resolution=16))
    target = SimpleNamespace(references=PICTURES[:2], object_free=PICTURES[2:])
    references, prior = training_folders(kit, target, speed_plan("dry"), 0, tmp_path)
    assert np.array_equal(read(references), PICTURES[[0, 1, 0]])
    assert np.array_equal(read(prior), PICTURES[[2] * 6])


def test_the_first_step_does_not_count(tmp_path):
    seconds = [10.0, 12.0, 15.0]  # since the first step began
    rows = [dict(step=step, steps_per_s=step / at) for step, at in enumerate(seconds, 1)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert seconds_per_step(tmp_path / "log.jsonl") == pytest.approx(2.5)


def test_each_turn_trains_anew(folders, tiny_pipeline, tmp_path):
    config = PersonalizeConfig("a photo of sks", steps=3, batch_size=1, class_prompt="a photo")
    side = trainer_side(tiny_pipeline, folders, config, tmp_path / "run")
    for turn in range(2):
        assert side(turn) > 0
        rows = (tmp_path / f"run{turn}/log.jsonl").read_text().splitlines()
        assert len(rows) == 3


SCRIPT = """
import json, sys
given = dict(argument[2:].split("=", 1) for argument in sys.argv[1:] if "=" in argument)
assert "--with_prior_preservation" in sys.argv
with open({seen!r}, "a") as file:
    file.write(json.dumps(given) + "\\n")
"""


def test_a_script_gets_what_the_trainer_gets(folders, tmp_path):
    seen, script = tmp_path / "seen.jsonl", tmp_path / "script.py"
    script.write_text(SCRIPT.format(seen=str(seen)))
    config = PersonalizeConfig("a photo of sks", rank=4, batch_size=2, class_prompt="a photo")
    arguments = peer_arguments("some/pipeline", folders, config, 64)
    peer_side(sys.executable, str(script), arguments, 3, tmp_path / "out")(0)
    long, short = map(json.loads, seen.read_text().splitlines())
    assert (long["max_train_steps"], short["max_train_steps"]) == ("15", "3")
    assert long["output_dir"] != short["output_dir"]
    assert long["instance_prompt"] == "a photo of sks" and long["class_prompt"] == "a photo"
    assert long["instance_data_dir"] == str(folders[0]) and long["class_data_dir"] == str(folders[1])
    assert (long["rank"], long["train_batch_size"], long["resolution"]) == ("4", "2", "64")
    assert long["num_class_images"] == "6" and long["pretrained_model_name_or_path"] == "some/pipeline"


def test_the_start_of_a_script_is_taken_out(monkeypatch, tmp_path):
    run = "spurious_core.app.speed.training_sides.run_peer"
    monkeypatch.setattr(run, lambda python, script, arguments, steps, out: 100 + 2.5 * steps)
    assert peer_side("python", "script.py", {}, 3, tmp_path / "out")(0) == 2.5


def test_a_script_that_fails_says_why(tmp_path):
    (tmp_path / "script.py").write_text("raise SystemExit('no such model')")
    with pytest.raises(RuntimeError, match="script.py failed: no such model"):
        run_peer(sys.executable, str(tmp_path / "script.py"), {}, 1, tmp_path / "out")
