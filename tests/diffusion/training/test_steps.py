"One batch: what is drawn for it, and its losses."

from dataclasses import replace

import pytest
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline

from spurious_core.core.accelerators import accelerator
from spurious_core.diffusion.training.caches import latent_moments
from spurious_core.diffusion.training.steps import (
    PromptEncoder,
    TrainingPictures,
    TrainingStep,
)
from spurious_core.diffusion.training.trainable import frozen, make_trainable, working_copy
from support.pipelines import build_pipeline
from support.training import LOW, PRIOR, REFS, RUN, Brighter, train

SHOWN = {"is_prior", "z0", "noise", "t", "index", "place", "batch_size", "alpha_bar", "seed"}


class Leftwards(Brighter):
    "Brighter on the left: a random autoencoder, with its normalised features, can draw that."

    def __call__(self, x, batch, sigma):
        return (x[..., 8:] - x[..., :8]).mean((1, 2, 3))


def pictures_of(pipe, images, caption):
    return TrainingPictures(*latent_moments(pipe, images), [caption] * len(images))


def step_of(pipe, config, image_loss=None, decoder=None, prior=False):
    "A training step on the references, and on class images with a `prior`."
    sets = [pictures_of(pipe, REFS, config.instance_prompt)]
    if prior:
        sets.append(pictures_of(pipe, PRIOR, "a photo of snow"))
    cpu = accelerator(torch.device("cpu"))
    return TrainingStep(pipe, config, sets, cpu, image_loss=image_loss, decoder=decoder)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("tiny", [False, True])
def test_image_loss_gradient(tmp_path, prediction, tiny):
    "A small step against the gradient lowers the image loss by step size times squared norm."
    config = replace(RUN, image_loss_weight=1e4)
    torch.manual_seed(0)
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "p", prediction=prediction))
    params = make_trainable(pipe, config)
    torch.manual_seed(0)  # of the decoder made here: one with a strong curvature would fail by bad luck
    sizes = dict(encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8))
    blocks = dict(num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1))
    decoder = AutoencoderTiny(**sizes, **blocks) if tiny else pipe.vae
    with frozen(decoder, pipe.vae):
        step = step_of(pipe, config, Leftwards(), decoder)
        loss, before = step(0)
        loss.backward()
        squared_norm = sum(p.grad.square().sum().item() for p in params.values())
        size = 1e-4 * config.image_loss_weight / squared_norm
        with torch.no_grad():
            for parameter in params.values():
                parameter -= size * parameter.grad
        drop = before["image_loss"] - step(0)[1]["image_loss"]
    assert 0.8 < drop / 1e-4 < 1.2
    assert all(p.grad is None for p in decoder.parameters())


@pytest.mark.parametrize("on_prior", [False, True])
def test_image_loss_sees_gated_rows_only(tiny_pipeline, tmp_path, on_prior):
    loss = Brighter()
    config = replace(
        RUN, batch_size=4, image_loss_weight=0.1, class_prompt="snow", image_loss_on_prior=on_prior
    )
    train(tiny_pipeline, config, tmp_path / "a", image_loss=loss, prior_images=PRIOR)
    rows = 4 if on_prior else 2
    assert len(loss.seen) == 6
    for x, batch, sigma in loss.seen:
        assert x.shape == (rows, 3, 16, 16)
        assert (batch["t"] < 300).all() and (sigma < LOW).all()
        assert torch.allclose(sigma, (1 - batch["alpha_bar"]).sqrt())
        assert set(batch) == SHOWN
        assert batch["z0"].shape == (rows, 4, 8, 8)
        assert batch["is_prior"].tolist() == [False] * 2 + [True] * (rows - 2)
        assert batch["place"].tolist() == list(range(rows))
        assert batch["batch_size"] == rows


def test_the_step_depends_on_its_number_alone(tiny_pipeline):
    config = replace(RUN, image_loss_weight=0.1)
    step = step_of(tiny_pipeline, config, Brighter(), prior=True)
    with torch.no_grad():
        first = step(3)[1]
        step(4)
        assert step(3)[1] == first
        assert step_of(tiny_pipeline, config, Brighter(), prior=True)(3)[1] == first
        assert step_of(tiny_pipeline, replace(config, seed=9), Brighter(), prior=True)(3)[1] != first


def test_losses_add_up(tiny_pipeline):
    config = replace(RUN, image_loss_weight=0.3, prior_weight=0.0)
    with torch.no_grad():
        step = step_of(tiny_pipeline, config, Brighter(), prior=True)
        loss, parts = step(0)
        assert loss.item() == pytest.approx(parts["diffusion"] + 0.3 * parts["image_loss"])
        (batch,), _ = step.draw(0)
        _, output = step.predict(batch)
        references = step.diffusion_loss(batch.rows(torch.arange(2)), output[:2])
        assert parts["diffusion"] == pytest.approx(references.item(), rel=1e-5)  # the prior weighs nothing
        heavy = step_of(tiny_pipeline, replace(config, prior_weight=2.0), Brighter(), prior=True)(0)[1]
    assert heavy["diffusion"] > parts["diffusion"]


def test_every_picture_has_its_own_caption(tiny_pipeline):
    captions = [["one", "two", "one"], ["three", "two"]]
    with torch.no_grad():
        cached = PromptEncoder(tiny_pipeline, captions)
        learning = PromptEncoder(tiny_pipeline, captions, learning=True)
        rows = torch.tensor([1, 2, 1, 0]), torch.tensor([False, False, True, True])
        words = cached(*rows)["prompt_embeds"]
        assert torch.allclose(words, learning(*rows)["prompt_embeds"], atol=1e-5)
        assert torch.equal(words[0], words[2])
        assert not torch.equal(words[0], words[1])
    assert len(cached.cached) == 3 and learning.cached is None


def test_wrong_image_losses(tiny_pipeline, tmp_path):
    config = replace(RUN, image_loss_weight=1.0)
    with pytest.raises(ValueError, match="one loss a sample"):
        step_of(tiny_pipeline, config, lambda x, batch, sigma: x.mean())(0)
    pipe = working_copy(tiny_pipeline, config)
    make_trainable(pipe, config)
    with pytest.raises(ValueError, match="lead back to no picture: it was computed without a gradient"):
        step_of(pipe, config, lambda x, batch, sigma: x.detach().mean((1, 2, 3)))(0)

    class Never(Brighter):
        def gate(self, sigma):
            return sigma < 0

    with pytest.raises(ValueError, match="admits no timestep"):
        step_of(tiny_pipeline, config, Never())

    class Old(Brighter):
        def gate(self, t):
            return t < 300

    with pytest.raises(ValueError, match="that takes t is of before: write gate.sigma., with levels"):
        step_of(tiny_pipeline, config, Old())
    with pytest.raises(ValueError, match="that takes t is of before: write loss.x0_image, batch, sigma."):
        step_of(tiny_pipeline, config, lambda x, batch, t: x.mean((1, 2, 3)))


def test_rows_of_several_sizes_add_up_to_the_mean_over_all(tiny_pipeline):
    "A batch of two sizes is one batch for each, and its loss that of the rows, one by one."
    wide = REFS[:2, :8]
    sizes = [pictures_of(tiny_pipeline, images, "sks") for images in (REFS[2:4], wide)]
    both = TrainingPictures(
        [mean for each in sizes for mean in each.mean],
        [std for each in sizes for std in each.std],
        ["one", "two", "one", "two"],
    )
    config = replace(RUN, batch_size=4, image_loss_weight=0.1, gated_share=0.5)
    cpu = accelerator(torch.device("cpu"))
    step = TrainingStep(tiny_pipeline, config, [both], cpu, image_loss=Brighter())
    batches, n_gated = step.draw(0)
    assert sorted(batch.z0.shape[-2:] for batch in batches) == [(4, 8), (8, 8)]
    assert sorted(torch.cat([batch.index for batch in batches]).tolist()) == [0, 1, 2, 3]
    places = torch.cat([batch.place[batch.gated] for batch in batches])
    assert sorted(places.tolist()) == list(range(n_gated)) and n_gated == 2
    with torch.no_grad():
        _, parts = step(0)
        alone = 0.0
        for batch in batches:
            for i in range(len(batch.t)):
                row = batch.rows(torch.tensor([i]))
                alone += step.diffusion_loss(row, step.predict(row)[1]).item()
    assert parts["diffusion"] == pytest.approx(alone, rel=1e-5)
    assert parts["gated"] == 0.5
