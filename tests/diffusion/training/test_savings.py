"Room and time that a recipe may save: what rests on the CPU, what is rounded, what is compiled."

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from spurious_core.core.settings import load_profile
from spurious_core.diffusion.families.family import stack
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.memory.shapes import bytes_of, pipeline_of_shapes, pretend
from spurious_core.diffusion.training import savings, trainable
from spurious_core.diffusion.training.savings import (
    compile_repeated_blocks,
    eight_bit_saving,
    linear_layers,
    on_cpu,
    repeated_blocks,
    to_eight_bits,
)
from spurious_core.diffusion.training.trainable import working_copy
from spurious_core.models.pipelines import load_pipeline
from support.families import BUILDERS
from support.training import RUN, assert_same, train, weights

# ---- on the CPU


class Traveller(nn.Linear):
    "A network that remembers where it was sent."

    def __init__(self):
        super().__init__(1, 1)
        self.journeys = []

    def to(self, place):
        self.journeys.append(str(place))
        return self


def test_networks_come_home_also_from_an_error():
    encoder = Traveller()
    with pytest.raises(RuntimeError), on_cpu([encoder]):
        raise RuntimeError
    assert encoder.journeys == ["cpu", "cpu"]


def test_what_learns_goes_to_the_accelerator_and_encoders_do_not(tiny_pipeline, tmp_path, monkeypatch):
    "The accelerator is the meta device here: who arrives there has no numbers left."
    tiny_pipeline.save_pretrained(tmp_path / "pipeline")
    monkeypatch.setattr(trainable, "pick_device", lambda: torch.device("meta"))
    pipe = working_copy(tmp_path / "pipeline", replace(RUN, offload=True))
    places = dict(unet=pipe.unet, vae=pipe.vae, text_encoder=pipe.text_encoder)
    assert {name: network.device.type for name, network in places.items()} == dict(
        unet="meta", vae="meta", text_encoder="cpu"
    )


def test_weights_are_rounded_before_they_go_to_the_accelerator(tiny_pipeline, tmp_path, monkeypatch):
    tiny_pipeline.save_pretrained(tmp_path / "pipeline")
    monkeypatch.setattr(trainable, "pick_device", lambda: torch.device("meta"))
    seen = []
    monkeypatch.setattr(trainable, "to_eight_bits", lambda network: seen.append(network.device.type))
    pipe = working_copy(tmp_path / "pipeline", replace(RUN, eight_bit_base=True))
    assert seen == ["cpu"]
    assert {pipe.unet.device.type, pipe.text_encoder.device.type} == {"meta"}


def test_a_rested_encoder_reads_the_same(tiny_pipeline, tmp_path):
    plain, rested = (
        train(tiny_pipeline, replace(RUN, offload=offload), tmp_path / str(offload))
        for offload in (False, True)
    )
    assert_same(weights(plain), weights(rested))


@pytest.mark.parametrize("kind", BUILDERS)
def test_what_is_read_on_the_cpu_arrives_at_the_denoiser(kind, tmp_path):
    "On fake tensors: those of another device refuse to meet those of the CPU."
    pipe = pipeline_of_shapes(BUILDERS[kind][1](tmp_path / kind))
    family, mode = family_of(pipe), FakeTensorMode(allow_non_fake_inputs=True)
    for encoder in family.text_parts(pipe).values():
        pretend(encoder, mode)
    denoiser = family.denoiser(pipe)
    pretend(denoiser, mode, "meta")
    with mode, torch.no_grad():
        rows = family.blank_conditions(pipe, ["a photo of sks"]) * 2
        latents = torch.randn(2, *family.latent_shape(pipe, family.picture_side(pipe)), device="meta")
        times = family.schedule(pipe).times[:2].to("meta")
        answer = family.predict(pipe, latents, times, stack(rows, denoiser.device))
        assert answer.device == denoiser.device
        with pytest.raises(RuntimeError, match="device"):
            family.predict(pipe, latents, times, stack(rows))


# ---- in eight bits

needs_torchao = pytest.mark.skipif(not savings.has_torchao(), reason="torchao rounds the weights")


@needs_torchao
@pytest.mark.parametrize("profile", ["mini", "mini_flow"])
def test_what_is_saved_is_what_was_counted(profile):
    pipe = load_pipeline(load_profile(profile).pipeline)
    denoiser = family_of(pipe).denoiser(pipe)
    before, saving = bytes_of([denoiser]), eight_bit_saving(linear_layers(denoiser))
    to_eight_bits(denoiser)
    assert before - bytes_of([denoiser]) == saving > 0.2 * before


@needs_torchao
@pytest.mark.filterwarnings("error::UserWarning:peft")
def test_a_lora_learns_beside_rounded_weights(tiny_pipeline, tmp_path):
    exact, rounded = (
        train(tiny_pipeline, replace(RUN, eight_bit_base=is_rounded), tmp_path / str(is_rounded))
        for is_rounded in (False, True)
    )
    learned, other = weights(exact), weights(rounded)
    assert learned.keys() == other.keys()
    ends = [name for name in learned if "lora_B" in name or "lora.up" in name]
    assert ends and all(other[name].abs().sum() > 0 for name in ends)
    change = torch.cat([(learned[name] - other[name]).flatten() for name in ends]).norm()
    assert 0 < change < 0.2 * torch.cat([learned[name].flatten() for name in ends]).norm()


@needs_torchao
def test_the_given_pipeline_is_not_rounded(tiny_pipeline):
    before = copy.deepcopy(tiny_pipeline.unet.state_dict())
    working_copy(tiny_pipeline, replace(RUN, eight_bit_base=True))
    after = tiny_pipeline.unet.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_without_torchao(tiny_pipeline, monkeypatch):
    monkeypatch.setattr(savings, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match="eight_bit_base=True needs torchao: pip install torchao, or"):
        working_copy(tiny_pipeline, replace(RUN, eight_bit_base=True))


# ---- compiled


@pytest.mark.parametrize("kind", BUILDERS)
def test_every_family_repeats_a_block(kind, tmp_path):
    denoiser = family_of(pipe := pipeline_of_shapes(BUILDERS[kind][1](tmp_path / kind))).denoiser(pipe)
    names = list(denoiser.state_dict())
    compile_repeated_blocks(denoiser)
    assert all(block._compiled_call_impl is not None for block in repeated_blocks(denoiser))
    assert list(denoiser.state_dict()) == names


@pytest.mark.slow
def test_compiled_blocks_learn_the_same(tiny_pipeline, tmp_path):
    plain, compiled = (
        train(tiny_pipeline, replace(RUN, compile_blocks=is_on), tmp_path / str(is_on))
        for is_on in (False, True)
    )
    for name, value in weights(plain).items():
        assert torch.allclose(value, weights(compiled)[name], atol=1e-4), name
