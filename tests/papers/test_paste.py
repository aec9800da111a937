"What could go wrong in pasting: pictures overwritten or mixed up, prompts cut short, pictures shared by splits, a folder of something else, an interrupted run."

import json
import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from spurious_core.data.datasets import GroupedImages
from spurious_core.data.miniworld import SCENES, get_world
from spurious_core.data.readers_imagenet import D3S_BACKGROUNDS, d3s
from spurious_core.papers import paste as paste_module
from spurious_core.papers.paste import (
    BACKGROUNDS,
    TEMPLATES,
    Recipe,
    as_grouped,
    cut_out,
    draw_shift,
    export_d3s,
    inspect_pictures,
    missed_by_all,
    paste,
    plan_shift,
    prompt_of,
    read_backgrounds,
    read_foregrounds,
    rendered_backgrounds,
    rendered_foregrounds,
    write_inits,
)

WORLD = get_world("d3s")
PARTS = rendered_foregrounds(WORLD), rendered_backgrounds()


def flat(colour, h=8, w=8):
    return np.broadcast_to(np.array(colour, np.uint8), (h, w, 3)).copy()


def coloured(row):
    return flat((10 + 20 * row["y"], 10 + 20 * row["a"], 10 + 20 * row["item"])), None


def test_the_published_backgrounds_in_their_order():
    assert (
        list(BACKGROUNDS) == D3S_BACKGROUNDS and BACKGROUNDS == SCENES and BACKGROUNDS["cave"] == "in a cave"
    )


def test_every_picture_has_its_own_file_and_seed(tmp_path):
    "The authors' index i*classes + j gave 140 names to 500 pictures."
    plan = plan_shift([f"c{i}" for i in range(10)], 5)
    inits = write_inits(plan, (coloured, lambda r: flat((0, 0, 0))), tmp_path, 8)
    assert (
        len(plan) == 500 == inits.init_image.nunique() == len(list(tmp_path.glob("*.png")))
        and plan.seed.nunique() == 500
    )
    for r in inits.iloc[::37].to_dict("records"):
        got = np.asarray(Image.open(r["init_image"])).reshape(-1, 3).max(0)
        assert tuple(got) == (10 + 20 * r["y"], 10 + 20 * r["a"], 10 + 20 * r["item"])


def test_a_row_depends_on_its_own_key_alone():
    a = plan_shift(["boat", "cow"], 2, Recipe("background")).set_index(["label", "background", "item"])
    b = plan_shift(
        ["cup", "cow", "car"],
        4,
        Recipe(strength=0.5, foreground="mask"),
        backgrounds=dict(list(BACKGROUNDS.items())[3:6]),
    ).set_index(["label", "background", "item"])
    both = a.index.intersection(b.index)
    assert len(both) == 6
    for c in ("seed", "at_x", "at_y"):
        assert (a.loc[both, c] == b.loc[both, c]).all()
    assert (plan_shift(["cow"], 2, seed=1).seed.to_numpy() != plan_shift(["cow"], 2).seed.to_numpy()).all()


def test_splits_have_their_shares_and_whole_rounds():
    plan = plan_shift(["boat", "cow"], 20, splits=dict(train=0.6, val=0.1, test=0.3))
    per = plan.groupby("item").split.nunique()
    assert (per == 1).all()
    assert plan.groupby("split")["item"].nunique().to_dict() == dict(train=12, val=2, test=6)
    for bad in (dict(train=0.5), dict(train=1.0, test=0.0), dict(dev=1.0), {}):
        with pytest.raises(ValueError, match="splits"):
            plan_shift(["boat"], 2, splits=bad)


@pytest.mark.parametrize("template", TEMPLATES)
def test_prompts_fit_and_keep_the_background(tiny_pipeline, template):
    tok = tiny_pipeline.tokenizer  # of bytes, 24 of them
    tok.model_max_length = 60
    text = prompt_of(template, "cup", "a small open container usually used for drinking", "in a cave", tok)
    assert (
        len(tok(text).input_ids) <= 60
        and text.startswith("a photo of a cup")
        and text.endswith("in a cave") == ("background" in TEMPLATES[template])
        and not text.endswith(",")
    )
    tok.model_max_length = 10
    with pytest.raises(ValueError, match="longer than the 10 tokens"):
        prompt_of(template, "cup", "a small", "in a cave", tok)


def test_only_the_first_of_imagenets_names_is_prompted():
    assert (
        plan_shift(["tench, Tinca tinca"], 1, Recipe("background")).prompt[0]
        == "a photo of a tench, on grass"
    )


@pytest.mark.parametrize("h,w", [(8, 8), (5, 31), (40, 7)])
@pytest.mark.parametrize("scale", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("at", [(0, 0), (1, 1), (0.3, 0.8)])
def test_foregrounds_stay_inside_and_whole(h, w, scale, at):
    done = paste(flat((9, 9, 9), 20, 50), cut_out(flat((200, 0, 0), h, w), np.ones((h, w))), 40, scale, at)
    ys, xs = np.nonzero((done == [200, 0, 0]).all(-1))
    long, short = round(scale * 40), max(1, round(scale * 40 * min(h, w) / max(h, w)))
    box = (np.ptp(ys) + 1, np.ptp(xs) + 1)
    assert (
        box == ((long, short) if h >= w else (short, long)) and len(ys) == long * short
    )  # nothing cut off, nothing squeezed
    assert (ys.min(), xs.min()) == tuple(round(a * (40 - b)) for a, b in zip(at[::-1], box))


def test_a_square_is_the_centre():
    im = flat((1, 2, 3), 6, 10)
    im[:, 2:8] = (50, 60, 70)
    assert (np.asarray(cut_out(im))[..., :3] == (50, 60, 70)).all()


def test_masks_of_any_kind_of_emptiness_are_refused():
    with pytest.raises(ValueError, match="mask is empty"):
        cut_out(flat((1, 1, 1)), np.full((8, 8), 0.3))
    with pytest.raises(ValueError, match="mask of shape"):
        cut_out(flat((1, 1, 1)), np.ones((8, 9)))


def folders(root, n=7):
    for b in BACKGROUNDS:
        (root / b).mkdir(parents=True)
        for i in range(n):
            Image.fromarray(flat((i, list(BACKGROUNDS).index(b), 0))).save(root / b / f"{i}.png")
    return root


def test_splits_share_neither_backgrounds_nor_foregrounds(tmp_path):
    split = np.tile(["train", "val", "test"], 6)
    y = np.repeat([0, 1], 9)
    pixels = np.stack([flat((i, 0, 0)) for i in range(18)])
    data = GroupedImages(pd.DataFrame(dict(y=y, a=0, split=split)), ["boat", "cow"], ["none"], pixels=pixels)
    fg, bg = read_foregrounds(data), read_backgrounds(folders(tmp_path))
    seen = {}
    for r in plan_shift(["cow", "boat"], 30, splits=dict(train=0.4, val=0.3, test=0.3)).to_dict("records"):
        i = fg(r)[0][0, 0, 0]
        assert data.labels[y[i]] == r["label"] and split[i] == r["split"]
        j = bg(r)[0, 0]
        assert D3S_BACKGROUNDS[j[1]] == r["background"]
        seen.setdefault((r["background"], r["split"]), set()).add(int(j[0]))
    for b in BACKGROUNDS:
        assert (
            set.union(*(seen[b, s] for s in ("train", "val", "test"))) == set(range(7))
            and sum(len(seen[b, s]) for s in ("train", "val", "test")) == 7
        )


def test_sources_say_what_they_lack(tmp_path):
    row = plan_shift(["cow"], 1).iloc[0].to_dict()
    data = GroupedImages(
        pd.DataFrame(dict(y=[0], a=0, split="test")), ["cow"], ["none"], "mine", pixels=flat((0, 0, 0))[None]
    )
    with pytest.raises(ValueError, match="mine has no pictures of 'cow' in split 'train'"):
        read_foregrounds(data)(row)
    with pytest.raises(ValueError, match="mine has no class 'cup'"):
        read_foregrounds(data)(row | dict(label="cup"))
    with pytest.raises(FileNotFoundError, match="grass"):
        read_backgrounds(tmp_path)(row)
    with pytest.raises(ValueError, match="at least 3"):
        read_backgrounds(folders(tmp_path / "few", 2))(row)
    with pytest.raises(ValueError, match="foreground='mask' of 'cow' needs masks"):
        write_inits(
            plan_shift(["cow"], 1, Recipe(foreground="mask")),
            (coloured, lambda r: flat((0, 0, 0))),
            tmp_path / "init",
            8,
        )


def test_a_segmenter_is_asked_once_per_picture_and_only_for_masks():
    asked = []

    def masks(images, phrases):
        asked.append(phrases[0])
        return np.ones(images.shape[:3])

    data = GroupedImages(
        pd.DataFrame(dict(y=[0], a=0, split="train")), ["cow"], ["none"], pixels=flat((0, 0, 0))[None]
    )
    fg = read_foregrounds(data, masks)
    for f, want in (("square", []), ("mask", ["cow"]), ("mask", ["cow"])):
        mask = fg(plan_shift(["cow"], 1, Recipe(foreground=f)).iloc[0].to_dict())[1]
        assert asked == want and (mask is None) == (f == "square")


def draw(folder, k=2):
    return draw_shift(
        paste_pipe, plan_shift(["boat", "cow"], k), PARTS, folder, batch_size=7, steps=2, progress=False
    )


def die_after(folder, n):
    "Draws until `n` initial pictures are there, then is killed."
    real, seen = paste_module.atomic_write, []

    def count(path, content):
        seen.append(path)
        real(path, content)
        if len(seen) == n:
            os.kill(os.getpid(), signal.SIGKILL)

    paste_module.atomic_write = count
    torch.set_num_threads(1)
    draw(folder)


def test_killed_and_run_again_gives_the_same_set(tiny_pipeline, tmp_path, killed):
    global paste_pipe
    paste_pipe = tiny_pipeline
    assert (
        killed(die_after, tmp_path / "a", 13) == -signal.SIGKILL
        and len(list((tmp_path / "a" / "init").glob("[!.]*.png"))) == 13
    )
    one, whole = draw(tmp_path / "a"), draw(tmp_path / "b")
    paths = ["path", "init_image"]
    pd.testing.assert_frame_equal(one.drop(columns=paths), whole.drop(columns=paths))
    for c in paths:
        for p, q in zip(one[c], whole[c]):
            assert (np.asarray(Image.open(p)) == np.asarray(Image.open(q))).all()
    longer = draw(tmp_path / "a", 3)
    assert len(longer) == 60 and longer.file_name[:40].tolist() == one.file_name.tolist()
    with pytest.raises(ValueError, match="another plan"):
        write_inits(plan_shift(["boat", "cow"], 2, seed=5), PARTS, tmp_path / "a" / "init", 16)


def drawn(folder, k=2, labels=("boat", "cow", "car")):
    "A drawn table without a diffusion model: results coloured by class, background and number, inits by their complement."
    plan = write_inits(
        plan_shift(labels, k, Recipe("background"), splits=dict(train=0.5, test=0.5)),
        (coloured, lambda r: flat((255, 255, 255))),
        folder / "init",
        64,
    )
    (folder / "images").mkdir()
    paths = [str(folder / "images" / f"{i}.png") for i in range(len(plan))]
    for p, r in zip(paths, plan.to_dict("records")):
        Image.fromarray(flat((10 + 20 * r["y"], 10 + 20 * r["a"], 10 + 20 * r["item"]), 64, 64)).save(p)
    return plan.assign(path=paths, steps=2, sampler="x", checkpoint="y")


def test_the_published_layout_holds_every_picture_under_its_label(tmp_path):
    t = drawn(tmp_path)
    t["kept"] = np.arange(len(t)) % 3 > 0
    export_d3s(t, tmp_path / "out", dict(boat=900, cow=20, car=400))
    read = d3s(tmp_path / "out", 64, val=0.0)
    assert read.labels == ["cow", "car", "boat"] and len(read) == len(t)
    own = read.images()[:, 5, 5].astype(int)
    y = (own[:, 0] - 10) // 20
    assert [("boat", "cow", "car")[i] for i in y] == [read.labels[i] for i in read.y] and (
        (own[:, 1] - 10) // 20 == read.a
    ).all()
    assert ((own[:, 2] - 10) // 20 == (read.manifest.split == "test")).all()  # round 0 is train, round 1 test
    assert (d3s(tmp_path / "out", 64, val=0.0, init=True).images().max((1, 2)) == 255).all()
    assert len(d3s(tmp_path / "out", 64, filtered=True).split("test")) == int(t.kept[t.split == "test"].sum())
    with Image.open(tmp_path / "out/val/background-shift/0.png") as im:
        assert im.size == (1032, 516)
    entry = json.loads((tmp_path / "out/train/metadata.json").read_text())[0]
    assert (
        set(entry) == {"image", "classIdx", "prompt", "args", "hasInit", "background"}
        and entry["args"]["strength"] == 0.9
    )


def test_an_interrupted_export_goes_on_and_another_set_is_refused(tmp_path, monkeypatch):
    t = drawn(tmp_path)
    done = []

    def fail(path, content):
        if len(done) == 9:
            raise OSError(28, "disk full")
        done.append(path)
        paste_module.Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)

    with monkeypatch.context() as m:
        m.setattr(paste_module, "atomic_write", fail)
        with pytest.raises(OSError):
            export_d3s(t, tmp_path / "out")
    assert not (
        tmp_path / "out/train/metadata.json"
    ).exists()  # so that no reader takes half a set for a whole one
    export_d3s(t, tmp_path / "out")
    assert len(d3s(tmp_path / "out", 64)) == len(t)
    export_d3s(t, tmp_path / "out")
    with pytest.raises(ValueError, match="holds another set"):
        export_d3s(t.iloc[1:], tmp_path / "out")
    with pytest.raises(ValueError, match="not .mars."):
        export_d3s(t.assign(background="mars"), tmp_path / "new")
    with pytest.raises(ValueError, match="needs a number"):
        export_d3s(t, tmp_path / "new", dict(boat=1000, cow=1, car=2))
    assert not (tmp_path / "new").exists()


class Reads:
    "A classifier that reads the label in one colour channel."

    def __init__(self, labels, channel, sure=0.9, off=0):
        self.labels, self.channel, self.sure, self.off = labels, channel, sure, off

    def index(self, l):
        return self.labels.index(l)

    def probs(self, images):
        i = (images[:, 5, 5, self.channel].astype(int) - 10) // 20 + self.off
        n = len(self.labels)
        p = np.full((len(i), n), (1 - self.sure) / (n - 1))
        p[np.arange(len(i)), i % n] = self.sure
        return torch.tensor(p)


def test_the_filter_asks_about_the_right_class_and_background(tmp_path):
    data = as_grouped(drawn(tmp_path), ["boat", "cow", "car"])
    objects, scenes = Reads(["boat", "cow", "car", "nothing"], 0), Reads(list(BACKGROUNDS), 1)
    t = inspect_pictures(data, objects, scenes)
    assert t.kept.all() and t.class_there.all() and np.allclose(t.p_class, 0.9)
    assert (
        not inspect_pictures(data, objects, Reads(list(BACKGROUNDS), 1, off=1)).kept.any()
        and not inspect_pictures(data, Reads(objects.labels, 0, off=1), scenes).kept.any()
    )
    doubt = inspect_pictures(data, Reads(objects.labels, 0, sure=0.4), scenes)
    assert doubt.class_there.all() and not doubt.kept.any()
    assert list(inspect_pictures(data, objects)) == ["p_class", "class_there", "kept"]
    wrong, right = Reads(objects.labels, 0, off=1), objects
    assert missed_by_all(data, [wrong, wrong]).all() and not missed_by_all(data, [wrong, right]).any()
    with pytest.raises(ValueError, match="no classifiers"):
        missed_by_all(data, [])
    with pytest.raises(ValueError, match="must lie in"):
        inspect_pictures(data, objects, at=0.0)


@pytest.mark.parametrize(
    "bad",
    [
        dict(template="haiku"),
        dict(foreground="oval"),
        dict(scale=0),
        dict(scale=1.1),
        dict(strength=0.0),
        dict(guidance=-1),
    ],
)
def test_bad_recipes_name_what_is_bad(bad):
    with pytest.raises(ValueError, match=f"{next(iter(bad))}="):
        Recipe(**bad)
