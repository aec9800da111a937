"A run looked through: pages, the row of a picture, and the picture drawn again."

import asyncio
import base64

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from spurious_core.core.files import checkpoint_hash
from spurious_core.diffusion.adapters import LORA
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.image_sets import load_image_set
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.explore.run_browser import (
    RunBrowser,
    comparison_line,
    difference,
    draw_comparison,
    draw_page,
    provenance_html,
)
from spurious_core.explore.run_folders import find_adapter
from support.pages import check_page
from support.run_folders import break_figures, write_run

GREY = np.full((8, 8, 3), 90, np.uint8)


@pytest.fixture
def run(tmp_path, tiny_pipeline):
    return write_run(tmp_path / "run", pipe=tiny_pipeline, n=18)


def alts(browser):
    return [image["alt"] for image in check_page(browser.picture.value, 1_000_000).images]


def test_pages_and_buttons(run):
    browser = RunBrowser(run)
    assert [name for name, _ in browser.part.options][:2] == ["numbers", "figure noise0"]
    assert "wga.mini.arm3" in browser.picture.value
    browser.part.index = 1
    assert alts(browser) == ["figure noise0"]
    browser.part.value = run / "drawn"
    assert alts(browser) == ["pictures 0 to 15 of 18, page 0 of 1"] and len(browser.buttons.children) == 16
    browser.page.value = 1
    assert alts(browser) == ["pictures 16 to 17 of 18, page 1 of 1"]
    assert [button.description for button in browser.buttons.children] == ["16", "17"]


def test_sliders_whose_places_change_are_made_anew(run):
    browser, turns = RunBrowser(run), []
    browser.page.observe(lambda change: turns.append((change["new"], browser.page.max)), "orientation")
    browser.part.observe(lambda change: turns.append((change["new"], "part")), "orientation")
    browser.part.value = run / "drawn"
    assert turns == [("vertical", 1), ("horizontal", 1)]
    browser.path.value = str(run) + "/"
    assert turns[2:] == [("vertical", "part"), ("horizontal", "part")]


def test_a_click_shows_the_row_and_draws_it_again(run, tiny_pipeline):
    browser = RunBrowser(run, lambda: tiny_pipeline)
    browser.part.value = run / "drawn"
    browser.buttons.children[3].click()
    page = check_page(browser.detail.value)
    assert "000003.png" in page.text and "a <b>" in page.text and "image_hash" in page.text
    browser.again.click()
    assert alts(browser) == ["000003.png: the same to the last pixel"]
    file = run / "drawn" / "000003.png"
    Image.fromarray(255 - np.asarray(Image.open(file))).save(file)
    browser.again.click()
    assert "% of pixels differ" in alts(browser)[0]


def test_without_a_pipeline_nothing_is_drawn_again(run):
    browser = RunBrowser(run)
    browser.part.value = run / "drawn"
    browser.buttons.children[0].click()
    assert browser.again.disabled


def test_another_checkpoint_is_one_line(run, other_pipeline):
    browser = RunBrowser(run, lambda: other_pipeline)
    browser.part.value = run / "drawn"
    browser.buttons.children[0].click()
    browser.again.click()
    assert "was drawn with checkpoint" in browser.status.value and "\n" not in browser.status.value


def test_what_cannot_be_opened_is_one_line(run, tmp_path):
    browser = RunBrowser(run)
    for path, reason in ((tmp_path / "nowhere", "is no folder"), (run / "figures", "figures")):
        browser.path.value = str(path)
        assert reason in browser.status.value or reason in browser.picture.value
    browser.path.value = " "
    assert "must be the path of a folder" in browser.status.value
    browser.path.value = str(run)
    (run / "drawn" / "000001.png").unlink()
    browser.part.value = run / "drawn"
    assert "1 images are missing" in browser.status.value and not browser.buttons.children


def test_a_figure_that_cannot_be_seen_is_one_line(tmp_path):
    folder = write_run(tmp_path / "run")
    break_figures(folder)
    browser = RunBrowser(folder)
    for number, reason in enumerate(("missing", "is no regular file", "broken")):
        browser.part.value = folder / f"figures/noise{number}.png"
        assert f"noise{number}.png: {reason}" in browser.status.value and not browser.picture.value
    browser.part.value = folder / "figures/noise3.png"
    assert alts(browser) == ["figure noise3"] and not browser.status.value


def test_figures_are_shown_as_what_they_are(tmp_path):
    folder = write_run(tmp_path / "run")
    svg = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'
    (folder / "figures/noise0.svg").write_text(svg)
    Image.fromarray(GREY).save(folder / "figures/tif.png", format="TIFF")
    browser = RunBrowser(folder)
    names = [name for name, _ in browser.part.options]
    assert {"figure noise0", "figure noise0.svg", "figure tif"} <= set(names)
    browser.part.index = names.index("figure noise0.svg")
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    assert f'src="{source}"' in browser.picture.value
    browser.part.index = names.index("figure tif")
    assert alts(browser) == ["figure tif"] and "data:image/png;base64,iVBOR" in browser.picture.value


def test_the_adapter_is_found_by_its_hash(tmp_path, tiny_pipeline):
    layer = next(n for n, m in tiny_pipeline.unet.named_modules() if n.endswith("attn1.to_q"))
    width = tiny_pipeline.unet.get_submodule(layer).weight.shape[0]
    down, up = torch.ones(2, width) * 0.1, torch.ones(width, 2) * 0.1
    for name, scale in (("first", 1.0), ("second", 2.0)):
        (tmp_path / name).mkdir()
        matrices = {f"unet.{layer}.lora_A.weight": down * scale, f"unet.{layer}.lora_B.weight": up}
        save_file(matrices, tmp_path / name / LORA)
    second = tmp_path / "second"
    assert find_adapter(tmp_path, checkpoint_hash(second)) == second
    generate(tiny_pipeline, plan_prompts("a", 1), tmp_path / "set", steps=2, adapter=second, progress=False)
    browser = RunBrowser(tmp_path, lambda: tiny_pipeline)
    browser.part.value = tmp_path / "set"
    browser.buttons.children[0].click()
    browser.again.click()
    assert alts(browser) == ["000000.png: the same to the last pixel"]


def test_differences():
    other = GREY.copy()
    other[0, 0] = 100
    assert difference(GREY, other).max() == 10 and comparison_line(GREY, GREY) == "the same to the last pixel"
    assert comparison_line(GREY, other) == "1.6 % of pixels differ, by at most 10 of 255"
    assert draw_comparison(GREY, other).texts[0].get_text() == comparison_line(GREY, other)


def test_a_page_that_is_not_there(run):
    with pytest.raises(ValueError, match="page=2 must be below 2"):
        draw_page(load_image_set(run / "drawn"), 2)


def test_provenance_is_text(run):
    row = load_image_set(run / "drawn").iloc[0]
    page = check_page(provenance_html(row))
    assert "a <b>" in page.text and str(row.path) not in page.text


def slow_steps(run, row, load):
    "Of drawing a picture again."
    yield 0.0, "the pipeline is loaded"
    yield 0.5, "it is drawn"
    return np.full((16, 16, 3), 90, np.uint8)


@pytest.fixture
def browser(run, monkeypatch):
    "A browser at the pictures of a run, which draws them again in two steps."
    monkeypatch.setattr("spurious_core.explore.run_browser.draw_again", slow_steps)
    browser = RunBrowser(run, lambda: None)
    browser.part.value = run / "drawn"
    return browser


def move_to(browser, place):
    "What one does while a picture is drawn again."
    if place == "another picture":
        browser.buttons.children[5].click()
    elif place == "another page":
        browser.page.value = 1
    elif place == "a folder that is not there":
        browser.path.value = "/nowhere"
    else:
        browser.part.index = 0


@pytest.mark.parametrize(
    "place, status",
    [
        ("the numbers", ""),
        ("another picture", "picture 5"),
        ("another page", "stopped"),
        ("a folder that is not there", "/nowhere is no folder"),
    ],
)
def test_what_is_drawn_again_is_not_shown_over_something_else(browser, place, status):
    async def draw_and_move():
        browser._home = asyncio.get_running_loop()
        browser.buttons.children[3].click()
        browser.again.click()
        await asyncio.sleep(0)
        assert "is loaded" in browser.status.value
        move_to(browser, place)
        seen = browser.picture.value
        for _ in range(5):
            await asyncio.sleep(0)
        return seen

    assert asyncio.run(draw_and_move()) == browser.picture.value
    assert status in browser.status.value and browser.stop_button.disabled
    assert bool(browser.status.value) == bool(status)


def test_the_picture_that_was_clicked_is_drawn_again(browser):
    "Though another one is picked before the panel's loop hears of the click."

    async def click_and_pick():
        browser._home = asyncio.get_running_loop()
        browser.pick(3)

        def click():
            browser.again.click()
            browser.pick(5)

        await asyncio.to_thread(click)
        await asyncio.sleep(0)
        browser.finish()

    asyncio.run(click_and_pick())
    assert alts(browser)[0].startswith("000003.png")


def test_a_button_of_a_set_that_is_gone_is_one_line(browser, run):
    old = browser.buttons.children[2]
    browser.part.index = 0
    old.click()
    assert "ValueError: picture 2 is of a set that is shown no longer" in browser.status.value
    browser.part.value = run / "drawn"
    old.click()
    assert "shown no longer" in browser.status.value and not browser.detail.value
    for number in (18, -1):
        with pytest.raises(ValueError, match=f"there is no picture {number} here"):
            browser.pick(number)
    browser.part.index = 0
    browser.again.click()
    assert "no picture is picked" in browser.status.value
