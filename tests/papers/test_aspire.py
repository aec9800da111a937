"From discoveries to pictures to a new classifier: prompts that differ in the phrase alone, shams that differ from edits only inside the region, the paper's choice of pictures, captions that name what an edit left, prompts without anything spurious, arms with equal budgets."

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file

from spurious_core.core.settings import load_profile
from spurious_core.data.datasets import GroupedImages
from spurious_core.mitigate.recipes import MitigationConfig, small_resnet
from spurious_core.papers.aspire import (
    add_generated,
    choose_edited,
    class_config,
    class_prompts,
    class_word,
    describe_edits,
    draw_classes,
    edit_images,
    edit_prompts,
    learn_class,
    load_tools,
    retrain,
    scene_prompt,
    with_origin,
)
from support.pipelines import build_pipeline

EXTRACTED = pd.DataFrame(
    dict(
        foreground=[["lamps", "flags"], ["lamps"], []],
        background=[["water"], [], ["sand"]],
        alternative=["cave", "road", ""],
    )
)
PLAN = pd.DataFrame(
    dict(
        image=[0, 0, 1, 2],
        y=[0, 0, 1, 0],
        label=["cat", "cat", "dog", "cat"],
        kind=["foreground", "background", "foreground", "background"],
        phrase=["lamps", "water", "lamps", "sand"],
        cluster=["lamp", "water", "lamp", "sand"],
        alternative=[None, "cave", None, "forest"],
    )
)
CONFIG = MitigationConfig(lr=1e-3, epochs=2, batch=16)


def test_edit_and_sham_prompts_differ_in_the_phrase_alone():
    after, sham = edit_prompts(PLAN, EXTRACTED)
    assert after == [
        "a photo of a cat in water with flags",
        "a photo of an empty scene in cave with lamps and flags",
        "a photo of a dog",
        "a photo of an empty scene in forest",
    ]
    assert sham == [
        "a photo of a cat in water with lamps and flags",
        "a photo of an empty scene in water with lamps and flags",
        "a photo of a dog with lamps",
        "a photo of an empty scene in sand",
    ]
    after, sham = edit_prompts(PLAN, EXTRACTED, instruct=True)
    assert (
        after[1] == "turn the background of water into cave."
        and sham[1] == "turn the background of water into water."
        and after[0] == "a photo of a cat in water with flags"
    )
    assert scene_prompt("a cat") == "a photo of a cat"


def test_pictures_are_described_before_and_after_their_edit():
    f = SimpleNamespace(edits=PLAN.set_index(pd.Index([7, 8, 9, 10])), extracted=EXTRACTED)
    before, after = describe_edits(
        f, [8, 7, 10, 9], "<cat>"
    )  # by position in the table, in the order that is asked for
    assert before == [
        "a photo of a <cat> in water with lamps and flags",
        "a photo of a <cat> in water with lamps and flags",
        "a photo of a <cat> in sand",
        "a photo of a <cat> with lamps",
    ]
    assert after == [
        "a photo of a <cat> in cave with lamps and flags",
        "a photo of a <cat> in water with flags",
        "a photo of a <cat> in forest",
        "a photo of a <cat>",
    ]
    assert PLAN.phrase[0] not in after[1] and EXTRACTED.foreground[0] == [
        "lamps",
        "flags",
    ]  # and the table stays as it was


def test_what_is_drawn_has_nothing_that_is_spurious_for_its_class():
    phrases = pd.DataFrame(
        dict(
            phrase=["lamps", "lamps", "a lamp", "flags", "flags", "a flag", "buoys"],
            cluster=["lamp"] * 3 + ["flag"] * 3 + ["buoy"],
        )
    )
    f = SimpleNamespace(edits=PLAN, extracted=EXTRACTED, phrases=phrases)
    kinds = lambda *rows: pd.DataFrame([dict(label=l, kind=k, cluster=c, spurious=s) for l, k, c, s in rows])
    cats = [0, 1, 3]
    lamp, water = ("cat", "foreground", "lamp", True), ("cat", "background", "water", True)
    assert class_prompts(f, cats, kinds(water), "cat") == describe_edits(f, cats, "cat")[1]
    bare = [
        "a photo of a <cat> in water with flags",
        "a photo of a <cat> in cave with flags",
        "a photo of a <cat> in forest",
    ]
    assert (
        class_prompts(
            f,
            cats,
            kinds(lamp, water, ("dog", "foreground", "buoy", False), ("dog", "background", "sand", True)),
            "<cat>",
        )
        == bare
    )  # the water's edit kept the lamps; the prompt doesn't
    assert class_prompts(
        f,
        cats,
        kinds(lamp, ("dog", "foreground", "buoy", True), ("dog", "foreground", "lamp", True)),
        "<cat>",
    ) == [bare[0], bare[1] + " and buoys", bare[2]]  # lent what speaks for dogs, but no lamp
    assert class_prompts(f, [2, 2], kinds(("cat", "foreground", "lamp", True)), "dog") == [
        "a photo of a dog",
        "a photo of a dog with lamps",
    ] and EXTRACTED.foreground[0] == ["lamps", "flags"]
    lent = kinds(("dog", "foreground", "buoy", True), ("fox", "foreground", "flag", True))
    got = class_prompts(f, [3] * 4, lent, "cat")
    assert (
        got == [f"a photo of a cat in forest{x}" for x in ("", " with buoys", "", " with flags")]
        and class_prompts(f, [0, 0], kinds(("dog", "foreground", "flag", True)), "cat")[1].count("flags") == 1
    )


class Corner:
    "A segmenter that finds everything in the upper left corner, and nothing in dark pictures."

    def __init__(self):
        self.asked = []

    def __call__(self, images, phrases):
        self.asked += list(phrases)
        m = np.zeros(images.shape[:3], np.float32)
        m[:, :6, :6] = 1
        return m * (images.mean((1, 2, 3)) > 20)[:, None, None]


def test_edits_and_shams_agree_outside_of_the_region(tiny_pipeline, tmp_path):
    g = np.random.default_rng(0)
    images = g.integers(60, 250, (3, 16, 16, 3)).astype(np.uint8)
    images[1] = 5
    seg = Corner()
    plan, after, sham = edit_images(tiny_pipeline, seg, images, PLAN, EXTRACTED, tmp_path, 3, steps=2)
    assert (
        seg.asked == ["lamps", "lamps", "cat", "cat"]
        and plan.image.tolist() == [0, 0, 2]
        and plan.kind.tolist() == ["foreground", "background", "background"]
    )  # the dark picture's lamp is not found
    for x in (after, sham):
        assert (
            (x[0][12:] == images[0][12:]).all()
            and (x[1][:4, :4] == images[0][:4, :4]).all()
            and (x[2][:4, :4] == images[2][:4, :4]).all()
            and (x[1][12:] != images[0][12:]).any()
        )
    again = edit_images(tiny_pipeline, seg, images, PLAN, EXTRACTED, tmp_path, 3, steps=2)
    assert (again[1] == after).all() and (again[2] == sham).all()
    part = edit_images(tiny_pipeline, seg, images, PLAN.iloc[3:], EXTRACTED, tmp_path / "part", 3, steps=2)
    assert abs(part[1][0].astype(int) - after[2]).max() <= 1  # an edit doesn't depend on its company
    with pytest.raises(ValueError, match="found none of 4"):
        edit_images(
            tiny_pipeline,
            lambda x, p: np.zeros(x.shape[:3], np.float32),
            images,
            PLAN,
            EXTRACTED,
            tmp_path / "none",
            3,
            steps=2,
        )


def test_backgrounds_by_instruction_and_things_by_inpainting(tiny_pipeline, tmp_path):
    instruct = StableDiffusionPipeline.from_pretrained(build_pipeline(tmp_path / "instruct", unet_in=8))
    images = np.random.default_rng(0).integers(60, 250, (3, 16, 16, 3)).astype(np.uint8)
    plan, after, sham = edit_images(
        tiny_pipeline, Corner(), images, PLAN, EXTRACTED, tmp_path / "both", 3, instruct, steps=2
    )
    way = lambda kind, name: pd.read_json(
        tmp_path / "both" / kind / name / "images" / "metadata.jsonl", lines=True
    )
    assert set(way("foreground", "edit").source) == {"inpaint"} and set(way("background", "edit").source) == {
        "instruct"
    }
    assert (
        way("background", "edit").prompt.tolist()
        == ["turn the background of water into cave.", "turn the background of sand into forest."]
        and way("background", "sham").prompt[0] == "turn the background of water into water."
    )
    alone = edit_images(tiny_pipeline, Corner(), images, PLAN, EXTRACTED, tmp_path / "alone", 3, steps=2)
    same = plan.kind.to_numpy() == "foreground"
    assert (after[same] == alone[1][same]).all() and not (after[~same] == alone[1][~same]).all()


def ranking(rows):
    return pd.DataFrame(
        [
            dict(y=0, label="cat", kind="background", cluster=c, spurious=s, rank=i + 1)
            for i, (c, s) in enumerate(rows)
        ]
    )


def made(counts, flips):
    "Edits of clusters: how many there are, how many flip; the effect falls with the position."
    return pd.DataFrame(
        [
            dict(y=0, kind="background", cluster=c, flip=i >= n - flips[c], effect=1 - i / 100)
            for c, n in counts.items()
            for i in range(n)
        ]
    )


def test_choice_of_edited_pictures_follows_the_paper():
    e = made(dict(sea=30, ice=30, fog=30, ash=30), dict(sea=30, ice=30, fog=30, ash=30))
    r = ranking([("ice", True), ("sea", True), ("fog", True), ("ash", False)])
    got = choose_edited(e, r)["cat"]
    assert e.cluster[got].value_counts().to_dict() == dict(ice=15, sea=10, fog=10) and len(set(got)) == 35
    e = made(dict(sea=30, ice=5, fog=30), dict(sea=4, ice=2, fog=3))
    got = choose_edited(e, ranking([("ice", True), ("sea", True), ("fog", False)]))["cat"]
    t = e.loc[got]
    assert t.cluster.value_counts().to_dict() == dict(sea=10, ice=5)
    assert t[t.cluster == "sea"].flip.tolist() == [True] * 4 + [False] * 6 and t[
        (t.cluster == "sea") & ~t.flip
    ].effect.tolist() == [1 - i / 100 for i in range(6)]
    t = e.loc[choose_edited(e, ranking([("ice", False), ("sea", False), ("fog", False)]))["cat"]]
    assert t.flip.all() and t.cluster.value_counts().to_dict() == dict(
        sea=4, fog=3, ice=2
    )  # nothing is sure: flips only
    assert choose_edited(made(dict(sea=9), dict(sea=0)), ranking([("sea", False)])) == {}
    with pytest.raises(ValueError, match="first=40"):
        choose_edited(e, r, first=40)


def test_ways_to_learn_a_class():
    ti, lora = class_config("blond woman"), class_config("blond woman", "lora", steps=7)
    assert (
        ti.token == "<blond-woman>"
        and ti.instance_prompt == "a photo of a <blond-woman>"
        and ti.initializer == "blond woman"
        and lora.instance_prompt == "a photo of a blond woman"
        and lora.steps == 7
    )
    assert class_word("blond woman") == ti.token and class_word("blond woman", "lora") == "blond woman"
    for f in (class_word, class_config):
        with pytest.raises(ValueError, match="way='magic'"):
            f("cat", "magic")


def test_classes_are_learned_and_drawn(tiny_pipeline, tmp_path):
    g = np.random.default_rng(0)
    pics = g.integers(0, 255, (3, 16, 16, 3)).astype(np.uint8)
    word = learn_class(tiny_pipeline, pics, "photo", tmp_path / "learned", steps=2, batch_size=2)
    d = draw_classes(
        tiny_pipeline, ["photo", "dog"], 2, tmp_path / "images", dict(photo=word), steps=2, progress=False
    )
    assert (
        d.y.tolist() == [0, 0, 1, 1]
        and set(d.manifest.g) == {"generated"}
        and d.attributes == ["generated"]
        and d.manifest.prompt.tolist() == ["a photo of a <photo>"] * 2 + ["a photo of a dog"] * 2
    )
    assert d.manifest.adapter.isna().tolist() == [False, False, True, True] and d.pixels.shape == (
        4,
        16,
        16,
        3,
    )
    more = draw_classes(
        tiny_pipeline, ["photo", "dog"], 3, tmp_path / "more", dict(photo=word), steps=2, progress=False
    )
    assert more.manifest.seed.tolist()[:2] == d.manifest.seed.tolist()[:2]
    assert learn_class(tiny_pipeline, pics, "photo", tmp_path / "learned", steps=2, batch_size=2) == word


def test_a_class_is_learned_with_what_is_beside_it_and_drawn_as_asked(tiny_pipeline, tmp_path):
    g = np.random.default_rng(0)
    pics = g.integers(0, 255, (3, 16, 16, 3)).astype(np.uint8)
    places = [f"a photo of a <photo> in {p}" for p in ("water", "sand", "forest")]
    learn = lambda name, captions: load_file(
        learn_class(tiny_pipeline, pics, "photo", tmp_path / name, captions=captions, steps=3, batch_size=3)
        / "learned_embeds.safetensors"
    )["<photo>"]
    told, untold, other = learn("told", places), learn("untold", None), learn("other", places[::-1])
    assert (told != untold).any() and (told != other).any()  # which caption belongs to which picture matters
    with pytest.raises(ValueError, match="2 captions for 3 images"):
        learn("few", places[:2])
    word = dict(photo=tmp_path / "told" / "adapter")
    draw = lambda name, **o: draw_classes(
        tiny_pipeline, ["photo", "dog"], 5, tmp_path / name, steps=2, progress=False, **o
    )
    d, name, plain = (
        draw("asked", adapters=word, prompts=dict(photo=places)),
        draw("name", prompts=dict(dog=["a photo of a dog in sand"])),
        draw("plain"),
    )
    assert (
        d.manifest.prompt.tolist() == [*places, *places[:2]] + ["a photo of a dog"] * 5
        and name.manifest.prompt.tolist() == ["a photo of a photo"] * 5 + ["a photo of a dog in sand"] * 5
    )
    assert (
        d.manifest.seed.tolist() == name.manifest.seed.tolist() == plain.manifest.seed.tolist()
        and d.manifest.seed.nunique() == 10
    )  # arms differ in words, not in noise


def grouped(counts, split="train", seed=0, g="real", attributes=("left", "right")):
    rng = np.random.default_rng(seed)
    k = len(attributes)
    group = rng.permutation(np.repeat(np.arange(2 * k), counts))
    y, a = group // k, group % k
    x = rng.integers(0, 30, (len(y), 8, 8, 3)).astype(np.uint8)
    x[..., 0] += (100 * y).astype(np.uint8)[:, None, None]
    x[..., 2] += (100 * a).astype(np.uint8)[:, None, None]
    return GroupedImages(
        pd.DataFrame(dict(y=y, a=a, split=split, g=g)), ["cat", "dog"], list(attributes), pixels=x
    )


REAL, VAL, DRAWN = (
    grouped([30, 3, 3, 30]),
    grouped([12] * 4, "val", 1),
    grouped([20, 20], seed=2, g="generated", attributes=("generated",)),
)


def net():
    return small_resnet(REAL.labels, (4, 8))


def test_generated_pictures_are_groups_of_their_own():
    d = add_generated(REAL, DRAWN)
    assert (
        d.attributes == ["left", "right", "generated"]
        and np.bincount(d.group, minlength=6).tolist() == [30, 3, 20, 3, 30, 20]
        and ((d.a == 2) == (d.manifest.g == "generated")).all()
    )
    assert (
        DRAWN.attributes == ["generated"]
        and REAL.attributes == ["left", "right"]
        and with_origin(VAL).attributes == d.attributes
    )


def test_arms_see_equally_many_images():
    none, more = (retrain("ERM", REAL, VAL, net, CONFIG, d, 40, progress=False) for d in (None, DRAWN))
    assert (
        abs(len(none.history) * len(none.train) - len(more.history) * len(more.train)) <= len(REAL) // 2
        and len(more.train) == len(REAL) + 40
    )


@pytest.mark.parametrize("method", ["GroupDRO", "SUBG", "LISA", "JTT", "EIIL"])
def test_methods_take_generated_pictures(method):
    f = retrain(method, REAL, VAL, net, CONFIG.but(epochs=1), DRAWN, 40, progress=False)
    assert np.isfinite(f.probs(VAL)).all()


def test_dfr_fits_its_last_layer_on_generated_pictures_too_and_keeps_the_network():
    plain = retrain("ERM", REAL, VAL, net, CONFIG, None, 0, progress=False)
    a, b = (retrain("DFR", REAL, VAL, net, CONFIG, d, 40, plain, progress=False) for d in (None, DRAWN))
    for f in (a, b):
        assert all(
            (p == q).all()
            for (k, p), q in zip(f.clf.state_dict().items(), plain.clf.state_dict().values())
            if "classifier" not in k
        )
    assert (a.clf.head_weight != b.clf.head_weight).any()


def test_a_profile_without_the_tools_is_told_what_it_lacks():
    with pytest.raises(
        ValueError, match="no captioner, no language_model; set SPURIOUS_CAPTIONER, SPURIOUS_LANGUAGE_MODEL"
    ):
        load_tools(replace(load_profile("mini"), captioner="", language_model=""))
