"A switch is True or False: a word such as 'no' is true to Python, and would do what it was to keep from."

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import spurious_core as sc
from spurious_core.app.audit.auditing import audit
from spurious_core.app.runs import run_study
from spurious_core.data import draw, get_world, sample
from spurious_core.diffusion.references import read_references
from spurious_core.diffusion.sampling import sample_images
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.evaluate.sensitivity import foreground_sensitivity
from spurious_core.mitigate import small_resnet
from spurious_core.mitigate.linear_heads import fit_linear_head
from spurious_core.models.captioning import caption_images
from spurious_core.models.language.extraction import extract_phrases
from spurious_core.models.robustness import convert_robustness
from spurious_core.models.training import train_classifier
from spurious_core.papers.d3s.training import disentangle

IMAGES, Y = np.zeros((4, 64, 64, 3), np.uint8), [0, 1, 0, 1]
CLF = small_resnet(["a", "b"])
PLAN = pd.DataFrame(dict(prompt=["x"], seed=[0]))
MASKS = [[[1.0, 0.0]] * 2] * 4


def pipe():
    return sc.load_pipeline(sc.load_profile("mini").pipeline)


SWITCHES = {
    "outside": lambda to, no: sc.read_dataset("imagefolder", to, outside=no),
    "init": lambda to, no: sc.read_dataset("d3s", to, init=no),
    "filtered": lambda to, no: sc.read_dataset("d3s", to, filtered=no),
    "checksums": lambda to, no: sc.read_dataset("wilds_celeba", to, checksums=no),
    "allow_pickle": lambda to, no: convert_robustness(to / "a.pt", to / "a.safetensors", allow_pickle=no),
    "masks": lambda to, no: draw(sample(get_world("waterbirds"), 1, "train"), masks=no),
    "enlarge": lambda to, no: read_references(IMAGES, 64, enlarge=no),
    "standardise": lambda to, no: fit_linear_head(IMAGES.reshape(4, -1), Y, 2, standardise=no),
    "refit": lambda to, no: audit(None, CLF, to, refit=no),
    "progress of a run": lambda to, no: run_study("mitigation_benchmark", {}, to / "run", progress=no),
    "progress of drawing": lambda to, no: sc.generate(pipe(), PLAN, to / "set", progress=no),
    "progress of sampling": lambda to, no: sample_images(pipe(), PLAN, progress=no),
    "progress of adapting": lambda to, no: sc.personalize(
        pipe(), IMAGES, PersonalizeConfig(instance_prompt="x"), to / "lora", progress=no
    ),
    "progress of training": lambda to, no: train_classifier(CLF, IMAGES, Y, progress=no),
    "progress of captions": lambda to, no: caption_images(IMAGES, None, progress=no),
    "progress of phrases": lambda to, no: extract_phrases(["x"], ["a"], None, progress=no),
    "progress of disentangling": lambda to, no: disentangle(CLF, None, progress=no),
    "progress of sensitivity": lambda to, no: foreground_sensitivity(CLF, IMAGES, MASKS, Y, progress=no),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_word_is_no_switch(switch, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / name / "0.png")
    for odd in ("no", None, 1):
        with pytest.raises(ValueError, match=f"{switch.split()[0]}={odd!r} must be True or False"):
            SWITCHES[switch](tmp_path, odd)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a", "b"]
