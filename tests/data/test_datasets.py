"Grouped images: labels, attributes, groups and pictures stay together whatever is done to the table, and bad input is named."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from spurious_core.data.datasets import GroupedImages, concatenate, digit_images, world_images
from spurious_core.data.miniworld import draw, get_world

Y = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0]  # interleaved, unequal groups
A = [0, 1, 1, 1, 0, 1, 1, 0, 0, 1, 1]
SPLIT = ["train", "test", "train", "val", "train", "train", "test", "test", "val", "train", "train"]


def coded(y, a, size=8):
    "Pictures of one colour that carry their label, attribute and row."
    return np.stack(
        [
            np.full((size, size, 3), (y_ * 100, a_ * 100, i * 10), np.uint8)
            for i, (y_, a_) in enumerate(zip(y, a))
        ]
    )


def toy(**kw):
    return GroupedImages(
        pd.DataFrame(dict(y=Y, a=A, split=SPLIT)),
        ["cat", "dog"],
        ["indoors", "outdoors"],
        "toy",
        coded(Y, A),
        **kw,
    )


def on_disk(folder, name="toy", size=8, g="real"):
    folder.mkdir(exist_ok=True, parents=True)
    files = [f"{i}.png" for i in range(len(Y))]
    for f, im in zip(files, coded(Y, A)):
        Image.fromarray(im).save(folder / f)
    return GroupedImages(
        pd.DataFrame(dict(y=Y, a=A, split=SPLIT, file=files, g=g)),
        ["cat", "dog"],
        ["indoors", "outdoors"],
        name,
        root=folder,
        size=size,
    )


def agrees(d):
    x = d.images()
    assert (
        len(x) == len(d)
        and (x[:, 0, 0, 0] == d.y * 100).all()
        and (x[:, 0, 0, 1] == d.a * 100).all()
        and (d.group == d.y * 2 + d.a).all()
    )
    return True


@pytest.fixture(params=["memory", "disk"])
def either(request, tmp_path):
    return toy() if request.param == "memory" else on_disk(tmp_path / "d")


# --- order


def test_pictures_follow_their_rows(either):
    assert agrees(either) and either.images()[:, 0, 0, 2].tolist() == [i * 10 for i in range(len(Y))]
    for s in ("train", "val", "test"):
        assert agrees(either.split(s)) and (either.split(s).manifest.split == s).all()
    assert agrees(either.subset([7, 2, 2])) and either.subset([7, 2, 2]).images()[:, 0, 0, 2].tolist() == [
        70,
        20,
        20,
    ]
    assert agrees(either.subset(either.group == 3).in_memory()) and agrees(either.in_memory())
    assert (
        either.images([4, 1])[:, 0, 0, 2].tolist() == [40, 10]
        and either.images(slice(2, 4)).shape[0] == 2
        and either.images(either.y == 0).shape[0] == Y.count(0)
        and either.images(-1).shape == (1, 8, 8, 3)
    )


def test_an_index_of_the_callers_table_does_not_matter():
    m = pd.DataFrame(dict(y=Y, a=A, split=SPLIT), index=range(50, 50 + len(Y))[::-1])
    assert agrees(GroupedImages(m, ["cat", "dog"], ["indoors", "outdoors"], pixels=coded(Y, A)))


def test_the_callers_table_is_left_alone():
    m = pd.DataFrame(dict(y=Y, a=A, split=SPLIT))
    GroupedImages(m, ["cat", "dog"], ["in", "out"], pixels=coded(Y, A))
    assert list(m) == ["y", "a", "split"]


def test_counts():
    t = toy().counts()
    want = pd.crosstab(np.array(Y) * 2 + A, SPLIT).reindex(range(4), fill_value=0)
    for s in ("train", "val", "test"):
        assert t[s].tolist() == want[s].tolist()
    assert (
        t["all"].tolist() == np.bincount(toy().group).tolist()
        and t.group.tolist() == toy().group_names
        and len(toy().subset([0]).counts()) == 4
    )


# --- balance


@pytest.mark.parametrize("by", ["group", "y"])
@pytest.mark.parametrize("how", ["down", "up"])
def test_balance_makes_equal_counts_deterministically(either, by, how):
    d = either.balance(3, by=by, how=how)
    n = np.bincount(getattr(d, by))
    before = np.bincount(getattr(either, by))
    assert set(n) == {before.min() if how == "down" else before.max()} and agrees(d)
    assert d.manifest.equals(either.balance(3, by=by, how=how).manifest)
    rows = d.images()[:, 0, 0, 2]
    if how == "down":
        assert len(set(rows)) == len(rows)
    else:
        assert set(rows) == {i * 10 for i in range(len(Y))}  # nothing is lost by repeating


def test_balance_depends_on_its_seed():
    assert len({tuple(toy().balance(s).images()[:, 0, 0, 2]) for s in range(8)}) > 1


def test_balance_says_which_groups_it_cannot_balance():
    with pytest.warns(UserWarning, match="1 of 4 groups have no images"):
        d = toy().subset(np.array(Y) * 2 + A != 1).balance(0)
    assert np.bincount(d.group, minlength=4).tolist() == [2, 0, 2, 2]
    with pytest.raises(ValueError, match="how='sideways'"):
        toy().balance(0, how="sideways")


# --- several sets


def test_real_and_generated_keep_what_they_are(tmp_path):
    for sets in (
        [toy(), on_disk(tmp_path / "a", "made", g="generated")],
        [on_disk(tmp_path / "a", "made", g="generated"), toy()],
        [on_disk(tmp_path / "b"), on_disk(tmp_path / "a", "made", g="generated")],
    ):
        d = concatenate(sets)
        assert agrees(d) and len(d) == 2 * len(Y)
        assert (
            d.manifest.g.tolist() == [v for s in sets for v in s.manifest.g]
            and (d.manifest.set == "made").eq(d.manifest.g == "generated").all()
        )
        assert agrees(d.subset(d.manifest.g == "generated")) and d.counts()[
            "train, generated"
        ].sum() == SPLIT.count("train")
    assert d.pixels is None and concatenate([d, toy()]).manifest.set.tolist() == d.manifest.set.tolist() + [
        "toy"
    ] * len(Y)


def test_a_set_without_a_size_takes_that_of_the_pixels(tmp_path):
    assert agrees(concatenate([toy(), on_disk(tmp_path / "a", size=None)]))


def test_sets_that_do_not_fit(tmp_path):
    with pytest.raises(ValueError, match="labels differ"):
        concatenate([toy(), replace(toy(), labels=["dog", "cat"])])
    with pytest.raises(ValueError, match="attributes differ"):
        concatenate([toy(), replace(toy(), attributes=["in", "out"])])
    with pytest.raises(ValueError, match="16 x 16"):
        concatenate([toy(), replace(toy(), pixels=coded(Y, A, 16), name="large")])
    with pytest.raises(ValueError, match="sizes differ"):
        concatenate([on_disk(tmp_path / "a"), on_disk(tmp_path / "b", size=16)])
    with pytest.raises(ValueError, match="nothing"):
        concatenate([])


# --- files


def test_missing_and_broken_files_come_in_one_error(tmp_path):
    d = on_disk(tmp_path / "d")
    (tmp_path / "d/2.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 11 images.*2\.png \(missing\)"):
        d.images()
    for f, content in (
        ("4.png", b""),
        ("5.png", (tmp_path / "d/5.png").read_bytes()[:50]),
        ("9.png", b"<html>404</html>"),
    ):
        (tmp_path / "d" / f).write_bytes(content)
    with pytest.raises(OSError) as e:
        d.images()
    assert "4 of 11 images" in str(e.value) and all(
        f in str(e.value) for f in ("2.png (missing)", "4.png (broken", "5.png (broken", "9.png (broken")
    )
    assert (
        len(d.images([0, 1, 3])) == 3 and "2.png" in d._repr_html_()
    )  # the others can still be read, and the set still be shown


def test_any_kind_of_file_becomes_an_rgb_square(tmp_path):
    files, rng = [], np.random.default_rng(0)
    grey = Image.fromarray(rng.integers(0, 255, (30, 50), np.uint8))
    for mode, name in (
        ("L", "l.png"),
        ("P", "p.gif"),
        ("RGBA", "a.png"),
        ("CMYK", "c.jpg"),
        ("1", "b.bmp"),
        ("I;16", "i.png"),
    ):
        (grey.convert("I").convert("I;16") if mode == "I;16" else grey.convert(mode)).save(tmp_path / name)
        files.append(name)
    d = GroupedImages(
        pd.DataFrame(dict(y=0, a=0, split="train", file=files)), ["x"], ["none"], root=tmp_path, size=20
    )
    assert d.images().shape == (6, 20, 20, 3) and np.array_equal(d.images([0]), d.images([2]))


def test_size_is_asked_for(tmp_path):
    with pytest.raises(ValueError, match="size=224"):
        on_disk(tmp_path / "d", size=None).images()
    assert replace(on_disk(tmp_path / "d", size=None), size=4).images().shape == (11, 4, 4, 3)


def test_the_centre_square_is_read(tmp_path):
    x = np.zeros((10, 30, 3), np.uint8)
    x[:, 10:20] = 200
    Image.fromarray(x).save(tmp_path / "x.png")
    Image.fromarray(x.transpose(1, 0, 2)).save(tmp_path / "t.png")
    d = GroupedImages(
        pd.DataFrame(dict(y=0, a=0, split="train", file=["x.png", "t.png"])),
        ["x"],
        ["none"],
        root=tmp_path,
        size=10,
    )
    assert (d.images() == 200).all()


def test_a_box_is_cut_out_first_and_must_fit(tmp_path):
    Image.fromarray(np.repeat(np.repeat(np.array([[[0] * 3, [255] * 3]], np.uint8), 8, 0), 8, 1)).save(
        tmp_path / "x.png"
    )
    d = GroupedImages(
        pd.DataFrame(dict(y=0, a=0, split="train", file="x.png", box=[(0, 0, 8, 8), (8, 0, 16, 8), None])),
        ["x"],
        ["none"],
        root=tmp_path,
        size=8,
    )
    assert d.images()[0].max() == 0 and d.images()[1].min() == 255 and 0 < d.images()[2].mean() < 255
    wide = replace(d, manifest=d.manifest.assign(box=[(8, 0, 17, 8)] * 3))
    with pytest.raises(OSError, match="16 x 8 pixels do not hold the box"):
        wide.images()


# --- what is refused


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(y=[2] + Y[1:]), "y=2 in 1 of 11 rows is unknown; allowed: 0, 1"),
        (dict(a=[-1] + A[1:]), "a=-1"),
        (dict(y=[np.nan] + Y[1:]), "y=nan"),
        (dict(y=[0.5] + Y[1:]), "y=0.5"),
        (dict(split=["valid"] + SPLIT[1:]), "split='valid'.*allowed: train, val, test"),
        (dict(g="fake"), "g='fake'.*real, generated"),
    ],
)
def test_unknown_values(change, message):
    with pytest.raises(ValueError, match=message):
        GroupedImages(
            pd.DataFrame(dict(y=Y, a=A, split=SPLIT) | change),
            ["cat", "dog"],
            ["indoors", "outdoors"],
            pixels=coded(Y, A),
        )


def test_other_bad_input():
    m = pd.DataFrame(dict(y=Y, a=A, split=SPLIT))
    names = (["cat", "dog"], ["in", "out"])
    with pytest.raises(ValueError, match="lacks split, file"):
        GroupedImages(m.drop(columns="split"), *names)
    with pytest.raises(ValueError, match="no images"):
        GroupedImages(m[:0], *names, pixels=coded(Y, A)[:0])
    with pytest.raises(ValueError, match="for 11 rows"):
        GroupedImages(m, *names, pixels=coded(Y, A)[:-1])
    with pytest.raises(ValueError, match="expected uint8"):
        GroupedImages(m, *names, pixels=coded(Y, A).astype(np.float32))
    with pytest.raises(ValueError, match="without repetition"):
        GroupedImages(m, ["cat", "cat"], names[1], pixels=coded(Y, A))
    with pytest.raises(ValueError, match="size=0"):
        toy(size=0)
    for nothing in ([], np.zeros(11, bool)):
        with pytest.raises(ValueError, match="a subset without images"):
            toy().subset(nothing)
    with pytest.raises(IndexError):
        toy().subset(np.ones(5, bool))
    with pytest.raises(ValueError, match="no split 'val'; it has test"):
        toy().split("test").split("val")


def test_it_shows_its_counts_and_a_row_of_each_group():
    h = toy()._repr_html_()
    assert h.count("<tr>") + h.count("<tr ") == 5 and "dog, outdoors" in h and "data:image/png;base64," in h
    many = GroupedImages(
        pd.DataFrame(dict(y=range(40), a=0, split="test")),
        [f"c{i}" for i in range(40)],
        ["none"],
        pixels=coded([0] * 40, [0] * 40),
    )
    assert "and 28 further groups" in many._repr_html_()
    assert repr(toy()) == "toy: 11 images, 2 classes x 2 attributes, train 6, val 2, test 3"
    assert toy()._repr_html_() == h


# --- the worlds and the digits


def test_world_images_have_objects_and_the_planted_share():
    w = get_world("waterbirds")
    d = world_images(w, 60, "val")
    assert (
        d.manifest.object.notna().all()
        and set(d.manifest.split) == {"val"}
        and d.attributes == ["land", "water"]
        and d.pixels.shape == (60, 64, 64, 3)
    )
    assert ((d.manifest.scene.isin(["water", "sand"])).astype(int) == d.a).all() and (
        d.manifest.g == "real"
    ).all()
    share = {
        r: (lambda e: (e.y == e.a).mean())(world_images(w, 150, "train", ratio=r)) for r in (0.5, 0.75, 1.0)
    }
    assert abs(share[0.5] - 0.5) < 0.1 and abs(share[0.75] - 0.75) < 0.1 and share[1.0] == 1
    with pytest.raises(ValueError, match=r"ratio=0.3 must lie in \[0.5, 1\]"):
        world_images(w, 4, "train", ratio=0.3)
    with pytest.raises(ValueError, match="plants props"):
        world_images(get_world("imagenet_like"), 4, "train", ratio=0.9)


def test_other_worlds_name_their_attributes():
    assert world_images(get_world("celeba"), 4, "train").group_names[3] == "blond, man"
    assert (
        world_images(get_world("celeba_hard"), 4, "train").group_names[1] == "woman, dark"
        and world_images(get_world("waterbirds_hard"), 4, "train").group_names[1] == "landbird, water"
    )
    assert world_images(get_world("clean"), 10, "train").attributes == ["none"] and world_images(
        get_world("imagenet_like"), 10, "train"
    ).attributes == ["without its plant", "with its plant"]
    d = world_images(get_world("d3s"), 20, "train")
    assert len(d.attributes) == 10 and [d.attributes[i] for i in d.a] == d.manifest.scene.tolist()


@pytest.mark.parametrize("name, share", [("waterbirds_hard", 0.97), ("celeba_hard", 0.98)])
def test_hard_worlds_are_faint_and_plant_their_share_in_training_only(name, share):
    w = get_world(name)
    train, test = (world_images(w, 600, *of) for of in (("train",), ("test", 0, 64, 0.5)))
    agree = lambda d: (d.y == d.a).mean()
    assert (
        abs(agree(train) - share) < 0.02
        and abs(agree(test) - 0.5) < 0.06
        and (train.counts()["all"] > 0).all()
    )
    low, high = w.faint_range
    assert (
        train.manifest.opacity.between(low, high).all()
        and test.manifest.opacity.between(low, high).all()
        and high <= 0.5
    )
    _, objects, _ = draw(test.manifest[:20], masks=True)
    assert np.allclose(objects.max((1, 2)), test.manifest.opacity[:20], atol=0.01)


@pytest.mark.parametrize("attribute", ["colour", "texture"])
def test_digits_are_confounded_in_training_only(attribute):
    d = digit_images(0.9, 1, attribute, size=16)
    assert len(d) == 1797 and d.pixels.shape == (1797, 16, 16, 3) and d.manifest.item.is_unique
    for s, want in (("train", 0.9), ("val", 0.5), ("test", 0.5)):
        e = d.split(s)
        for y in (0, 1):
            assert abs((e.a[e.y == y] == y).mean() - want) < 0.01
    assert (d.y == (d.manifest.digit >= 5)).all() and np.array_equal(
        d.pixels, digit_images(0.9, 1, attribute, size=16).pixels
    )
    x = d.images().astype(float).mean((1, 2))
    hue = x[:, 0] - x[:, 2]  # red less blue: ink or photograph tell apart
    assert (
        hue[d.a == (0 if attribute == "colour" else 1)].mean()
        > hue[d.a == (1 if attribute == "colour" else 0)].mean() + 10
    )
    assert not np.array_equal(d.manifest.item, digit_images(0.9, 2, size=16).manifest.item)


def test_digits_refuse():
    with pytest.raises(ValueError, match="correlation=0.2"):
        digit_images(0.2)
    with pytest.raises(ValueError, match="attribute='smell'"):
        digit_images(attribute="smell")
