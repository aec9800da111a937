"The public call: its folder, prior images, captions, and every option once."

import json
import os
import signal
import warnings
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import load_file

from spurious_core.core.locks import FolderInUse, hold_folder
from spurious_core.diffusion.adapters import EMBEDS, LORA
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.image_sets import load_image_set, pipeline_hash
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.training import personalizing, trainer
from spurious_core.diffusion.training.config import LATER_FIELDS
from spurious_core.diffusion.training.personalizing import personalize
from spurious_core.diffusion.training.trainer import Trainer, settle
from support.modes import modes, readable_by_all
from support.read_only import read_only
from support.training import FULL, PRIOR, REFS, RUN, Brighter, assert_same, train, train_full, weights

WITH_PRIOR = replace(RUN, class_prompt="snow", prior_images=3)


def _die_in_prior(pipe, out):
    "Trains, and is killed when the class images have been drawn."
    real = personalizing.generate

    def deadly(*args, **options):
        real(*args, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    personalizing.generate = deadly
    train(pipe, WITH_PRIOR, out)


def test_prior_images_are_drawn_and_kept(tiny_pipeline, tmp_path, killed):
    assert killed(_die_in_prior, tiny_pipeline, tmp_path / "a") == -signal.SIGKILL
    drawn = sorted((tmp_path / "a" / "prior").glob("*.png"))
    assert len(drawn) == 3
    times = [path.stat().st_mtime_ns for path in drawn]
    cut, whole = (train(tiny_pipeline, WITH_PRIOR, tmp_path / name) for name in ("a", "b"))
    assert [path.stat().st_mtime_ns for path in drawn] == times
    assert_same(weights(cut), weights(whole))
    without = weights(train(tiny_pipeline, RUN, tmp_path / "c"))
    assert any(not torch.equal(value, without[name]) for name, value in weights(whole).items())


def test_a_finished_run_is_read_where_nothing_can_be_written(tiny_pipeline, tmp_path):
    recipe = replace(RUN, steps=1)
    train(tiny_pipeline, recipe, tmp_path / "run")
    with read_only():
        assert train(tiny_pipeline, recipe, tmp_path / "run") == tmp_path / "run"
    (tmp_path / "run/result.json").unlink()
    with read_only(), pytest.raises(OSError, match="cannot write .*: Read-only file system"):
        train(tiny_pipeline, recipe, tmp_path / "run")


def test_pipeline_is_unchanged_and_a_finished_run_returns(tiny_pipeline, tmp_path, monkeypatch):
    before = pipeline_hash(tiny_pipeline)
    needed = [p.requires_grad for p in tiny_pipeline.vae.parameters()]
    out = train_full(tiny_pipeline, tmp_path / "a")
    assert pipeline_hash(tiny_pipeline) == before
    assert [p.requires_grad for p in tiny_pipeline.vae.parameters()] == needed
    assert not hasattr(tiny_pipeline.unet, "peft_config")
    monkeypatch.setattr(Trainer, "run", lambda *args: pytest.fail("trained again"))
    assert train_full(tiny_pipeline, out) == out


def _die_before_cleaning_up(pipe, out):
    "Trains, and is killed when the result is written."
    write = trainer.atomic_write

    def deadly(path, content):
        write(path, content)
        if path.name == "result.json":
            os.kill(os.getpid(), signal.SIGKILL)

    trainer.atomic_write = deadly
    train_full(pipe, out, validate=lambda pipe, step: step)


def test_what_a_kill_left_of_a_finished_run_is_removed_by_the_next_call(
    tiny_pipeline, tmp_path, killed, monkeypatch
):
    assert killed(_die_before_cleaning_up, tiny_pipeline, tmp_path) == -signal.SIGKILL
    assert {"checkpoint.safetensors", "best.safetensors"} <= {path.name for path in tmp_path.iterdir()}
    monkeypatch.setattr(Trainer, "run", lambda *args: pytest.fail("trained again"))
    train_full(tiny_pipeline, tmp_path)
    assert {path.name for path in tmp_path.glob("[!.]*")} == {"config.json", "log.jsonl", "result.json", LORA}


@pytest.mark.parametrize("method, file", [("lora", LORA), ("textual_inversion", EMBEDS)])
def test_a_result_without_its_adapter_is_not_finished(tiny_pipeline, tmp_path, method, file):
    config = replace(RUN, instance_prompt="a <concept>", method=method, steps=3)
    out = train(tiny_pipeline, config, tmp_path / "a")
    before, whole = load_file(out / file), (out / file).read_bytes()
    for damaged, why in (
        (None, f"{file} is missing"),
        (b"", f"{file} is damaged"),
        (whole[:-8], f"{file} is damaged"),
    ):
        (out / file).unlink()
        if damaged is not None:
            (out / file).write_bytes(damaged)
        with pytest.warns(UserWarning, match=f"is not finished, whatever its result says: .*{why}"):
            train(tiny_pipeline, config, out)
        assert_same(load_file(out / file), before)
        assert pd.read_json(out / "log.jsonl", lines=True).step.tolist() == [1, 2, 3]


@pytest.mark.parametrize("content", ["", '{"step": ', "3", "{}"])
def test_a_damaged_result_is_none(tiny_pipeline, tmp_path, content):
    out = train(tiny_pipeline, replace(RUN, steps=2), tmp_path / "a")
    before = weights(out)
    (out / "result.json").write_text(content)
    with pytest.warns(UserWarning, match="is not finished, whatever its result says: .*result.json"):
        train(tiny_pipeline, replace(RUN, steps=2), out)
    assert json.loads((out / "result.json").read_text())["step"] == 2
    assert_same(weights(out), before)


def test_a_run_whose_adapter_went_goes_on_from_its_checkpoint(tiny_pipeline, tmp_path, killed, monkeypatch):
    whole = train_full(tiny_pipeline, tmp_path / "whole")
    assert killed(_die_before_cleaning_up, tiny_pipeline, tmp_path / "a") == -signal.SIGKILL
    (tmp_path / "a" / LORA).unlink()
    (tmp_path / "a" / "best.safetensors").unlink()
    steps, step = [], Trainer.step
    monkeypatch.setattr(Trainer, "step", lambda self, number: (steps.append(number), step(self, number))[1])
    with pytest.warns(UserWarning, match="is not finished"):
        out = train_full(tiny_pipeline, tmp_path / "a")
    assert steps == [4, 5]
    assert_same(weights(out), weights(whole))


def test_a_pipeline_that_lacks_a_part_is_not_finished(tiny_pipeline, tmp_path):
    out = train(tiny_pipeline, replace(RUN, method="dreambooth", steps=1), tmp_path / "a")
    settle(out, "dreambooth")
    assert (out / "result.json").exists()
    (weight_file,) = (out / "unet").glob("*.safetensors")
    whole = weight_file.read_bytes()
    for content in (whole[:-8], None):
        (out / "result.json").write_text('{"step": 1}')
        weight_file.unlink()
        if content:
            weight_file.write_bytes(content)
        with pytest.warns(UserWarning, match="is not finished, whatever its result says: .*unet"):
            settle(out, "dreambooth")
        assert not (out / "result.json").exists()


def test_a_folder_belongs_to_one_run(tiny_pipeline, tmp_path):
    out = train_full(tiny_pipeline, tmp_path / "a", replace(FULL, steps=1))
    with pytest.raises(ValueError, match="holds another run: rank=2 there and 3 here"):
        train_full(tiny_pipeline, out, replace(FULL, steps=1, rank=3))
    with pytest.raises(ValueError, match="references="):
        personalize(tiny_pipeline, REFS[:4], replace(FULL, steps=1), out, Brighter(), prior_images=PRIOR)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(ValueError, match="is not empty"):
        train(tiny_pipeline, RUN, tmp_path / "mine")


def test_the_identity_of_a_run_is_what_earlier_runs_wrote_down(tiny_pipeline, tmp_path):
    "Folders of runs that were interrupted before are taken up again, so keys and their order stay."
    captions = [f"sks {i}" for i in range(5)]
    config = replace(RUN, steps=1, image_loss_weight=0.1)
    out = train(tiny_pipeline, config, tmp_path / "a", image_loss=Brighter(), captions=captions)
    identity = json.loads((out / "config.json").read_text())
    more = ["references", "given_prior", "pipeline", "image_loss", "decoder", "processes", "captions"]
    settings = [name for name in asdict(config) if name not in LATER_FIELDS]
    assert list(identity) == [*settings, *more, "prior_captions"]
    assert list(identity)[:4] == ["instance_prompt", "method", "rank", "lora_alpha"]
    assert identity["targets"] == ["to_q", "to_k", "to_v", "to_out.0"]
    assert (identity["image_loss"], identity["decoder"]) == ("brighter", "AutoencoderKL")
    assert (identity["captions"], identity["prior_captions"], identity["given_prior"]) == (
        captions,
        None,
        None,
    )


def test_a_way_of_saving_that_is_on_is_part_of_a_run(tiny_pipeline, tmp_path):
    recipe = replace(RUN, steps=1, offload=True)
    out = train(tiny_pipeline, recipe, tmp_path / "a")
    assert json.loads((out / "config.json").read_text())["offload"] is True
    with pytest.raises(ValueError, match="holds another run: offload=True there and None here"):
        train(tiny_pipeline, replace(recipe, offload=False), out)


def test_one_caption_a_picture(tiny_pipeline, tmp_path):
    with pytest.raises(ValueError, match="2 captions for 5 images"):
        train(tiny_pipeline, RUN, tmp_path / "a", captions=["sks"] * 2)
    with pytest.raises(ValueError, match="1 prior_captions for 4 images"):
        train_full(tiny_pipeline, tmp_path / "b", prior_captions=["snow"])


@pytest.mark.parametrize("given", [dict(prior_images=PRIOR), dict(prior_captions=["snow"] * 4)])
def test_class_images_without_a_prior(tiny_pipeline, tmp_path, given):
    with pytest.raises(ValueError, match=f"{next(iter(given))} without class_prompt"):
        train(tiny_pipeline, RUN, tmp_path / "a", **given)
    with pytest.raises(ValueError, match=f"{next(iter(given))} with prior_weight=0: there is no prior"):
        train(tiny_pipeline, replace(WITH_PRIOR, prior_weight=0.0), tmp_path / "a", **given)
    assert not (tmp_path / "a").exists()


WORD = replace(RUN, method="textual_inversion", instance_prompt="a photo of <concept>", steps=1)


@pytest.mark.parametrize(
    "config, captions, why",
    [
        (
            replace(WORD, instance_prompt="a photo of " * 10 + "<concept>"),
            None,
            "1 of 1 prompts have it beyond",
        ),
        (replace(WORD, num_vectors=30), None, "1 of 1 prompts have it beyond"),
        (WORD, ["a <concept>"] * 3 + ["a photo", "snow"], "2 of 3 captions lack it; the first: 'a photo'"),
        (
            WORD,
            ["a <concept>"] * 4 + ["snow " * 30 + "<concept>"],
            "1 of 2 captions have it beyond the 24 tokens",
        ),
    ],
)
def test_a_new_word_that_nobody_sees(tiny_pipeline, tmp_path, config, captions, why):
    with pytest.raises(ValueError, match=f"token='<concept>' cannot be learned: {why}"):
        train(tiny_pipeline, config, tmp_path / "a", captions=captions)
    assert not (tmp_path / "a").exists()


def test_captions_that_are_cut_are_named(tiny_pipeline, tmp_path):
    captions = ["sks"] * 4 + ["a " * 22 + "snow"]
    with pytest.warns(UserWarning, match="1 of 2 captions are longer than the 24 tokens .* loses 'snow'"):
        train(tiny_pipeline, replace(RUN, steps=1), tmp_path / "a", captions=captions)


def test_a_weight_without_a_loss(tiny_pipeline, tmp_path):
    with pytest.raises(ValueError, match="image_loss with image_loss_weight=0 would never be asked"):
        train(tiny_pipeline, RUN, tmp_path / "a", image_loss=lambda *given: None)
    with pytest.raises(ValueError, match="image_loss_weight=1.0 without an image_loss"):
        train(tiny_pipeline, replace(RUN, image_loss_weight=1.0), tmp_path / "a")


@pytest.mark.parametrize(
    "options",
    [
        dict(precision="bf16"),
        dict(gradient_checkpointing=True),
        dict(lr_schedule="linear", snr_gamma=None, gated_share=None),
    ],
)
def test_options_train(tiny_pipeline, tmp_path, options):
    config = replace(RUN, image_loss_weight=0.1, **options)
    out = train(tiny_pipeline, config, tmp_path / "a", image_loss=Brighter())
    log = pd.read_json(out / "log.jsonl", lines=True)
    assert len(log) == 6
    assert np.isfinite(log.loss).all()


def test_checkpointing_of_the_full_decoder(tiny_pipeline, tmp_path):
    "The same adapter, from a decoder that ran twice a step; the caller's autoencoder is as before."
    config, runs = replace(RUN, image_loss_weight=0.1), []
    block = tiny_pipeline.vae.decoder.up_blocks[0]
    hook = block.register_forward_pre_hook(lambda *_: runs.append(torch.is_grad_enabled()))
    kept = weights(train(tiny_pipeline, config, tmp_path / "a", image_loss=Brighter()))
    once = len(runs)
    recomputing = replace(config, gradient_checkpointing=True)
    anew = weights(train(tiny_pipeline, recomputing, tmp_path / "b", image_loss=Brighter()))
    hook.remove()
    assert once == 6
    assert len(runs) == once + 12
    assert not tiny_pipeline.vae.is_gradient_checkpointing
    assert max((kept[name] - anew[name]).abs().max() for name in kept) < 1e-5


def test_one_training_at_a_time_works_in_a_folder(tiny_pipeline, tmp_path):
    with hold_folder(tmp_path / "a"), pytest.raises(FolderInUse, match="is in use by process"):
        train(tiny_pipeline, RUN, tmp_path / "a")
    assert not (tmp_path / "a/config.json").exists()


def test_a_colleague_can_read_an_adapter(tiny_pipeline, tmp_path):
    with readable_by_all():
        out = train(tiny_pipeline, replace(RUN, steps=1), tmp_path / "a")
    assert modes(out) == {"0o644"}


PLAIN_RECIPE = replace(FULL, image_loss_weight=0.0, class_prompt=None)


@pytest.mark.parametrize(
    "bad", [["a", None, "b", "c"], [1, 2, 3, 4], np.array(["a", np.nan, "b", "c"], object)]
)
def test_a_caption_is_a_text(tiny_pipeline, tmp_path, bad):
    with pytest.raises(ValueError, match="captions: row . has .*, which is no text"):
        personalize(tiny_pipeline, REFS[:4], PLAIN_RECIPE, tmp_path / "run", captions=bad)
    with pytest.raises(ValueError, match="captions='abcd' must be a list"):
        personalize(tiny_pipeline, REFS[:4], PLAIN_RECIPE, tmp_path / "run", captions="abcd")
    with pytest.raises(ValueError, match="captions: row 0=.*, half a letter, and is no UTF-8"):
        personalize(tiny_pipeline, REFS[:4], PLAIN_RECIPE, tmp_path / "run", captions=["a \ud83d"] * 4)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "place, said", [("notes", "is a file; give"), ("notes/run", "notes is a file; choose")]
)
def test_a_run_cannot_be_where_a_file_is(tiny_pipeline, tmp_path, place, said):
    (tmp_path / "notes").touch()
    with pytest.raises(NotADirectoryError, match=said):
        personalize(tiny_pipeline, REFS[:4], PLAIN_RECIPE, tmp_path / place, progress=False)
    with pytest.raises(NotADirectoryError, match=said):
        generate(tiny_pipeline, plan_prompts("a boat", 1), tmp_path / place, steps=2)


def test_captions_in_a_column_are_captions_in_a_list(tiny_pipeline, tmp_path):
    recipe = replace(PLAIN_RECIPE, method="textual_inversion", instance_prompt="a <concept>", steps=1)
    words = ["a <concept>"] * 4
    for name, captions in dict(list=words, column=pd.Series(words), array=np.array(words)).items():
        personalize(tiny_pipeline, REFS[:4], recipe, tmp_path / name, captions=captions, progress=False)
    known = [
        json.loads((tmp_path / name / "config.json").read_text()) for name in ("list", "column", "array")
    ]
    assert known[0] == known[1] == known[2]


@pytest.mark.parametrize(
    "given, said",
    [
        (dict(loss="x"), "image_loss='x' must be a function, or None"),
        (dict(validate=3), "validate=3 must be a function, or None"),
        (dict(sheet=3), "a plan is a DataFrame with at least one row"),
        (dict(captions=3), "captions=3 must be a list"),
        (
            dict(sheet=pd.DataFrame([dict(prompt="x", seed=0, init_image=REFS[0], image_guidance=1.5)])),
            "this U-Net takes 4 channels, and rows of instruct have 8",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_made(tiny_pipeline, tmp_path, given, said):
    loss, rest = given.get("loss"), {name: value for name, value in given.items() if name != "loss"}
    with pytest.raises(ValueError, match=said):
        personalize(tiny_pipeline, REFS, RUN, tmp_path / "run", image_loss=loss, progress=False, **rest)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "changes, given, said",
    [
        (
            dict(targets=("to_q", "nothing")),
            {},
            "no layer of the unet is called 'nothing'; its attention has",
        ),
        (
            dict(class_prompt="snow", prior_images=2),
            dict(prior_captions=["a"]),
            "1 prior_captions for 2 images",
        ),
    ],
)
def test_what_no_training_can_use_is_refused_before_the_prior_is_drawn(
    tiny_pipeline, tmp_path, monkeypatch, changes, given, said
):
    monkeypatch.setattr(personalizing, "generate", lambda *_, **__: pytest.fail("the prior was drawn"))
    with pytest.raises(ValueError, match=said):
        train(tiny_pipeline, replace(RUN, **changes), tmp_path / "run", **given)


def test_a_recipe_is_a_recipe(tiny_pipeline, tmp_path):
    with pytest.raises(ValueError, match="config=None must be a PersonalizeConfig"):
        train(tiny_pipeline, None, tmp_path / "run")


@pytest.mark.parametrize("returned", [None, "good"])
def test_a_score_that_is_no_number_is_said(tiny_pipeline, tmp_path, returned):
    with pytest.raises(ValueError, match=f"validate returned {returned!r}; a number is needed"):
        train(tiny_pipeline, replace(RUN, steps=1), tmp_path / "a", validate=lambda *_: returned)


def test_an_image_loss_returns_a_tensor(tiny_pipeline, tmp_path):
    config = replace(RUN, image_loss_weight=1.0, gated_share=1.0)
    with pytest.raises(ValueError, match=r"the image loss returned 3 for \d+ samples"):
        train(tiny_pipeline, config, tmp_path / "a", image_loss=lambda *_: 3)


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_caption_that_says_nothing_is_refused(tiny_pipeline, tmp_path, blank):
    with pytest.raises(ValueError, match="captions: row 1=.* must be a text that says something"):
        train(tiny_pipeline, RUN, tmp_path / "a", captions=["sks", blank, "sks", "sks", "sks"])
    assert not (tmp_path / "a").exists()


def test_another_decoder_is_another_run(tiny_pipeline, tmp_path):
    "Of the same class: its weights tell."
    recipe = replace(RUN, steps=1, image_loss_weight=0.1)
    one, other = (AutoencoderTiny(latent_channels=4) for _ in range(2))
    out = train(tiny_pipeline, recipe, tmp_path / "a", image_loss=Brighter(), decoder=one)
    assert train(tiny_pipeline, recipe, out, image_loss=Brighter(), decoder=one) == out
    with pytest.raises(ValueError, match="holds another run: decoder="):
        train(tiny_pipeline, recipe, out, image_loss=Brighter(), decoder=other)


def test_a_loss_that_is_known_by_its_name_alone_is_warned_of(tiny_pipeline, tmp_path):
    recipe = replace(RUN, steps=1, image_loss_weight=0.1)

    def darker(x, batch, sigma):
        return x.mean((1, 2, 3))

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        out = train(tiny_pipeline, recipe, tmp_path / "a", image_loss=darker)
    with pytest.warns(UserWarning, match="an image loss of the name 'darker'; give it a `fingerprint`"):
        train(tiny_pipeline, recipe, out, image_loss=darker)
    known = train(tiny_pipeline, recipe, tmp_path / "b", image_loss=Brighter())
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        train(tiny_pipeline, recipe, known, image_loss=Brighter())


def test_class_images_are_drawn_as_the_recipe_says(tiny_pipeline, tmp_path):
    recipe = replace(RUN, steps=1, class_prompt="snow", prior_images=2, prior_steps=3, prior_guidance=1.5)
    out = train(tiny_pipeline, recipe, tmp_path / "a")
    drawn = load_image_set(out / "prior")
    assert (drawn.steps == 3).all() and (drawn.guidance == 1.5).all()


def test_a_sheet_that_cannot_be_drawn_is_named_before_a_step(tiny_pipeline, tmp_path):
    sheet = plan_prompts("a boat", 2).assign(guidance=[3.0, float("nan")], image_guidance=[None, 2.0])
    with pytest.raises(ValueError, match="row 1 of the plan: image_guidance needs an init_image"):
        train(tiny_pipeline, RUN, tmp_path / "a", sheet=sheet)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("wrong", [dict(prior_steps=5000), dict(prior_steps=0), dict(prior_guidance=-1.0)])
def test_class_images_that_cannot_be_drawn_are_told_before_the_folder_is_taken(
    tiny_pipeline, tmp_path, wrong
):
    name = next(iter(wrong))
    with pytest.raises(ValueError, match=f"{name}="):
        train(tiny_pipeline, replace(WITH_PRIOR, **wrong), tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_size_with_one_bucket_is_told(tiny_pipeline, tmp_path):
    with pytest.warns(UserWarning, match="aspect_ratios=True: at 16 pixels sd has the square alone"):
        train(tiny_pipeline, replace(RUN, steps=1, aspect_ratios=True), tmp_path / "a")
