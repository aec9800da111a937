"Pipelines without numbers, and the count of what is alive."

import shutil

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.memory.shapes import LiveBytes, bytes_of, pipeline_of_shapes, pretend
from spurious_core.models.pipelines import load_pipeline
from support.families import BUILDERS
from support.unet_families import pixart


@pytest.mark.parametrize("kind", BUILDERS)
def test_the_shapes_of_a_pipeline_without_its_weights(kind, tmp_path):
    folder = BUILDERS[kind][1](tmp_path / kind)
    pipe = load_pipeline(folder, dtype=torch.bfloat16)
    for weights in folder.rglob("*.safetensors"):
        weights.unlink()
    shapes = pipeline_of_shapes(folder, torch.bfloat16)
    family = family_of(pipe)
    for real, empty in zip(family.networks(pipe), family.networks(shapes), strict=True):
        wanted = {name: (weight.shape, weight.dtype) for name, weight in real.named_parameters()}
        assert {name: (weight.shape, weight.dtype) for name, weight in empty.named_parameters()} == wanted
        assert {weight.device.type for weight in empty.parameters()} == {"meta"}
    # some loaders keep a layer or two in another precision
    assert bytes_of(family.networks(shapes)) == pytest.approx(bytes_of(family.networks(pipe)), rel=1e-2)


def test_what_is_shared_stays_shared(tmp_path):
    encoder = pipeline_of_shapes(pixart(tmp_path / "pixart")).text_encoder
    before = bytes_of([encoder])
    pretend(encoder, FakeTensorMode(allow_non_fake_inputs=True))
    assert encoder.shared.weight is encoder.encoder.embed_tokens.weight
    assert isinstance(encoder.shared.weight, FakeTensor)
    assert bytes_of([encoder]) == before


def test_a_folder_that_is_no_pipeline(tmp_path, tiny_folder):
    folder = tmp_path / "pipeline"
    shutil.copytree(tiny_folder, folder)
    index = folder / "model_index.json"
    index.write_text(index.read_text().replace("AutoencoderKL", "AutoencoderOfMine"))
    with pytest.raises(ValueError, match="AutoencoderOfMine of diffusers"):
        pipeline_of_shapes(folder)


def test_views_take_nothing_and_the_dead_are_forgotten():
    with LiveBytes() as live:
        first = torch.zeros(1000)
        assert (live.now, live.peak) == (4000, 4000)
        second = first.view(10, 100)
        assert live.now == 4000
        del first
        assert live.now == 4000
        del second
        assert (live.now, live.peak) == (0, 4000)
        half = torch.zeros(1000, dtype=torch.bfloat16)
    assert (live.now, live.peak) == (half.nbytes, 4000)


def test_what_a_backward_pass_keeps():
    weight = torch.nn.Parameter(torch.ones(100))
    with LiveBytes() as live:
        answer = weight.exp().exp()
        assert live.now == 800  # both exponentials wait for the backward pass
        answer.sum().backward()
        del answer
    assert live.now == weight.grad.nbytes
