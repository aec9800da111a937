"Objects that draw themselves in a notebook: whole pages, small, the same every time, and names are text."

import base64
import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from spurious_core.core.markup import picture_html, thumbnails_html
from spurious_core.data.grouped import GroupedImages
from spurious_core.diffusion.adapters import EMBEDS, LORA, summarise_adapter
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.image_sets import ImageSet, load_image_set
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.evaluate.reports import group_report
from spurious_core.find.neural_pca import fit_neural_pca
from support.pages import check_page
from support.small_guide import features, small_guide

NASTY = "<b>'\"&"


def grouped():
    manifest = pd.DataFrame(dict(y=[0, 0, 1], a=[0, 1, 1], split="test"))
    pixels = np.full((3, 8, 8, 3), 90, np.uint8)
    return GroupedImages(manifest, [NASTY, "dog"], ["day", "night"], NASTY, pixels)


def report():
    return group_report([0, 0, 1], [0, 1, 1], [0, 1, 1], [NASTY, "dog"], ["day", "night"])


def components():
    return replace(fit_neural_pca(small_guide(), features(40), "dog"), label=NASTY)


@pytest.fixture
def adapter(tmp_path):
    folder = tmp_path / NASTY.replace('"', "")
    folder.mkdir()
    down, up = torch.zeros(4, 7), torch.zeros(7, 4)
    save_file({"unet.a.lora_A.weight": down, "unet.a.lora_B.weight": up}, folder / LORA)
    save_file({NASTY: torch.zeros(1, 16)}, folder / EMBEDS)
    return summarise_adapter(folder)


@pytest.mark.parametrize("build", [grouped, report, components], ids=lambda f: f.__name__)
def test_pages_of_what_is_in_memory(build):
    drawn = build()
    page = check_page(drawn._repr_html_())
    assert NASTY in page.text and drawn._repr_html_() == build()._repr_html_()


@pytest.mark.parametrize("build", [grouped, report, components], ids=lambda f: f.__name__)
def test_tables_are_markdown_as_well(build):
    text = build()._repr_markdown_()
    assert "<b>" not in text and "&lt;b&gt;" in text and "|" in text
    assert text == build()._repr_markdown_()


def test_groups_in_markdown_are_counted_and_few():
    text = grouped()._repr_markdown_()
    assert [line.split("|")[2].strip() for line in text.splitlines() if "day" in line or "night" in line] == [
        "1",
        "1",
        "1",
    ]
    labels, y = [f"class {i}" for i in range(30)], np.arange(30)
    many = GroupedImages(
        pd.DataFrame(dict(y=y, a=0, split="test")), labels, ["day"], "many", np.zeros((30, 8, 8, 3), np.uint8)
    )
    text = many._repr_markdown_()
    assert text.count("day") == 12 and text.endswith("and 18 further groups")


def test_bars_of_a_report_say_what_they_show():
    labels = [
        attributes["aria-label"]
        for tag, attributes in check_page(report()._repr_html_()).tags
        if tag == "svg"
    ]
    assert labels and all("percent" in label for label in labels)


def test_an_adapter(adapter):
    page = check_page(adapter._repr_html_())
    assert (adapter.kind, adapter.layers, adapter.ranks) == ("LoRA and learned words", 1, (4,))
    assert NASTY in page.text and adapter.hash in page.text and "<b>" not in adapter._repr_markdown_()


def test_what_is_no_adapter(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no adapter"):
        summarise_adapter(tmp_path)


def test_an_image_set_and_what_is_made_of_it(tmp_path, tiny_pipeline):
    table = generate(tiny_pipeline, plan_prompts("a <b>", 13), tmp_path / "set", steps=1, progress=False)
    page = check_page(table._repr_html_())
    assert [image["alt"] for image in page.images] == ["a <b>"] * 12 and "13 images, 1 prompts" in page.text
    assert table._repr_html_() == load_image_set(tmp_path / "set")._repr_html_()
    text = table._repr_markdown_()
    assert "**13 images, 1 prompts**" in text and text.count("a &lt;b&gt;") == 4 and "<b>" not in text
    assert text == load_image_set(tmp_path / "set")._repr_markdown_()
    assert type(table) is ImageSet
    plain = [table.head(2), table.drop(columns="path"), table.assign(y=0), pd.concat([table, table])]
    assert {type(each) for each in plain} == {pd.DataFrame}
    (tmp_path / "set" / "000003.png").unlink()
    assert "000003.png: missing" in check_page(table._repr_html_()).text


def test_thumbnails_are_few_and_small():
    images = np.random.default_rng(0).integers(0, 255, (30, 100, 200, 3), dtype=np.uint8)
    page = check_page(thumbnails_html(images, [NASTY] * 30, side=32, limit=5))
    assert [image["alt"] for image in page.images] == [NASTY] * 5


def test_pictures_of_any_kind():
    grey = np.full((4, 6, 3), 9, np.uint8)
    assert picture_html(grey, "x") == picture_html(Image.fromarray(grey), "x")
    assert check_page(picture_html(grey, NASTY, width=3)).images[0]["width"] == "3"


def test_small_pictures_keep_their_proportions(tmp_path):
    "Also in a set whose pictures have several shapes."
    shapes = [(20, 80), (90, 30), (1, 300), (64, 64), (8, 8)]
    rows = []
    for number, shape in enumerate(shapes):
        Image.fromarray(np.zeros((*shape, 3), np.uint8)).save(tmp_path / f"{number}.png")
        rows.append(dict(file_name=f"{number}.png", path=str(tmp_path / f"{number}.png")))
    page = check_page(ImageSet(rows)._repr_html_())
    contents = [base64.b64decode(image["src"].split(",")[1]) for image in page.images]
    sizes = [Image.open(io.BytesIO(content)).size for content in contents]
    assert sizes == [(64, 16), (21, 64), (64, 1), (64, 64), (8, 8)]
