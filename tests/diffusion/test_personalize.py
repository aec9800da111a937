"The trainer: exact resumption after kill -9, adapters that plain diffusers reads, bad input, the image loss."

import errno
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from diffusers import AutoencoderTiny, StableDiffusionPipeline
from PIL import Image
from safetensors.torch import load_file

from spurious_core.core import checkpoints as chk
from spurious_core.diffusion import personalize as per
from spurious_core.diffusion.generate import (
    EMBEDS,
    LORA,
    generate,
    pipeline_hash,
    plan_prompts,
    sample_images,
    use_adapter,
)
from spurious_core.diffusion.personalize import PersonalizeConfig, personalize
from spurious_core.diffusion.references import draw_timesteps, latent_moments, load_references
from support.pipelines import build_pipeline

REFS = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), np.uint8)
PRIOR = np.random.default_rng(1).integers(0, 256, (4, 16, 16, 3), np.uint8)
PLAN = plan_prompts("a photo of sks", 3)
RUN = PersonalizeConfig(
    "a photo of sks", rank=2, lr=5e-3, steps=6, batch_size=2, checkpoint_every=2, validate_every=3, seed=3
)
FULL = replace(
    RUN,
    lora_alpha=5.0,
    train_text_encoder=True,
    text_lr=1e-3,
    accumulation=2,
    class_prompt="a photo of snow",
    ema=0.8,
    warmup=2,
    lr_schedule="cosine",
    image_loss_weight=0.5,
)


class Brighter:
    "An image loss with a narrow gate, which records what it was shown."

    fingerprint = "brighter"

    def __init__(self):
        self.seen = []

    def gate(self, t):
        return t < 300

    def __call__(self, x, batch, t):
        self.seen.append((x, batch, t))
        return (1 - x).mean((1, 2, 3))


class Leftwards(Brighter):
    "Brighter on the left than on the right, which even a random autoencoder with its normalised features can draw."

    def __call__(self, x, batch, t):
        return (x[..., 8:] - x[..., :8]).mean((1, 2, 3))


weights = lambda folder: load_file(Path(folder) / LORA)


def same(a, b):
    assert a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


def train(pipe, config, out, **kw):
    return personalize(pipe, REFS, config, out, progress=False, **kw)


def train_full(pipe, out, **kw):
    return train(pipe, FULL, out, image_loss=Brighter(), prior_images=PRIOR, **kw)


def _die_at_step(step, pipe, out):
    def validate(p, s):
        if s == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return s if s != 5 else 99.0

    personalize(
        pipe,
        REFS,
        replace(FULL, validate_every=1),
        out,
        image_loss=Brighter(),
        prior_images=PRIOR,
        validate=validate,
        progress=False,
    )


def _die_at_rename(n, pipe, out):
    real, count = os.replace, iter(range(10**6))

    def rename(*a):
        if next(count) == n:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*a)

    os.replace = rename
    train_full(pipe, out)


def test_kill_while_training(tiny_pipeline, tmp_path, killed):
    config, validate = replace(FULL, validate_every=1), lambda p, s: s if s != 5 else 99.0
    go = lambda out: train(
        tiny_pipeline, config, out, image_loss=Brighter(), prior_images=PRIOR, validate=validate
    )
    whole = go(tmp_path / "whole")
    for step in (1, 4, 6):
        assert killed(_die_at_step, step, tiny_pipeline, tmp_path / f"{step}") == -signal.SIGKILL
        same(weights(whole), weights(go(tmp_path / f"{step}")))
        a, b = (
            pd.read_json(f / "log.jsonl", lines=True).drop(columns="steps_per_s")
            for f in (whole, tmp_path / f"{step}")
        )
        pd.testing.assert_frame_equal(a, b)
        assert {p.name for p in (tmp_path / f"{step}").iterdir()} == {
            "config.json",
            "log.jsonl",
            "result.json",
            LORA,
        }
    assert json.loads((whole / "result.json").read_text())["step"] == 5


def test_kill_while_writing(tiny_pipeline, tmp_path, killed):
    whole = train_full(tiny_pipeline, tmp_path / "whole")
    for n in (0, 1, 3, 4, 5):
        assert killed(_die_at_rename, n, tiny_pipeline, tmp_path / f"{n}") == -signal.SIGKILL
        same(weights(whole), weights(train_full(tiny_pipeline, tmp_path / f"{n}")))


def _die_in_prior(pipe, out):
    real = per.generate
    per.generate = lambda *a, **kw: (real(*a, **kw), os.kill(os.getpid(), signal.SIGKILL))
    train(pipe, replace(RUN, class_prompt="snow", prior_images=3), out)


def test_prior_images_are_drawn_and_kept(tiny_pipeline, tmp_path, killed):
    config = replace(RUN, class_prompt="snow", prior_images=3)
    assert killed(_die_in_prior, tiny_pipeline, tmp_path / "a") == -signal.SIGKILL
    a, b = train(tiny_pipeline, config, tmp_path / "a"), train(tiny_pipeline, config, tmp_path / "b")
    assert len(list((a / "prior").glob("*.png"))) == 3
    same(weights(a), weights(b))
    assert any(
        not torch.equal(v, weights(train(tiny_pipeline, RUN, tmp_path / "c"))[k])
        for k, v in weights(a).items()
    )


def test_pipeline_is_unchanged_and_a_finished_run_returns(tiny_pipeline, tmp_path, monkeypatch):
    before, grads = pipeline_hash(tiny_pipeline), [p.requires_grad for p in tiny_pipeline.vae.parameters()]
    out = train_full(tiny_pipeline, tmp_path / "a")
    assert (
        pipeline_hash(tiny_pipeline) == before
        and [p.requires_grad for p in tiny_pipeline.vae.parameters()] == grads
        and not hasattr(tiny_pipeline.unet, "peft_config")
    )
    monkeypatch.setattr(per, "_train", lambda *a: pytest.fail("trained again"))
    assert train_full(tiny_pipeline, out) == out
    with pytest.raises(ValueError, match="holds another run: rank=2 there and 3 here"):
        train(tiny_pipeline, replace(FULL, rank=3), out, image_loss=Brighter(), prior_images=PRIOR)
    with pytest.raises(ValueError, match="references="):
        personalize(tiny_pipeline, REFS[:4], FULL, out, image_loss=Brighter(), prior_images=PRIOR)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(ValueError, match="is not empty"):
        train(tiny_pipeline, RUN, tmp_path / "mine")


@pytest.mark.parametrize("method", ["lora", "textual_inversion", "dreambooth"])
def test_plain_diffusers_reads_the_adapter(tiny_folder, tmp_path, method):
    prompt = "a photo of <concept>" if method == "textual_inversion" else "a photo of sks"
    plan, shown = plan_prompts(prompt, 3), {}
    config = replace(
        RUN,
        method=method,
        instance_prompt=prompt,
        num_vectors=2,
        train_text_encoder=True,
        lora_alpha=6.0,
        lr=0.05 if method != "dreambooth" else 1e-2,
    )

    def validate(p, step):
        shown[step] = sample_images(p, plan, steps=3)
        return step

    out = train(str(tiny_folder), config, tmp_path / "a", validate=validate)
    pipe = StableDiffusionPipeline.from_pretrained(tiny_folder)
    base = sample_images(pipe, plan, steps=3)
    with use_adapter(pipe, out) as p:
        assert abs(sample_images(p, plan, steps=3).astype(int) - shown[6]).max() <= 1
    assert (sample_images(pipe, plan, steps=3) == base).all() and abs(shown[6].astype(int) - base).mean() > 1
    if method == "lora":
        pipe.load_lora_weights(str(out))
    if method == "textual_inversion":
        pipe.load_textual_inversion(str(out / EMBEDS))
    if method == "dreambooth":
        pipe = StableDiffusionPipeline.from_pretrained(out)
    assert abs(sample_images(pipe, plan, steps=3).astype(int) - shown[6]).max() <= 1


def test_lora_of_another_shape(tiny_pipeline, other_pipeline, tmp_path):
    out = train(tiny_pipeline, replace(RUN, train_text_encoder=True), tmp_path / "a")
    with pytest.raises(ValueError, match="does not fit this pipeline"):
        generate(other_pipeline, PLAN, tmp_path / "s", adapter=out, progress=False)
    with use_adapter(tiny_pipeline, out):
        with pytest.raises(ValueError, match="has a LoRA loaded"):
            train(tiny_pipeline, RUN, tmp_path / "b")


def test_references(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_references(tmp_path / "no", 16)
    with pytest.raises(ValueError, match="holds 0 readable"):
        load_references(tmp_path, 16)
    for i, im in enumerate(REFS):
        Image.fromarray(im).resize((20, 16 + 4 * i)).save(tmp_path / f"{i}.png")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "b.png").write_bytes((tmp_path / "0.png").read_bytes()[:70])
    (tmp_path / ".ipynb_checkpoints").mkdir()
    with pytest.warns(UserWarning, match="a.txt, b.png") as said:
        ims = load_references(tmp_path, 16)
    assert ims.shape == (5, 16, 16, 3) and "DS_Store" not in str(said[0].message)
    with pytest.raises(
        ValueError, match="holds 5 readable images, and 6 are needed; not readable: a.txt, b.png"
    ):
        load_references(tmp_path, 16, 6)
    with pytest.raises(ValueError, match=r"smaller than 18x18: 0.png \(20x16\)"), pytest.warns(UserWarning):
        load_references(tmp_path, 18)
    with pytest.raises(ValueError, match="must be uint8"):
        load_references(REFS / 255, 16)


@pytest.mark.parametrize("bad", ["loss", "gradient"])
def test_nan_stops_and_keeps_the_checkpoint(tiny_pipeline, tmp_path, bad):
    class Nan(Brighter):
        def __call__(self, x, batch, t):
            self.seen.append(1)
            return (
                x.mean((1, 2, 3))
                * (float("nan") if bad == "loss" else 1e38)
                * (1e38 if bad == "gradient" else 1)
                if len(self.seen) == 5
                else x.mean((1, 2, 3))
            )

    with pytest.raises(FloatingPointError, match="not finite at step 5; the checkpoint of step 4 is kept"):
        train(tiny_pipeline, replace(RUN, image_loss_weight=1.0), tmp_path / "a", image_loss=Nan())
    assert (tmp_path / "a" / "checkpoint.safetensors").is_file() and not (
        tmp_path / "a" / "result.json"
    ).exists()


def test_full_disk(tiny_pipeline, tmp_path, monkeypatch):
    whole = train(tiny_pipeline, RUN, tmp_path / "whole")
    real, count = chk.save_file, iter(range(99))

    def full(t, path, *a):
        if next(count) == 1:
            Path(path).write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        real(t, path, *a)

    monkeypatch.setattr(chk, "save_file", full)
    with pytest.raises(OSError, match="No space left on device; the last checkpoint is kept") as e:
        train(tiny_pipeline, RUN, tmp_path / "a")
    assert (
        e.value.errno == errno.ENOSPC
        and chk.read_tensors(tmp_path / "a" / "checkpoint.safetensors")[1]["step"] == 2
    )
    same(weights(train(tiny_pipeline, RUN, tmp_path / "a")), weights(whole))


def test_image_loss_sees_gated_references_only(tiny_pipeline, tmp_path):
    loss = Brighter()
    train(
        tiny_pipeline,
        replace(RUN, batch_size=4, image_loss_weight=0.1, class_prompt="snow"),
        tmp_path / "a",
        image_loss=loss,
        prior_images=PRIOR,
    )
    assert len(loss.seen) == 6
    for x, batch, t in loss.seen:
        assert (
            x.shape == (2, 3, 16, 16)
            and (t < 300).all()
            and not batch["is_prior"].any()
            and {"is_prior", "z0", "noise", "t", "index", "place", "of", "alpha_bar", "seed"} == set(batch)
            and batch["z0"].shape == (2, 4, 8, 8)
        )
    loss = Brighter()
    train(
        tiny_pipeline,
        replace(RUN, batch_size=4, image_loss_weight=0.1, class_prompt="snow", image_loss_on_prior=True),
        tmp_path / "b",
        image_loss=loss,
        prior_images=PRIOR,
    )
    assert all(b["is_prior"].tolist() == [False] * 2 + [True] * 2 for _, b, _ in loss.seen)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("tiny", [False, True])
def test_image_loss_gradient(tmp_path, prediction, tiny):
    "A small step against the gradient lowers the image loss by step size times squared norm."
    config = replace(RUN, image_loss_weight=1e4)
    torch.manual_seed(0)
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "p", prediction=prediction))
    params = per._trainable(pipe, config)
    torch.manual_seed(0)  # of the decoder made here: one with a strong curvature would fail by bad luck
    decoder = (
        AutoencoderTiny(
            encoder_block_out_channels=(8, 8),
            decoder_block_out_channels=(8, 8),
            num_encoder_blocks=(1, 1),
            num_decoder_blocks=(1, 1),
        )
        if tiny
        else pipe.vae
    )
    with per._frozen(decoder, pipe.vae):
        step = per._Step(
            pipe,
            config,
            latent_moments(pipe.vae, REFS),
            None,
            [[config.instance_prompt] * len(REFS)],
            Leftwards(),
            decoder,
            Accelerator(cpu=True),
            pipe.unet,
            None,
        )
        loss, before = step(0)
        loss.backward()
        norm2 = sum(p.grad.square().sum().item() for p in params.values())
        size = 1e-4 * config.image_loss_weight / norm2
        with torch.no_grad():
            for p in params.values():
                p -= size * p.grad
        drop = before["image_loss"] - step(0)[1]["image_loss"]
    assert 0.8 < drop / 1e-4 < 1.2 and all(p.grad is None for p in decoder.parameters())


def test_wrong_image_losses(tiny_pipeline, tmp_path):
    with pytest.raises(ValueError, match="without an image_loss"):
        train(tiny_pipeline, replace(RUN, image_loss_weight=1.0), tmp_path / "a")
    with pytest.raises(ValueError, match="one loss a sample"):
        train(
            tiny_pipeline,
            replace(RUN, image_loss_weight=1.0),
            tmp_path / "b",
            image_loss=lambda x, b, t: x.mean(),
        )

    class Never(Brighter):
        def gate(self, t):
            return t < 0

    with pytest.raises(ValueError, match="admits no timestep"):
        train(tiny_pipeline, replace(RUN, image_loss_weight=1.0), tmp_path / "c", image_loss=Never())


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_strata(share):
    inside = torch.arange(100) < 30
    g = torch.Generator().manual_seed(0)
    ts, ws = zip(*[draw_timesteps(4, 100, g, inside, share) for _ in range(3000)])
    assert all(inside[t].sum() == 4 * share for t in ts)
    mean = torch.stack([(w * t).mean() for w, t in zip(ws, ts)]).mean()
    assert abs(mean - (49.5 if share < 1 else 14.5)) < 1


def test_moments(tiny_pipeline):
    mean, std = latent_moments(tiny_pipeline.vae, REFS, 2)
    s = tiny_pipeline.vae.config.scaling_factor
    d = tiny_pipeline.vae.encode(torch.from_numpy(REFS).permute(0, 3, 1, 2).float() / 127.5 - 1).latent_dist
    assert torch.allclose(mean, d.mean * s, atol=1e-5) and torch.allclose(std, d.std * s, atol=1e-5)


@pytest.mark.parametrize(
    "kw",
    [
        dict(precision="bf16"),
        dict(gradient_checkpointing=True),
        dict(lr_schedule="linear", snr_gamma=None, gated_share=None),
    ],
)
def test_options_train(tiny_pipeline, tmp_path, kw):
    log = pd.read_json(
        train(tiny_pipeline, replace(RUN, image_loss_weight=0.1, **kw), tmp_path / "a", image_loss=Brighter())
        / "log.jsonl",
        lines=True,
    )
    assert len(log) == 6 and np.isfinite(log.loss).all()


@pytest.mark.parametrize("method, dtype", [("lora", torch.bfloat16), ("dreambooth", torch.float32)])
def test_a_folder_goes_where_the_machine_can_train(tiny_folder, monkeypatch, method, dtype):
    "A card that is there is used, and nothing is held in more than the recipe's precision without need."
    from spurious_core.diffusion import personalize as module

    monkeypatch.setattr(module, "pick_device", lambda: torch.device("meta"))
    pipe = module._own(tiny_folder, replace(RUN, method=method, precision="bf16"))
    assert pipe.unet.dtype == pipe.vae.dtype == dtype and pipe.unet.device.type == "meta"


def test_eight_bit_optimiser_resumes(tiny_pipeline, tmp_path, killed):
    pytest.importorskip("bitsandbytes")
    config = replace(
        FULL, rank=512, optimizer="adamw8bit", checkpoint_every=1, validate_every=1
    )  # rank 512: smaller tensors are left in 32 bits
    go = lambda out, **kw: train(
        tiny_pipeline, config, out, image_loss=Brighter(), prior_images=PRIOR, validate=lambda p, s: s, **kw
    )
    whole = go(tmp_path / "a")
    plain = train(
        tiny_pipeline,
        replace(config, optimizer="adamw"),
        tmp_path / "b",
        image_loss=Brighter(),
        prior_images=PRIOR,
        validate=lambda p, s: s,
    )

    def die(p, s):
        return s if s < 4 else os.kill(os.getpid(), signal.SIGKILL)

    assert (
        killed(
            lambda: train(
                tiny_pipeline, config, tmp_path / "c", image_loss=Brighter(), prior_images=PRIOR, validate=die
            )
        )
        == -signal.SIGKILL
    )
    assert any(
        k.endswith("state1") and v.dtype == torch.uint8
        for k, v in load_file(tmp_path / "c" / "checkpoint.safetensors").items()
    )
    same(weights(whole), weights(go(tmp_path / "c")))
    assert any(not torch.equal(v, weights(plain)[k]) for k, v in weights(whole).items())


def test_eight_bit_optimiser_is_optional(tiny_pipeline, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", None)
    with pytest.raises(ImportError, match="pip install bitsandbytes, or choose optimizer='adamw'"):
        train(tiny_pipeline, replace(RUN, optimizer="adamw8bit"), tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_checkpointing_of_the_full_decoder(tiny_pipeline, tmp_path):
    "The same adapter, from a decoder that ran twice a step; the caller's autoencoder is as before."
    config, runs = replace(RUN, image_loss_weight=0.1), []
    with_hook = tiny_pipeline.vae.decoder.up_blocks[0].register_forward_pre_hook(
        lambda *_: runs.append(torch.is_grad_enabled())
    )
    kept = train(tiny_pipeline, config, tmp_path / "a", image_loss=Brighter())
    once = len(runs)
    anew = train(
        tiny_pipeline, replace(config, gradient_checkpointing=True), tmp_path / "b", image_loss=Brighter()
    )
    with_hook.remove()
    assert once == 6 and len(runs) == once + 12 and not tiny_pipeline.vae.is_gradient_checkpointing
    a, b = weights(kept), weights(anew)
    assert max((a[k] - b[k]).abs().max() for k in a) < 1e-5


def test_sheet(tiny_pipeline, tmp_path):
    out = train(tiny_pipeline, RUN, tmp_path / "a", sheet=PLAN)
    assert [p.name for p in sorted((out / "sheets").iterdir())] == ["000003.png", "000006.png"]


@pytest.mark.parametrize(
    "kw",
    [
        dict(method="sdxl"),
        dict(rank=0),
        dict(lr=-1.0),
        dict(ema=1.0),
        dict(gated_share=0.0),
        dict(precision="int4"),
        dict(method="textual_inversion"),
    ],
)
def test_config_is_checked(kw):
    with pytest.raises(ValueError, match=next(iter(kw)) if len(kw) == 1 and "method" not in kw else "="):
        PersonalizeConfig(**kw)
