"Folders of configs get weights of nobody."

import pytest
import torch
from safetensors.torch import load_file

from spurious_core.app.dry_run.full_size import write_random_weights
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.models.pipelines import load_pipeline
from support.families import BUILDERS


def without_weights(folder):
    for file in folder.rglob("*.safetensors"):
        file.unlink()
    return folder


def test_a_pipeline_of_nobody_draws_something_finite(tmp_path):
    folder = write_random_weights(without_weights(BUILDERS["sd35"][1](tmp_path / "sd35")))
    pipe = load_pipeline(folder)
    images = sample_images(pipe, plan_prompts("a photo of sks", 1), steps=2)
    assert images.shape[0] == 1  # `sample_images` refuses what is not finite
    stored = load_file(next((folder / "transformer").glob("*.safetensors")))
    assert {value.dtype for value in stored.values()} == {torch.bfloat16}


def test_weights_are_those_of_the_seed(tmp_path):
    folder = BUILDERS["sd"][1](tmp_path / "sd")
    first, again, other = (
        family_of(pipe := load_pipeline(write_random_weights(without_weights(folder), seed=seed)))
        .denoiser(pipe)
        .state_dict()
        for seed in (1, 1, 2)
    )
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["conv_in.weight"], other["conv_in.weight"])
    assert first["conv_in.bias"].abs().sum() == 0 and first["conv_norm_out.weight"].eq(1).all()


def test_weights_that_are_there_are_never_written_over(tmp_path):
    folder = BUILDERS["sd"][1](tmp_path / "sd")
    before = {file: file.read_bytes() for file in folder.rglob("*.safetensors")}
    with pytest.raises(ValueError, match="sd has weights already, such as text_encoder/model.safetensors"):
        write_random_weights(folder)
    assert before == {file: file.read_bytes() for file in folder.rglob("*.safetensors")}


@pytest.mark.parametrize("given", [dict(dtype="bf16"), dict(seed="x"), dict(folder="")], ids=str)
def test_what_cannot_be_is_named(given, tmp_path):
    folder = without_weights(BUILDERS["sd"][1](tmp_path / "sd"))
    with pytest.raises((ValueError, TypeError), match=next(iter(given))):
        write_random_weights(**dict(folder=folder) | given)
