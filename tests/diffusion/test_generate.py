"Image sets: batches, resumption after kill -9, faults, adapters, formats."

import errno
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from diffusers import StableDiffusionImg2ImgPipeline, StableDiffusionPipeline
from PIL import Image
from safetensors.torch import save_file

from spurious_core.core.images import read_images
from spurious_core.diffusion import generate as gen
from spurious_core.diffusion.generate import (
    LORA,
    SAMPLERS,
    _sampler,
    export_spurious_imagenet,
    generate,
    load_image_set,
    pipeline_hash,
    plan_prompts,
    regenerate,
    sample_images,
    use_adapter,
)
from support.pipelines import build_pipeline

PLAN = plan_prompts(["a photo of a boat", "a photo of a cow", "snow"], 3, seed=1, y=[0, 1, -1])
FAST = dict(steps=3, progress=False)
close = lambda a, b: abs(a.astype(int) - b.astype(int)).max() <= 1


def test_plan_seeds_are_distinct_and_shared_between_arms():
    assert PLAN.seed.is_unique and len(PLAN) == 9 and PLAN.y.tolist() == [0] * 3 + [1] * 3 + [-1] * 3
    assert plan_prompts(["x", "y", "z"], 3, seed=1).seed.equals(PLAN.seed)
    assert plan_prompts("x", 3, seed=2).seed.isin(PLAN.seed).sum() == 0
    with pytest.raises(ValueError, match="'y' has 2 values for 1"):
        plan_prompts("x", 3, y=[1, 2])


@pytest.mark.parametrize("batch", [1, 4, 9])
def test_batch_and_order_do_not_matter(tiny_pipeline, batch):
    ref = sample_images(tiny_pipeline, PLAN, **FAST)
    assert close(ref, sample_images(tiny_pipeline, PLAN[::-1], batch_size=batch, **FAST)[::-1])
    assert close(ref[4:5], sample_images(tiny_pipeline, PLAN[4:5], **FAST))


def test_noise_does_not_depend_on_precision(tiny_pipeline):
    a = sample_images(tiny_pipeline, PLAN, **FAST)
    tiny_pipeline.to(torch.bfloat16)
    assert abs(a.astype(int) - sample_images(tiny_pipeline, PLAN, **FAST)).mean() < 4


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
@pytest.mark.parametrize("channels", [4, 9, 8])
def test_parts_may_differ_in_precision(tmp_path, part, channels):
    "As while one of them is trained: what the others are in half precision is drawn all the same."
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "p", unet_in=channels))
    rng = np.random.default_rng(0)
    im, mask = rng.integers(0, 256, (16, 16, 3), np.uint8), np.zeros((16, 16), np.uint8)
    mask[:, 8:] = 255
    plan = pd.DataFrame(
        [
            dict(prompt="snow", seed=i, init_image=im)
            | (dict(image_guidance=1.5) if channels == 8 else dict(mask=mask, strength=s))
            for i, s in enumerate((1.0, 0.7))
        ]
        + ([dict(prompt="snow", seed=2)] if channels == 4 else [])
    )
    plan = [plan[:2].copy(), plan[2:].dropna(axis=1)] if channels == 4 else [plan]
    plain = [sample_images(pipe, p, **FAST) for p in plan]
    getattr(pipe, part).to(torch.bfloat16)
    for p, x in zip(plan, plain):
        assert abs(x.astype(int) - sample_images(pipe, p, **FAST)).mean() < 4


def test_each_prompt_is_encoded_once(tiny_pipeline):
    calls = []
    tiny_pipeline.text_encoder.register_forward_hook(lambda *a: calls.append(1))
    sample_images(tiny_pipeline, PLAN, batch_size=2, **FAST)
    assert len(calls) == PLAN.prompt.nunique() + 1  # and the empty one


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_equals_plain_diffusers(tiny_pipeline, sampler):
    pipe, row = tiny_pipeline, PLAN.iloc[0]
    pipe.set_progress_bar_config(disable=True)
    ours = sample_images(pipe, PLAN[:1], steps=6, sampler=sampler)[0]
    pipe.scheduler = _sampler(pipe, sampler)
    g = lambda: torch.Generator().manual_seed(int(row.seed))
    assert close(
        ours, np.asarray(pipe(row.prompt, num_inference_steps=6, guidance_scale=3.0, generator=g()).images[0])
    )
    init = Image.fromarray(ours)
    i2i = StableDiffusionImg2ImgPipeline(**pipe.components, requires_safety_checker=False)
    i2i.set_progress_bar_config(disable=True)
    theirs = np.asarray(
        i2i(
            row.prompt, image=init, strength=0.5, num_inference_steps=6, guidance_scale=3.0, generator=g()
        ).images[0]
    )
    assert close(
        theirs,
        sample_images(pipe, PLAN[:1].assign(init_image=[init], strength=0.5), steps=6, sampler=sampler)[0],
    )


def test_modes_mix_in_one_plan(tiny_pipeline, tmp_path):
    im = sample_images(tiny_pipeline, PLAN[:1], **FAST)[0]
    Image.fromarray(im).save(tmp_path / "init.png")
    m = np.zeros((16, 16), np.uint8)
    m[:, 8:] = 255
    Image.fromarray(m).save(tmp_path / "mask.png")
    plan = PLAN[:6].assign(
        init_image=[None, str(tmp_path / "init.png")] * 3,
        mask=[None, None, None, str(tmp_path / "mask.png"), None, None],
    )
    out = generate(tiny_pipeline, plan, tmp_path / "set", batch_size=2, **FAST)
    assert out.source.tolist() == ["text2img", "img2img", "text2img", "inpaint", "text2img", "img2img"]
    assert close(read_images(out)[::2], sample_images(tiny_pipeline, PLAN[:6:2], **FAST)) and close(
        read_images(out), sample_images(tiny_pipeline, plan, batch_size=1, **FAST)
    )
    with pytest.raises(ValueError, match="must be a path"):
        generate(tiny_pipeline, PLAN[:2].assign(init_image=[None, im]), tmp_path / "b", **FAST)


def test_a_moved_folder_goes_on_and_one_elsewhere_is_told(tiny_pipeline, tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    (a / "inits").mkdir(parents=True)
    far = tmp_path / "far.png"
    for f in (a / "inits/x.png", far):
        Image.fromarray(sample_images(tiny_pipeline, PLAN[:1], **FAST)[0]).save(f)
    plan = lambda root: PLAN[:4].assign(init_image=[str(root / "inits/x.png"), str(far)] * 2, strength=0.5)
    was = read_images(generate(tiny_pipeline, plan(a), a / "set", batch_size=2, **FAST))
    a.rename(b)
    kept = [json.loads(l)["init_image"] for l in (b / "set/metadata.jsonl").read_text().splitlines()]
    assert kept[:2] == ["../inits/x.png", str(far)]
    table = load_image_set(b / "set")
    assert table.init_image.tolist() == plan(b).init_image.tolist()
    stays = (b / "set/000000.png").stat().st_mtime_ns
    (b / "set/000001.png").unlink()
    with pytest.warns(UserWarning, match="000001.png is missing"):
        again = generate(tiny_pipeline, plan(b), b / "set", batch_size=2, **FAST)
    assert (read_images(again) == was).all() and (b / "set/000000.png").stat().st_mtime_ns == stays
    (b / "other").mkdir()
    shutil.copy(b / "inits/x.png", b / "other/x.png")
    with pytest.raises(ValueError, match="another image set: 000000.png has init_image="):
        generate(
            tiny_pipeline, plan(b).assign(init_image=str(b / "other/x.png")), b / "set", batch_size=2, **FAST
        )
    old = b / "set/metadata.jsonl"
    old.write_text(old.read_text().replace("../inits", str(b / "inits")))  # as sets were written before
    assert (
        len(generate(tiny_pipeline, plan(b), b / "set", batch_size=2, **FAST)) == 4
        and (b / "set/000000.png").stat().st_mtime_ns == stays
    )


def test_inpainting_unet(tmp_path):
    pipe = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "inpaint", unet_in=9))
    im = np.full((16, 16, 3), 99, np.uint8)
    a, b = (
        sample_images(pipe, PLAN[:1].assign(init_image=[im], mask=[m], strength=1.0), **FAST)
        for m in (np.zeros((16, 16), np.uint8), np.full((16, 16), 255, np.uint8))
    )
    assert (a != b).any()


def _die_at(n, pipe, folder):
    "Generates, and kills this process at the `n`-th renaming of a file."
    real, count = os.replace, iter(range(10**6))

    def replace(*a):
        if next(count) == n:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*a)

    os.replace = replace
    generate(pipe, PLAN, folder, batch_size=2, **FAST)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 6, 11])
def test_kill_and_resume(tiny_pipeline, tmp_path, killed, n):
    whole = generate(tiny_pipeline, PLAN, tmp_path / "whole", batch_size=2, **FAST)
    assert killed(_die_at, n, tiny_pipeline, tmp_path / "cut") == -signal.SIGKILL
    again = generate(tiny_pipeline, PLAN, tmp_path / "cut", batch_size=2, **FAST)
    for f in [*whole.file_name, "metadata.jsonl"]:
        assert (tmp_path / "whole" / f).read_bytes() == (tmp_path / "cut" / f).read_bytes()
    assert (
        sorted(p.name for p in (tmp_path / "cut").iterdir()) == sorted([*whole.file_name, "metadata.jsonl"])
        and len(again) == 9
    )


def test_a_finished_set_is_not_drawn_again(tiny_pipeline, tmp_path, monkeypatch):
    generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)
    monkeypatch.setattr(gen, "_draw", lambda *a: pytest.fail("drew again"))
    assert len(generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)) == 9


def test_broken_files_are_drawn_again(tiny_pipeline, tmp_path):
    a = generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=4, **FAST)
    before = read_images(a)
    Path(a.path[3]).write_bytes(b"no png")
    Path(a.path[6]).unlink()
    Path(a.path[5]).write_bytes(Path(a.path[5]).read_bytes()[:60])
    meta = tmp_path / "s" / "metadata.jsonl"
    meta.write_text(meta.read_text()[:-40])
    with pytest.raises(FileNotFoundError, match="are missing"), pytest.warns(UserWarning):
        load_image_set(tmp_path / "s")
    with pytest.warns(UserWarning, match="drawn again"):
        b = generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=4, **FAST)
    assert (read_images(b) == before).all()


def test_another_set_in_the_folder(tiny_pipeline, tmp_path):
    generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)
    for plan, kw, why in (
        (PLAN.assign(seed=PLAN.seed + 1), {}, "seed="),
        (PLAN, dict(guidance=2.0), "guidance=3.0 there and 2.0"),
        (PLAN[:5], {}, "not in this plan"),
        (PLAN.assign(y=7), {}, "y="),
    ):
        with pytest.raises(ValueError, match="holds another image set.*" + why):
            generate(tiny_pipeline, plan, tmp_path / "s", **FAST | kw)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "000000.png").write_text("precious")
    with pytest.raises(ValueError, match="holds no image set"):
        generate(tiny_pipeline, PLAN, tmp_path / "mine", **FAST)
    assert (
        len(
            generate(
                tiny_pipeline, pd.concat([PLAN, PLAN.assign(seed=PLAN.seed + 1)]), tmp_path / "s", **FAST
            )
        )
        == 18
    )  # a longer plan goes on


def test_full_disk(tiny_pipeline, tmp_path, monkeypatch):
    real, count = Image.Image.save, iter(range(10**6))

    def save(self, *a, **kw):
        if next(count) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, *a, **kw)

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OSError, match="the disk is full: 4 of 9 images") as e:
        generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=2, **FAST)
    assert e.value.errno == errno.ENOSPC and len(load_image_set(tmp_path / "s")) == 4
    assert close(
        read_images(generate(tiny_pipeline, PLAN, tmp_path / "s", batch_size=2, **FAST)),
        sample_images(tiny_pipeline, PLAN, **FAST),
    )


def test_adapter_of_another_shape(tiny_pipeline, other_pipeline, tmp_path):
    q = next(n for n, _ in tiny_pipeline.unet.named_modules() if n.endswith("attn2.to_k"))
    save_file(
        {f"unet.{q}.lora.down.weight": torch.zeros(2, 16), f"unet.{q}.lora.up.weight": torch.zeros(16, 2)},
        tmp_path / LORA,
    )
    with use_adapter(tiny_pipeline, tmp_path) as p:
        assert p.unet.peft_config
    assert not hasattr(tiny_pipeline.unet, "peft_config")
    with pytest.raises(ValueError, match="does not fit this pipeline.*to_k is"):
        generate(other_pipeline, PLAN, tmp_path / "s", adapter=tmp_path, **FAST)
    save_file({"unet.no.such.lora.down.weight": torch.zeros(2, 16)}, tmp_path / LORA)
    with pytest.raises(ValueError, match="has no layer unet.no.such"):
        generate(tiny_pipeline, PLAN, tmp_path / "s", adapter=tmp_path, **FAST)
    assert not (tmp_path / "s").exists()


def test_provenance_and_regeneration(tiny_pipeline, tmp_path):
    t = generate(tiny_pipeline, PLAN.assign(negative_prompt=["fog"] + [None] * 8), tmp_path / "s", **FAST)
    row = json.loads((tmp_path / "s" / "metadata.jsonl").read_text().splitlines()[0])
    assert {
        "file_name",
        "prompt",
        "seed",
        "source",
        "sampler",
        "steps",
        "guidance",
        "checkpoint",
        "adapter",
        "versions",
        "y",
        "negative_prompt",
    } == set(row) and row["checkpoint"] == pipeline_hash(tiny_pipeline)
    for i in (0, 4):
        assert close(regenerate(tiny_pipeline, t.iloc[i]), read_images(t)[i])
    tiny_pipeline.unet.conv_in.weight.data += 1
    with pytest.raises(ValueError, match="was drawn with checkpoint"):
        regenerate(tiny_pipeline, t.iloc[0])


def test_spurious_imagenet_layout(tiny_pipeline, tmp_path):
    t = generate(tiny_pipeline, PLAN, tmp_path / "s", **FAST)
    for k, name, l in ((94, "hummingbird", 1), (105, "koala bear_x", 12)):
        export_spurious_imagenet(t, tmp_path / "images", k, name, l)
    folders = [p for p in (tmp_path / "images").iterdir() if p.is_dir()]
    assert sorted(
        (int(f.name.split("_")[2]), int(f.name.split("_")[-1]), len(list(f.iterdir()))) for f in folders
    ) == [(94, 1, 9), (105, 12, 9)]
    assert int((tmp_path / "images" / "timestamp.txt").read_text()) > 10**9


def test_a_set_remembers_its_sampler(tiny_pipeline, tmp_path):
    with pytest.raises(ValueError, match="sampler='euler' is unknown; allowed: dpmsolver\\+\\+, ddim"):
        generate(tiny_pipeline, PLAN, tmp_path / "none", sampler="euler", **FAST)
    assert not (tmp_path / "none").exists()
    a = generate(tiny_pipeline, PLAN[:2], tmp_path / "a", sampler="ddim", **FAST)
    assert (a.sampler == "ddim").all()
    assert close(regenerate(tiny_pipeline, a.iloc[1]), read_images(a)[1]) and not close(
        read_images(a), sample_images(tiny_pipeline, PLAN[:2], **FAST)
    )
    with pytest.raises(ValueError, match="has sampler='ddim' there and 'dpmsolver\\+\\+' here"):
        generate(tiny_pipeline, PLAN[:2], tmp_path / "a", **FAST)
