"A folder of one's own pictures in place of a rendered world: layout, names, target, judging with less than the mini profile has, and the three studies that take it."

import json
from dataclasses import replace
from types import SimpleNamespace

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.app.dry_run import make_random_profile
from spurious_core.app.runs import Metrics, find_study, run_study
from spurious_core.core.settings import load_profile
from spurious_core.data.miniworld import SCENES, Item, draw, render, sample
from spurious_core.diffusion.generate import load_image_set
from spurious_core.models.regions import Segmenter
from spurious_core.papers import class_wise
from spurious_core.papers.class_wise import (
    INSTANCE_PROMPT,
    VARIETY_LIMIT,
    draw_set,
    find_target,
    held_out_images,
    how_judged,
    independent_features,
    judge_run,
    jury_verdicts,
    load_kit,
    loss_affordable,
    measures,
    own_target,
    real_images,
    target_of,
    without_placeholder,
    write_references,
)

LESS = replace(
    load_profile("mini"), name="less", world="", presence="", scene="", segmenter="", null_guide=""
)


def put(folder, images, ending="jpg", shape=(100, 80)):
    folder.mkdir(parents=True, exist_ok=True)
    for i, im in enumerate(images):
        Image.fromarray(im).resize(shape).save(folder / f"IMG_{i:03d}.{ending}")


@pytest.fixture(scope="module")
def world():
    return load_kit("mini")


@pytest.fixture(scope="module")
def planted(world):
    return find_target(world, "landbird", n_train=160, n_refs=8)


@pytest.fixture(scope="module")
def own(planted, world, tmp_path_factory):
    "Land birds and lamps as files, and houses, without any extras."
    root = tmp_path_factory.mktemp("own")
    fresh = draw(sample(world.world, 40, "kept back", label="landbird", object_free=1.0))
    for part, ims in dict(
        references=planted.references, empty=planted.object_free[:30], train=planted.train, fresh=fresh
    ).items():
        put(root / "landbird" / part, ims)
    (root / "landbird/references/metadata.jsonl").write_text(
        "".join(
            json.dumps(dict(file_name=f"IMG_{i:03d}.jpg", text=f"a photo of an empty sks scene {w}")) + "\n"
            for i, w in enumerate(["in snow", "at night"] * 4)
        )
    )
    for part, n in dict(references=5, empty=5, train=8).items():
        put(
            root / "house" / part,
            draw(sample(world.world, n, f"few {part}", label="house", object_free=float(part != "train"))),
            "png",
        )
    (root / "house/references/.DS_Store").write_text("x")
    (root / ".trash").mkdir()
    return root


@pytest.fixture(scope="module")
def kit(own):
    return load_kit(LESS, own)


@pytest.fixture(scope="module")
def target(kit):
    return own_target(kit, "landbird")


# ---- the target


def test_the_planted_component_is_found_in_files(target, planted, kit):
    assert (
        target.components == planted.components
        and target.y == planted.y
        and target.table.feature.eq("references").all()
    )
    assert (
        len(target.train) == 120
        and len(target.held_out) == 40
        and target.pca.n_images == 120
        and len(target.references) == 8
        and target.references.shape[1:] == (64, 64, 3)
    )
    assert not {im.tobytes() for im in target.train} & {im.tobytes() for im in target.held_out}
    assert (
        len(target.real) == 70
        and (target.real[40:] == target.object_free).all()
        and len(real_images(kit, target, 50)) == 50
        and len(held_out_images(kit, target, 20)) == 20
    )
    assert len(own_target(kit, "landbird", 40).train) == 40


def test_captions_and_prompts(target, kit):
    "Prompts are the distinct captions; the base model gets them without the placeholder; without metadata.jsonl all have one."
    assert (
        target.captions
        == ["a photo of an empty sks scene in snow", "a photo of an empty sks scene at night"] * 4
        and target.prompts == target.captions[:2]
    )
    assert (
        without_placeholder("a photo of an empty sks scene with desks")
        == "a photo of an empty scene with desks"
    )
    assert [without_placeholder(p) for p in target.prompts] == [
        "a photo of an empty scene in snow",
        "a photo of an empty scene at night",
    ]
    with pytest.warns(UserWarning):
        house = own_target(kit, "house")
    assert (
        house.captions == [INSTANCE_PROMPT] * 5
        and house.prompts == [INSTANCE_PROMPT]
        and (len(house.train), len(house.held_out), len(house.real)) == (6, 2, 5)
    )


def test_doubts_are_said_and_the_likeliest_component_serves(own, kit, tmp_path):
    "Empty pictures called references: no guide falls for them."
    for part in ("empty", "train"):
        (tmp_path / "landbird").mkdir(exist_ok=True)
        (tmp_path / "landbird" / part).symlink_to(own / "landbird" / part)
    put(
        tmp_path / "landbird/references",
        [np.asarray(Image.open(p)) for p in sorted((own / "landbird/empty").iterdir())[:6]],
        "png",
    )
    with pytest.warns(
        UserWarning,
        match=r"no component tells them from the empty pictures, and the likeliest, \d, must serve \(AUC .*falls for only 0 of 6",
    ):
        t = own_target(replace(kit, folder=tmp_path), "landbird")
    assert t.components == [t.table.sort_values("effect").component.iloc[-1]]


def test_the_world_gives_what_it_gave(world, planted):
    "The same pictures as the studies drew before they knew folders."
    t = target_of(world, "landbird", 0, 160, n_refs=8)
    assert (
        (t.references == planted.references).all()
        and t.components == planted.components
        and t.captions == planted.captions
        and t.real is t.held_out is None
    )
    assert (
        real_images(world, t, 30, 5)
        == draw(sample(world.world, 30, "fresh", 5, label="landbird", object_free=1.0))
    ).all()
    d = sample(world.world, 30, "held_out", label="landbird")
    assert (held_out_images(world, t, 30) == draw(d[d.opacity == 1])).all()
    assert without_placeholder(f"{INSTANCE_PROMPT} on grass") == f"{INSTANCE_PROMPT} on grass".replace(
        INSTANCE_PROMPT, "a photo of an empty scene"
    )


def test_references_keep_their_order_on_disk(target, tmp_path):
    many = replace(target, references=np.stack([np.full((8, 8, 3), i, np.uint8) for i in range(120)]))
    assert [
        np.asarray(Image.open(p))[0, 0, 0] for p in sorted(write_references(many, tmp_path).iterdir())
    ] == list(range(120))


# ---- names


def named(*labels, name="c"):
    return SimpleNamespace(labels=list(labels), name=name)


def test_a_folder_bears_the_first_part_of_a_label():
    a, b, bare, other = (
        named("tench, Tinca tinca", "hummingbird, trochilid", "maillot", "maillot, tank suit"),
        named("hummingbird", "tench", "maillot", "x"),
        named("0", "1", "2", "3"),
        named("0", "1"),
    )
    class_wise._agree_on_names([bare, a, b], ["Hummingbird", "maillot"])
    assert (
        a.labels == bare.labels == ["tench, Tinca tinca", "Hummingbird", "maillot", "maillot, tank suit"]
        and b.labels[0] == "Hummingbird"
    )
    for clfs, name, why in (
        ([a], "hamster", "class 'hamster' is unknown to c; it knows tench"),
        ([a], "tensh", "'tensh' is unknown to c; close to it: tench, Tinca tinca"),
        ([named("crane", "crane")], "crane", "fits the classes 0, 1 of c"),
        ([a, other], "maillot", "'maillot' is unknown to c; it knows 0, 1"),
    ):
        with pytest.raises(ValueError, match=why):
            class_wise._agree_on_names(clfs, [name])


# ---- what is wrong with a folder


@pytest.mark.parametrize(
    "make,why",
    [
        ((), "holds no folders"),
        (("house/references",), "has no house/empty, house/train; a class needs references, empty, train"),
        (("references", "empty"), "is the folder of one class"),
        (
            ("hause/references", "hause/empty", "hause/train"),
            "class 'hause' is unknown to guide; close to it: house",
        ),
    ],
)
def test_the_layout_is_checked_first(make, why, tmp_path):
    for m in make:
        (tmp_path / m).mkdir(parents=True)
    with pytest.raises(ValueError, match=why):
        load_kit(LESS, tmp_path)


def test_a_juror_must_know_the_class(own, tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        load_kit(LESS, own / "nowhere")
    with pytest.raises(ValueError, match="class 'house' is unknown to presence_like"):
        class_wise._agree_on_names(
            [named("house", name="guide"), named("grass", "snow", name="presence_like")], ["house"]
        )
    with pytest.raises(ValueError, match="names no jury, which this needs; set SPURIOUS_JURY"):
        load_kit(replace(LESS, jury=()), own).need("jury")
    with pytest.raises(ValueError, match="names no world.*or give a folder of your own pictures"):
        load_kit(LESS, own).need("world")


@pytest.mark.parametrize(
    "part,keep,why",
    [
        ("references", 2, "references holds 2 readable images, and 3 are needed"),
        ("empty", 0, "empty holds 0 readable images, and 3 are needed"),
        ("train", 7, "train holds 7 readable images, and 8 are needed"),
    ],
)
def test_a_part_with_too_few_pictures(part, keep, why, own, kit, tmp_path):
    for p in ("references", "empty", "train"):
        put(
            tmp_path / "house" / p,
            [np.full((80, 80, 3), i, np.uint8) for i in range(keep if p == part else 9)],
            "png",
        )
    with pytest.raises(ValueError, match=why):
        own_target(replace(kit, folder=tmp_path), "house")


def test_only_references_must_be_large(kit, tmp_path):
    for p in ("references", "empty", "train"):
        put(
            tmp_path / "house" / p,
            [np.full((40, 90, 3), 20 * i, np.uint8) for i in range(9)],
            "png",
            (90, 40),
        )
    with pytest.raises(ValueError, match=r"images smaller than 64x64: IMG_000.png \(90x40\)"):
        own_target(replace(kit, folder=tmp_path), "house")


def test_classes_are_chosen_by_the_budget_or_by_name(kit, world):
    assert (
        kit.classes == ["house", "landbird"] == kit.choose()
        and kit.choose(usual=["cow"]) == ["house"]
        and kit.choose(["landbird"], ["cow"]) == ["landbird"]
        and kit.world is None
    )
    with pytest.raises(ValueError, match=r"classes \['cow'\] are not in .*; it has house, landbird"):
        kit.choose(["cow"])
    assert world.choose([], ["cow"]) == ["cow"] and world.choose() == [
        k for k in world.world.labels if world.world.planted(k)
    ]
    with pytest.raises(ValueError, match=r"classes \['cup'\]: nothing is planted for them"):
        world.choose(["cup"])


# ---- judging with less


class Sees(Segmenter):
    "Finds what it is asked for in the pictures whose top left pixel is white."

    def masks_of(self, images, phrases):
        self.asked = set(phrases)
        return np.stack([np.full(im.shape[:2], float((im[0, 0] == 255).all()), np.float32) for im in images])


def test_the_segmenter_is_the_gate(kit, target):
    ims = target.held_out[:8].copy()
    ims[:, 0, 0] = 0
    ims[::2, 0, 0] = 255
    eye = Sees()
    v = jury_verdicts(replace(kit, segmenter=eye), "landbird", ims)
    bare = jury_verdicts(kit, "landbird", ims)
    assert (
        eye.asked == {"landbird"}
        and (v.object_absent == (np.arange(8) % 2 == 1)).all()
        and v.all_of_jury.any()
        and v.all_of_jury.equals(bare.all_of_jury)
    )
    assert (
        (v.consistency == v.all_of_jury & v.object_absent).all()
        and (v.hit == v.juror_rate * v.object_absent).all()
        and v.class_object_absent.equals(v.object_absent)
    )
    assert measures(v)[:3] == [
        "consistency",
        "hit",
        "object_absent",
    ] and "looked for by the segmenter" in how_judged(replace(kit, segmenter=eye))


def test_presence_is_the_gate_where_it_knows_the_classes(world, own, target):
    "Also with a folder; one that lacks a class leaves the looking to the segmenter."
    eye = Sees()
    knows = replace(world, folder=own, segmenter=eye)
    assert jury_verdicts(knows, "landbird", target.references).equals(
        jury_verdicts(world, "landbird", target.references)
    ) and not hasattr(eye, "asked")
    ignorant = replace(knows, presence=world.scene, scene=None)
    assert jury_verdicts(
        ignorant, "landbird", target.references
    ).object_absent.notna().all() and eye.asked == {"landbird"}


def test_nothing_is_called_consistency_without_a_gate(kit, target):
    v = judge_run(kit, target, target.references, target.real)
    assert not {"consistency", "hit", "object_absent", "class_object_absent"} & {*v.columns}
    assert (
        measures(v) == ["all_of_jury", "juror_rate", "in_distribution", "memorised"]
        and v.memorised.all()
        and how_judged(kit).startswith("nobody looks for the object")
    )
    few = judge_run(kit, target, target.references, target.real[:19])
    assert measures(few) == ["all_of_jury", "juror_rate"] == measures(pd.concat([v, few]))


def test_features_of_the_jurors_in_equal_parts(kit, target, world):
    f = independent_features(kit, target.references)
    sizes = [c.head.in_features for c in kit.jury]
    assert f.shape == (8, sum(sizes))
    assert all(
        np.allclose(np.linalg.norm(p, axis=1), 1, atol=1e-4) for p in np.split(f, np.cumsum(sizes)[:-1], 1)
    )
    assert (
        independent_features(world, target.references).shape[1]
        == world.presence.head.in_features + world.scene.head.in_features
    )


# ---- the studies


def set_up(study, **params):
    "Runs a study's cells in this process, up to the first that draws."
    names = {k: p.default for k, p in find_study(study).parameters.items()} | dict(budget="dry") | params
    for c in nbformat.read(find_study(study).path, 4).cells:
        if c.cell_type == "code" and "parameters" not in c.metadata.get("tags", []):
            exec(c.source, names)
        if any(w in c.source for w in ("kit.choose(", "load_kit(profile, folder)")):
            return names


@pytest.mark.parametrize("study", ["class_wise_spurious_generation", "similarity_loss_forms", "speed"])
def test_studies_refuse_a_bad_folder_before_anything_is_drawn(study, own, tmp_path):
    with pytest.raises(ValueError, match="is the folder of one class"):
        set_up(study, folder=str(own / "house"), out=str(tmp_path))
    if study != "speed":
        with pytest.raises(ValueError, match=r"classes \['cow'\] are not in"):
            set_up(study, folder=str(own), classes=["cow"], out=str(tmp_path))
    assert not list(tmp_path.glob("prior/*.png"))


def test_a_study_without_anything_that_sees_the_object(own, tmp_path, monkeypatch):
    "Two classes, one with enough real pictures to measure copies by and one without, on random checkpoints; a caption reaches the drawn pictures."
    profile = make_random_profile(tmp_path / "random")
    [monkeypatch.setenv(f"SPURIOUS_{k}", "") for k in ("PRESENCE", "SCENE", "WORLD", "NULL_GUIDE")]
    out = run_study(
        "class_wise_spurious_generation",
        dict(profile=profile, budget="dry", folder=str(own), classes=["house", "landbird"], workers=1),
        tmp_path / "run",
        timeout=300,
        progress=False,
    )
    m = Metrics.load(out)
    assert {
        "all_of_jury.sfsl",
        "juror_rate.base",
        "all_of_jury.sfsl_minus_dreambooth",
        "all_of_jury.references.house",
        "diversity.sfsl.landbird",
        "spurious_auc.sfsl",
        "pca.spurious_in_top3",
    } <= set(m)
    assert not [
        k
        for k in m
        if k.startswith(
            (
                "consistency",
                "hit",
                "object_absent",
                "in_distribution",
                "memorised",
                "pca.planted",
                "pca.null",
                "diversity.ideal",
                "scene_",
            )
        )
    ]
    assert {p.name for p in (out / "figures").glob("*.png")} == {
        "component_house.png",
        "component_landbird.png",
        "arms_house.png",
        "arms_landbird.png",
        "jury.png",
    }
    assert {p[-7:] for p in load_image_set(out / "runs/landbird-0/always/images").prompt} == {
        "in snow",
        "t night",
    } and "sks" not in "".join(load_image_set(out / "runs/landbird-0/base/images").prompt)


# ---- what the loss may cost
def places(names, seed=0):
    return np.stack([render(Item(v, seed=seed + i)).image for i, v in enumerate(names)])


REAL = places(list(SCENES) * 2)


@pytest.fixture
def drawn(monkeypatch):
    "Instead of drawing: what an adapter of this name would draw."
    sets = dict(
        many=places(list(SCENES), 50),
        few=places(["water"] * 7 + list(SCENES)[:3], 50),
        one=places(["water"] * 10, 50),
    )
    asked = []
    monkeypatch.setattr(
        class_wise,
        "draw_set",
        lambda kit, target, seed, folder, n, adapter, noise: (
            asked.append((seed, str(folder), n, adapter, noise)) or sets[adapter]
        ),
    )
    return asked


def test_a_loss_that_draws_one_place_is_not_used(world, drawn, tmp_path):
    r = loss_affordable(world, None, 3, tmp_path, "one", "many", REAL, 10)
    assert not r["kept"] and r["loss"] < 0.3 < 0.8 < r["plain"]
    assert drawn == [
        (3, str(tmp_path / "plain"), 10, "many", "validation"),
        (3, str(tmp_path / "loss"), 10, "one", "validation"),
    ]


def test_it_is_used_where_variety_stays_or_grows_and_up_to_the_limit(world, drawn, tmp_path):
    assert (
        loss_affordable(world, None, 0, tmp_path, "many", "many", REAL, 10)["kept"]
        and loss_affordable(world, None, 0, tmp_path, "many", "one", REAL, 10)["kept"]
    )
    r = loss_affordable(world, None, 0, tmp_path, "few", "many", REAL, 10)
    lost = r["plain"] - r["loss"]
    assert lost > VARIETY_LIMIT and not r["kept"]
    assert loss_affordable(world, None, 0, tmp_path, "few", "many", REAL, 10, limit=lost + 1e-6)["kept"]


def test_pictures_have_the_same_noise_whatever_the_arm_and_validation_another(world, tmp_path):
    target = SimpleNamespace(
        prompts=["a photo of an empty sks scene at the beach", "a photo of an empty sks scene indoors"],
        y=1,
        label="house",
    )
    a, b, v = (
        draw_set(world, target, 0, tmp_path / k, 2, None, noise, arm=k)
        for k, noise in (("a", "images"), ("b", "images"), ("v", "validation"))
    )
    assert (
        (a == b).all()
        and (a != v).any()
        and load_image_set(tmp_path / "a").prompt.str.contains("empty scene").all()
    )


def test_without_observers_the_loss_is_used_and_nothing_drawn(world, drawn, tmp_path):
    r = loss_affordable(replace(world, scene=None), None, 0, tmp_path, "one", "many", REAL, 10)
    assert r["kept"] and np.isnan([r["plain"], r["loss"]]).all() and not drawn
