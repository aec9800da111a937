"A table of captions: killed, resumed, read back, and never mixed."

import json
import os

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import (
    BertTokenizer,
)

from spurious_core.data.grouped import GroupedImages
from spurious_core.data.manifests import draw, sample, write_folder
from spurious_core.data.worlds import get_world
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.models.captioners import load_captioner
from spurious_core.models.captioning import caption_images
from spurious_core.models.preprocessing import write_preprocess
from support.captioners import PREPROCESS, SPECIAL, WORDS, network

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def git(tmp_path_factory):
    folder = tmp_path_factory.mktemp("git")
    network("git").save_pretrained(folder)
    BertTokenizer(vocab={w: i for i, w in enumerate(SPECIAL + WORDS)}).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(write_preprocess(PREPROCESS["git"])))
    return load_captioner(folder)


class Dies:
    "A captioner whose process dies after some batches."

    def __init__(self, inner, after):
        self.inner, self.identity, self.left, self.seen = inner, inner.identity, after, 0

    def __call__(self, images, *a):
        if self.left == 0:
            os._exit(9)
        self.left -= 1
        self.seen += len(images)
        return self.inner(images, *a)


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_killed_and_run_again(git, pictures, tmp_path, killed, ending):
    out, whole = tmp_path / f"captions{ending}", tmp_path / f"whole{ending}"
    assert killed(lambda: caption_images(pictures, Dies(git, 2), out, batch=2)) == 9
    with out.open("a", encoding="utf-8") as f:
        f.write('{"image": 5, "capt' if ending == ".jsonl" else '5,"two')  # as if it had died while writing
    rest = Dies(git, 99)
    t = caption_images(pictures, rest, out, batch=2)
    assert rest.seen == 3
    assert t.caption.tolist() == git(pictures)
    caption_images(pictures, git, whole, batch=2)
    assert out.read_text() == whole.read_text()


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85", "\x0b", "\n", "\r", "\r\n"])
def test_captions_with_line_breaks_of_any_kind_come_back(pictures, tmp_path, ending, sign):
    class Odd:
        identity = "odd"

        def __call__(self, images, *a):
            return [f"two{sign}lines"] * len(images)

    class Mute(Odd):
        __call__ = None

    out = tmp_path / f"captions{ending}"
    caption_images(pictures, Odd(), out)
    out.write_bytes(
        b"\xef\xbb\xbf" + out.read_bytes() + b"\xe2\x80"
    )  # an editor's mark, and a torn character
    assert caption_images(pictures, Mute(), out).caption.tolist() == [f"two{sign}lines"] * len(pictures)


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_captions_with_commas_and_quotes_come_back(pictures, tmp_path, ending):
    class Odd:
        identity = "odd"

        def __call__(self, images, *a):
            return ['a "dog", two cats; a café'] * len(images)

    class Mute:
        identity = "odd"

        def __call__(self, *a):
            raise AssertionError("asked again")

    out = tmp_path / f"c{ending}"
    first = caption_images(pictures, Odd(), out)
    assert caption_images(pictures, Mute(), out).equals(first)
    assert first.caption[0] == 'a "dog", two cats; a café'


def test_pictures_are_known_by_their_pixels(git, pictures, tmp_path):
    out = tmp_path / "c.jsonl"
    caption_images(pictures, git, out)
    again = Dies(git, 99)
    t = caption_images(np.concatenate([pictures[::-1], pictures]), again, out)
    assert again.seen == 0
    assert t.caption.tolist() == git(pictures)[::-1] + git(pictures)
    changed = pictures.copy()
    changed[2] = 255 - changed[2]
    caption_images(changed, again, out)
    assert again.seen == 1


def test_equal_pictures_are_captioned_once(git, pictures):
    c = Dies(git, 99)
    t = caption_images(np.repeat(pictures[:2], 4, 0), c, batch=3)
    assert c.seen == 2
    assert t.caption.nunique() <= 2
    assert len(t) == 8


def test_another_captioner_or_another_file_is_refused(git, pictures, tmp_path):
    out = tmp_path / "c.csv"
    caption_images(pictures[:2], git, out)
    other = Dies(git, 9)
    other.identity = "other"
    before = out.read_text()
    with pytest.raises(ValueError, match="captions by another checkpoint"):
        caption_images(pictures, other, out)
    assert out.read_text() == before
    for name, text in (
        ("a.csv", "x,y\n1,2\n"),
        ("a.jsonl", '{"x": 1}\n'),
        ("b.jsonl", "hello\n"),
        ("b.csv", "image,caption,pixels,captioner\n1,2\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(ValueError):
            caption_images(pictures, git, tmp_path / name)
        assert (tmp_path / name).read_text() == text
    with pytest.raises(ValueError, match="must end in"):
        caption_images(pictures, git, tmp_path / "c.txt")


def test_tables_of_image_sets_and_lazy_images(git, tmp_path):
    m = sample(get_world("waterbirds"), 6, "train")
    folder = write_folder(m, tmp_path / "set")
    said = git(draw(m))
    t = caption_images(load_image_set(folder), git, batch=4)
    assert t.caption.tolist() == said
    assert t.image[0].endswith("000000.png")
    lazy = GroupedImages(
        m.assign(file=[f"{i:06d}.png" for i in range(6)]),
        ["landbird", "waterbird"],
        ["land", "water"],
        root=folder,
        size=64,
    )
    t = caption_images(lazy, git, batch=4)
    assert t.caption.tolist() == said
    assert t.image[1] == "000001.png"
    with pytest.raises(ValueError, match="needs a column path"):
        caption_images(m, git)


def test_a_missing_picture_loses_nothing(git, tmp_path):
    m = sample(get_world("waterbirds"), 6, "train")
    folder = write_folder(m, tmp_path / "set")
    (folder / "000004.png").unlink()
    out = tmp_path / "c.csv"
    lazy = GroupedImages(
        m.assign(file=[f"{i:06d}.png" for i in range(6)]),
        ["landbird", "waterbird"],
        ["land", "water"],
        root=folder,
        size=64,
    )
    with pytest.raises(FileNotFoundError, match="000004.png"):
        caption_images(lazy, git, out, batch=2)
    assert len(pd.read_csv(out)) == 4
