"The recipes of CONTRIBUTING, followed word for word in a scratch copy."

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from support.notebooks import ROOT

pytestmark = pytest.mark.slow  # a scratch copy of the project is exported

READER = """from pathlib import Path
import pandas as pd
from spurious_core.data.grouped import GroupedImages
from spurious_core.data.readers.folders import finish_set, list_pictures, reader"""
METHOD = """import torch
import torch.nn.functional as F
from spurious_core.mitigate.batches import shuffled
from spurious_core.mitigate.method import Method
from spurious_core.mitigate.objectives import Batch, CrossEntropy
from spurious_core.mitigate.trainer import Run
from spurious_core.models.classifier import Classifier"""
FAMILY = """from collections.abc import Sequence
from typing import Any
from diffusers import LatentConsistencyModelPipeline, LCMScheduler
from spurious_core.diffusion.families.stable_diffusion import StableDiffusion"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    "The sources without their history, environment and results."
    folder = tmp_path_factory.mktemp("recipes") / "copy"
    ignored = shutil.ignore_patterns(".git", ".venv", "_runs", "__pycache__", "figures", "*.egg-info")
    shutil.copytree(ROOT, folder, symlinks=True, ignore=ignored)
    recipes = re.findall(r"```python\n(#\| export\n.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    reader, method, form, family = recipes
    write_notebook(folder / "nbs/data/readers/20_flat_names.ipynb", "data.readers.flat_names", READER, reader)
    write_notebook(
        folder / "nbs/mitigate/methods/20_smoothing.ipynb", "mitigate.methods.smoothing", METHOD, method
    )
    module = "diffusion.families.latent_consistency"
    write_notebook(folder / "nbs/diffusion/families/40_latent_consistency.ipynb", module, FAMILY, family)
    forms = folder / "nbs/diffusion/23_forms.ipynb"
    notebook = nbformat.read(forms, 4)
    at = next(i for i, cell in enumerate(notebook.cells) if "FORMS: dict" in cell.source)
    notebook.cells.insert(at + 1, nbformat.v4.new_code_cell(form.strip()))
    nbformat.write(notebook, forms)
    export = os.path.join(os.path.dirname(sys.executable), "nbdev-export")
    written = "--file-re", "flat_names|smoothing|latent_consistency|forms"  # all others were exported before
    subprocess.run([export, *written], cwd=folder, check=True, env=os.environ | {"PYTHONPATH": str(folder)})
    return folder


def write_notebook(path, module, imports, recipe):
    "A notebook as the recipe wants it: a title, the module's name, its imports, and the recipe's cell."
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell(f"# {module}\n\n> A recipe."), v4.new_code_cell(f"#| default_exp {module}")]
    cells += [v4.new_code_cell(f"#| export\n{imports}"), v4.new_code_cell(recipe.strip())]
    nbformat.write(v4.new_notebook(cells=cells), path)


USED = """
import sys
from diffusers import LatentConsistencyModelPipeline, LCMScheduler
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
import spurious_core as sc
from spurious_core.data import get_world, world_images
from spurious_core.diffusion import FORMS, SimilarityLossConfig, plan_prompts, sample_images
from spurious_core.diffusion.families.registry import family_of
from spurious_core.mitigate import MitigationConfig, small_resnet

flat, tiny = sys.argv[1:]
for i, name in enumerate(("cat_sofa_0", "dog_beach_1", "cat_beach_2")):
    Image.new("RGB", (4, 4)).save(f"{flat}/{name}.png")
data = sc.read_dataset("flat_names", flat, size=4)
print(data.labels, data.attributes, data.y.tolist(), data.a.tolist())

train = world_images(get_world("waterbirds"), 32, "train")
config = MitigationConfig(epochs=1, batch=16)
fitted = sc.fit("Smoothing", train, None, lambda: small_resnet(train.labels), config, progress=False)
print(fitted.method.name, fitted.probs(train).shape)

print(SimilarityLossConfig(form="squared").form, FORMS["squared"].__name__)

parts = StableDiffusionPipeline.from_pretrained(tiny).components
unet = UNet2DConditionModel.from_config(parts["unet"].config, time_cond_proj_dim=8)
parts |= dict(unet=unet, scheduler=LCMScheduler.from_config(parts["scheduler"].config))
pipe = LatentConsistencyModelPipeline(**parts, requires_safety_checker=False)
plan = plan_prompts("a photo of a boat", 3)
images, alone = sample_images(pipe, plan, steps=2), sample_images(pipe, plan[1:2], steps=2)
print(family_of(pipe).name, images.shape, abs(images[1].astype(int) - alone[0]).max() <= 1)
"""


@pytest.fixture(scope="module")
def said(copy, tiny_folder, tmp_path_factory):
    "What a program says of the new reader, method, form and family: a line each."
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", USED, tmp_path_factory.mktemp("flat"), tiny_folder],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


def test_recipes_are_short():
    recipes = re.findall(r"```python\n(#\| export\n.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.S)
    assert len(recipes) == 4
    for recipe in recipes:
        assert len([line for line in recipe.splitlines()[1:] if line.strip()]) <= 10


def test_a_reader_is_one_file(said):
    assert said[0] == "['cat', 'dog'] ['beach', 'sofa'] [0, 0, 1] [0, 1, 0]"


def test_a_method_is_one_file(said):
    assert said[1] == "Smoothing (32, 2)"


def test_a_form_is_one_cell(said):
    assert said[2] == "squared Squared"


def test_a_family_is_one_file(said):
    assert said[3] == "lcm (3, 16, 16, 3) True"
