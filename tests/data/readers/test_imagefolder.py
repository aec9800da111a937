"Any imagefolder: codes and names, splits, origin, and what is refused."

import json
import warnings

import numpy as np
import pandas as pd
import pytest

from spurious_core.data.joined import concatenate
from spurious_core.data.manifests import draw, sample, write_folder
from spurious_core.data.readers.imagefolder import imagefolder
from spurious_core.data.worlds import get_world
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.plans import plan_prompts
from support.data_trees import SPLITS, A, Y, agrees, numbers, put


def folder_of(root, rows, form="jsonl"):
    for i, r in enumerate(rows):
        put(root / r["file_name"], r.get("_y", r.get("y", 0)), r.get("_a", r.get("a", 0)), i)
    rows = [{k: v for k, v in r.items() if k[0] != "_"} for r in rows]
    if form == "csv":
        pd.DataFrame(rows).to_csv(root / "metadata.csv", index=False)
    else:
        (root / "metadata.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return root


def rows(**kw):
    return [
        dict(file_name=f"{(i * 5) % 12:02d}.png", y=Y[i], a=A[i], split=SPLITS[i])
        | {k: v[i] if isinstance(v, list) else v for k, v in kw.items()}
        for i in range(12)
    ]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_imagefolder_codes_and_names(tmp_path, form):
    d = imagefolder(
        folder_of(
            tmp_path / "a",
            rows(label=[("cat", "dog")[y] for y in Y], attribute=[("in", "out")[a] for a in A]),
            form,
        )
    )
    assert agrees(d)
    assert numbers(d) == list(range(12))
    assert d.labels == ["cat", "dog"]
    assert d.attributes == ["in", "out"]
    assert d.manifest.split.tolist() == SPLITS
    text = [
        dict(
            file_name=r["file_name"],
            label=("cat", "dog")[r["y"]],
            attribute=("in", "out")[r["a"]],
            _y=r["y"],
            _a=r["a"],
        )
        for r in rows()
    ]
    e = imagefolder(folder_of(tmp_path / "b", text, form))
    assert agrees(e)
    assert set(e.manifest.split) == {"train"}
    assert e.labels == ["cat", "dog"]
    f = imagefolder(tmp_path / "b", labels=["dog", "cat"], split="test")
    assert f.y.tolist() == [1 - y for y in Y]
    assert set(f.manifest.split) == {"test"}
    plain = imagefolder(
        folder_of(
            tmp_path / "c", [dict(file_name=r["file_name"], label=r["y"], _y=r["y"]) for r in rows()], form
        )
    )
    assert plain.labels == ["label 0", "label 1"]
    assert plain.attributes == ["none"]
    assert agrees(plain)


def test_imagefolder_of_split_folders(tmp_path):
    for k, s in enumerate(("train", "validation", "test")):
        folder_of(
            tmp_path / s,
            [{k: v for k, v in r.items() if k != "split"} for r in rows()[4 * k : 4 * k + 4]],
            ("jsonl", "csv", "jsonl")[k],
        )
    d = imagefolder(tmp_path)
    assert agrees(d)
    assert d.manifest.split.tolist() == ["train"] * 4 + ["val"] * 4 + ["test"] * 4
    assert d.y.tolist() == Y


def test_one_table_above_split_folders(tmp_path):
    "The folder says the split, unless it is the class."
    files = ["Training/0.png", "./valid/1.png", "test/2.png", "3.png", "test/4.png"]
    labels = ["cat", "dog", "cat", "dog", "test"]
    for i, name in enumerate(files):
        put(tmp_path / name, i % 2, 0, i)
    table = [f"{name},{label}" for name, label in zip(files, labels, strict=True)]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,label", *table]) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that a split lacks
        assert imagefolder(tmp_path).manifest.split.tolist() == ["train", "val", "test", "train", "train"]


def test_imagefolder_without_metadata(tmp_path):
    for i in range(12):
        put(tmp_path / "flat" / ("cat", "dog")[Y[i]] / f"{i:02d}.png", Y[i], 0, i)
        put(
            tmp_path
            / "split"
            / ("train", "validation", "test")[i // 4]
            / ("cat", "dog")[Y[i]]
            / f"{i:02d}.png",
            Y[i],
            0,
            i,
        )
    (tmp_path / "flat" / "empty").mkdir()
    (tmp_path / "flat" / "cat" / "notes.txt").write_text("no picture")
    with pytest.warns(
        UserWarning, match=r"left out: 1 files \(cat/notes.txt\), 1 folders without pictures \(empty/\)"
    ):
        d = imagefolder(tmp_path / "flat")
    assert d.labels == ["cat", "dog"]
    assert d.attributes == ["none"]
    assert set(d.manifest.split) == {"train"}
    assert sorted(numbers(d)) == list(range(12))
    assert agrees(d)
    assert imagefolder(tmp_path / "flat", labels=["dog", "emu", "cat"]).y.tolist() == [
        2 * (1 - y) for y in d.y
    ]
    e = imagefolder(tmp_path / "split")
    assert agrees(e)
    assert {n: s for n, s in zip(numbers(e), e.manifest.split, strict=True)} == {
        i: ("train", "val", "test")[i // 4] for i in range(12)
    }
    with pytest.raises(ValueError, match="label='cat' is unknown; allowed: dog"):
        imagefolder(tmp_path / "flat", labels=["dog"])
    with pytest.raises(FileNotFoundError, match="or folders named after the classes"):
        imagefolder(tmp_path / "flat" / "empty")


def test_imagefolder_origin(tmp_path):
    assert (
        imagefolder(
            folder_of(tmp_path / "a", rows(source=["text2img"] * 4 + ["inpaint"] * 4 + ["real"] * 4))
        ).manifest.g.tolist()
        == ["generated"] * 8 + ["real"] * 4
    )
    assert (
        imagefolder(
            folder_of(tmp_path / "b", rows(g=["generated", "real"] * 6, source="flickr"))
        ).manifest.g.tolist()
        == ["generated", "real"] * 6
    )
    with pytest.raises(ValueError, match="source='flickr' may be real or generated"):
        imagefolder(folder_of(tmp_path / "c", rows(source="flickr")))
    assert set(imagefolder(tmp_path / "c", g="real").manifest.g) == {"real"}
    assert set(imagefolder(tmp_path / "a", g="generated").manifest.g) == {"generated"}


@pytest.mark.parametrize(
    "change, kw, message",
    [
        (dict(y=[2] + Y[1:]), dict(labels=["cat", "dog"]), "column y: expected 0, 1; found"),
        (dict(y=["cat"] + Y[1:]), {}, "y: row 0 has 'cat'; expected whole numbers"),
        (dict(label=["cat"] * 6 + ["dog"] * 6), {}, "y and label contradict each other"),
        (dict(label=[("cat", "dog")[y] for y in Y]), dict(labels=["dog", "cat"]), "contradict"),
        (
            dict(y=[2 if y else 0 for y in Y], label=[("cat", "emu")[y] for y in Y]),
            {},
            r"only \[0, 2\] occur; give the names of all",
        ),
        (dict(split="holdout"), {}, "split='holdout' in row 0 is unknown; allowed: train, val, test"),
        (dict(split=[0] * 12), {}, "split=0 in row 0 is unknown"),
        (dict(split=["train"] * 11 + [""]), {}, "split='' in row 11 is unknown"),
        (dict(g="fake"), {}, "g='fake'"),
        (dict(y=[5 * y for y in Y]), {}, r"only \[0, 5\] occur; give the names of all"),
        (dict(y=-1), {}, "expected rows, found none"),
    ],
)
def test_imagefolder_refuses(tmp_path, change, kw, message):
    with pytest.raises(ValueError, match=message), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        imagefolder(folder_of(tmp_path, [r | dict(_y=0) for r in rows(**change)]), **kw)


def test_names_that_differ_in_case_alone_are_told(tmp_path):
    for i, name in enumerate(("Cat", "cat", "dog")):
        put(tmp_path / name / "a.png", i, 0)
    with pytest.warns(UserWarning, match="Cat and cat differ in upper and lower case alone"):
        assert imagefolder(tmp_path).labels == ["Cat", "cat", "dog"]


def test_imagefolder_with_bad_metadata(tmp_path):
    folder_of(tmp_path, rows())
    text = (tmp_path / "metadata.jsonl").read_text()
    n = text.find("\n") + 1
    for content, message in (
        (text[:n] + '{"file_name": "01.p\n' + text[n:], "line 2 of .* is no JSON"),
        (text.replace("file_name", "path"), "expected the column file_name"),
        ("", "expected the column file_name"),
        (text.replace('"y"', '"species"'), "expected the column y or label"),
    ):
        (tmp_path / "metadata.jsonl").write_text(content)
        with pytest.raises(ValueError, match=message):
            imagefolder(tmp_path)
    (tmp_path / "metadata.jsonl").write_text(text)
    (tmp_path / "05.png").unlink()
    with pytest.raises(FileNotFoundError, match="1 are missing, such as 05.png"):
        imagefolder(tmp_path)
    (tmp_path / "metadata.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match="expected metadata.jsonl or metadata.csv"):
        imagefolder(tmp_path)


def test_what_miniworld_writes_is_read(tmp_path):
    m = sample(get_world("waterbirds"), 20, "val", object_free=0.3)
    free = (m.y == -1).to_numpy()
    assert 0 < free.sum() < 20
    with pytest.warns(UserWarning, match=f"{free.sum()} of 20 rows have no object"):
        d = imagefolder(write_folder(m, tmp_path / "w"), size=64, attributes=["land", "water"])
    assert np.array_equal(d.images(), draw(m)[~free])
    assert d.y.tolist() == m.y[~free].tolist()
    assert d.a.tolist() == m.a[~free].tolist()
    assert set(d.manifest.split) == {"val"}
    assert set(d.manifest.g) == {"real"}
    assert d.labels == ["landbird", "waterbird"]


def test_what_generate_writes_is_read_and_joins_the_real(tmp_path, tiny_pipeline):
    plan = plan_prompts(
        ["a landbird in water", "a waterbird in a forest"],
        2,
        y=[0, 1],
        a=[1, 0],
        label=["landbird", "waterbird"],
        split="train",
    )
    table = generate(tiny_pipeline, plan, tmp_path / "g", steps=2, progress=False)
    d = imagefolder(tmp_path / "g", 16, labels=["landbird", "waterbird"], attributes=["land", "water"])
    assert d.group.tolist() == [1, 1, 2, 2]
    assert set(d.manifest.g) == {"generated"}
    assert d.manifest.prompt.tolist() == table.prompt.tolist()
    real = imagefolder(folder_of(tmp_path / "real", rows(), "csv"), 16, d.labels, d.attributes)
    both = concatenate([real, d])
    assert both.manifest.g.tolist() == ["real"] * 12 + ["generated"] * 4
    assert np.array_equal(both.images(), np.concatenate([real.images(), d.images()]))


def class_folders(root, *names):
    for i, name in enumerate(names):
        put(root / name, 0, 0, i)
    return root


def test_splits_under_other_names(tmp_path):
    class_folders(tmp_path, "Training/cat/0.png", "dev/cat/1.png", "valid/cat/2.png", "testing/cat/3.png")
    assert imagefolder(tmp_path).manifest.split.tolist() == ["train", "val", "val", "test"]
    described = folder_of(tmp_path / "described", rows(split=["Training"] * 6 + ["dev"] * 6))
    assert imagefolder(described).manifest.split.tolist() == ["train"] * 6 + ["val"] * 6


def test_what_is_left_out_is_told_in_one_line(tmp_path):
    class_folders(tmp_path, "cat/0.png", "dog/1.jfif", "dog/2.tif")
    (tmp_path / "cat" / "notes.txt").write_text("x")
    (tmp_path / "cat" / "._0.png").write_bytes(b"of a disk image")
    hidden = r"1 hidden pictures \(cat/._0.png\)"
    with pytest.warns(UserWarning, match=rf"found 3 pictures; left out: 1 files \(cat/notes.txt\), {hidden}"):
        assert imagefolder(tmp_path).labels == ["cat", "dog"]


def test_classes_that_a_split_lacks_are_named(tmp_path):
    class_folders(tmp_path, "train/cat/0.png", "train/dog/1.png", "test/cat/2.png")
    with pytest.warns(UserWarning, match=r"classes without pictures in a split: dog \(test\)"):
        imagefolder(tmp_path)


@pytest.mark.parametrize(
    "second, said",
    [
        (dict(split="test"), "split train and test"),
        (dict(y=1, label="dog"), "y 0 and 1"),
        (dict(file_name="./00.png"), "00.png stands in rows 0 and 1"),
    ],
)
def test_a_file_stands_once(tmp_path, second, said):
    first = dict(file_name="00.png", y=0, label="cat", split="train")
    folder_of(tmp_path, [first, first | second])
    with pytest.raises(ValueError, match=said):
        imagefolder(tmp_path)


def test_files_lie_inside_unless_asked(tmp_path):
    put(tmp_path / "outside.png", 0, 0, 0)
    for name in ("../outside.png", str(tmp_path / "outside.png")):
        (tmp_path / "set").mkdir(exist_ok=True)
        line = json.dumps(dict(file_name=name, label="cat"))
        (tmp_path / "set" / "metadata.jsonl").write_text(line + "\n")
        with pytest.raises(
            ValueError,
            match="1 files lie outside of .*outside.png; read_dataset takes them with outside=True",
        ):
            imagefolder(tmp_path / "set")
        assert len(imagefolder(tmp_path / "set", outside=True)) == 1


def test_an_upright_picture_is_read_upright_by_every_reader(tmp_path):
    "The same file as a training picture, a reference and an initial picture."
    from PIL import Image

    from spurious_core.core.images import picture
    from spurious_core.diffusion.references import load_references

    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:, :8] = 250
    tag = Image.Exif()
    tag[0x0112] = 6
    (tmp_path / "cat").mkdir()
    Image.fromarray(pixels).save(tmp_path / "cat/0.png", exif=tag)
    upright = np.rot90(pixels, -1)
    assert np.array_equal(imagefolder(tmp_path, 16).images()[0], upright)
    assert np.array_equal(load_references(tmp_path / "cat", 16, 1)[0], upright)
    assert np.array_equal(picture(tmp_path / "cat/0.png", 16) * 255, upright)


def test_a_link_to_a_folder_above_is_not_walked(tmp_path):
    for label in ("cat", "dog"):
        put(tmp_path / label / "0.png", 0, 0, 0)
    (tmp_path / "cat" / "again").symlink_to(tmp_path)
    (tmp_path / "dog" / "self").symlink_to(tmp_path / "dog")
    assert len(imagefolder(tmp_path)) == 2


@pytest.mark.parametrize("name", [None, ["0.png"], "", 1.5])
def test_a_row_without_the_name_of_a_file_is_named(tmp_path, name):
    lines = [dict(file_name=name, y=0), dict(file_name="0.png", y=1)]
    put(tmp_path / "0.png", 0, 0, 0)
    (tmp_path / "metadata.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(ValueError, match="file_name=.* in row 0 must be a text"):
        imagefolder(tmp_path)


@pytest.mark.parametrize(
    "names", [("cat", "cat "), ("caf\u00e9", "cafe\u0301")], ids=["white space", "Unicode form"]
)
@pytest.mark.parametrize("described", [False, True])
def test_classes_that_look_alike_are_refused(tmp_path, names, described):
    found = [dict(file_name=f"{name}/0.png", label=name) for name in names]
    folder_of(tmp_path, found)
    if not described:
        (tmp_path / "metadata.jsonl").unlink()
    with pytest.raises(ValueError, match="labels: .* differ by white space or Unicode form only; rename one"):
        imagefolder(tmp_path)


def test_two_metadata_files_are_refused(tmp_path):
    for form in ("jsonl", "csv"):
        folder_of(tmp_path, rows(), form)
    with pytest.raises(ValueError, match="holds metadata.csv and metadata.jsonl; keep the one"):
        imagefolder(tmp_path)


def test_metadata_that_were_not_read_are_named(tmp_path):
    folder_of(tmp_path, [dict(file_name=name, label="cat") for name in ("0.png", "val/1.png")])
    folder_of(tmp_path / "val", [dict(file_name="1.png", label="dog")])
    with pytest.warns(UserWarning, match=r"found 2 pictures; left out: 1 files \(val/metadata.jsonl\)"):
        imagefolder(tmp_path)


def test_spaces_beside_the_commas_of_a_table_are_no_part_of_a_label(tmp_path):
    folder_of(tmp_path, [dict(file_name="0.png"), dict(file_name="1.png")])
    (tmp_path / "metadata.jsonl").unlink()
    (tmp_path / "metadata.csv").write_text("file_name, label\n0.png, cat\n1.png, dog\n", encoding="utf-8")
    assert imagefolder(tmp_path).labels == ["cat", "dog"]
