"A bench: arms from the same noise, judged, and hearts that keep pictures as references."

import numpy as np
import pytest
import torch
from ipywidgets import BoundedFloatText
from safetensors.torch import save_file

from spurious_core.core.images import read_images
from spurious_core.diffusion.adapters import LORA, use_adapter
from spurious_core.diffusion.image_sets import read_metadata
from spurious_core.diffusion.sampling import sample_images
from spurious_core.explore.generation_bench import (
    NO_ADAPTER,
    Bench,
    DrawRequest,
    GenerationBench,
    draw_bench,
    keep_reference,
)
from support.pages import check_page
from support.small_guide import small_guide

REQUEST = DrawRequest("a <b>", seed=3, n=2)


@pytest.fixture
def bench(tiny_pipeline, tmp_path):
    layer = next(name for name, _ in tiny_pipeline.unet.named_modules() if name.endswith("attn1.to_q"))
    width, rng = tiny_pipeline.unet.get_submodule(layer).weight.shape[0], torch.Generator().manual_seed(0)
    down, up = torch.randn(2, width, generator=rng), torch.randn(width, 2, generator=rng)
    save_file({f"unet.{layer}.lora_A.weight": down, f"unet.{layer}.lora_B.weight": up}, tmp_path / LORA)
    return Bench(tiny_pipeline, "dog", [small_guide()], {"loss": tmp_path / LORA}, steps=2)


@pytest.fixture
def panel(bench, tmp_path):
    panel = GenerationBench(bench, tmp_path / "kept", "a <b>")
    panel.number.value = 2
    return panel


def drawn_by(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_arms_share_their_noise_and_are_drawn_as_by_hand(bench, tmp_path):
    drawn = drawn_by(bench.draw(REQUEST, [NO_ADAPTER, "loss"]))
    assert (drawn.images[NO_ADAPTER] == sample_images(bench.pipe, REQUEST.plan, 1, steps=2)).all()
    with use_adapter(bench.pipe, tmp_path / LORA) as adapted:
        assert (drawn.images["loss"] == sample_images(adapted, REQUEST.plan, 1, steps=2)).all()
    assert (drawn.images["loss"] != drawn.images[NO_ADAPTER]).any()
    assert [len(verdict) for verdict in drawn.verdicts.values()] == [2, 2]
    assert len(draw_bench(drawn).axes) == 1


def test_a_long_prompt_leaves_the_pictures_their_size(bench):
    request = DrawRequest("a photo of a dog, " + "very " * 80 + "old", n=1)
    figure = draw_bench(drawn_by(bench.draw(request, [NO_ADAPTER])))
    (title,) = [text.get_text() for text in figure.texts if "seed" in text.get_text()]
    assert title.startswith("'a photo of a dog, very") and " …', seed 0" in title
    figure.canvas.draw()
    assert figure.get_tightbbox().width < 9  # inches, of a page


def test_the_scale_of_an_adapter(bench):
    nothing, half, full = (
        drawn_by(bench.draw(DrawRequest("a", n=1, scale=scale), ["loss"])).images["loss"]
        for scale in (0, 0.5, 1)
    )
    base = drawn_by(bench.draw(DrawRequest("a", n=1), [NO_ADAPTER])).images[NO_ADAPTER]
    assert (nothing == base).all() and (half != full).any() and (half != base).any()


def test_the_bench_draws_what_its_fields_say(panel):
    panel.seed.value, panel.guidance.value = 5, 2.5
    panel.button.click()
    assert panel.drawn.request == DrawRequest("a <b>", 5, 2.5, 2)
    (image,) = check_page(panel.picture.value, 400_000).images
    assert image["alt"].startswith("a <b>: share of jurors") and "loss" in image["alt"]
    assert len(panel.hearts.children) == 2 and panel.hearts.children[1].children[2].description == "♥ 2"


def test_a_seed_is_a_whole_number(panel):
    "A field of whole numbers of ipywidgets' own makes 15 of a typed 1.5."
    assert isinstance(panel.seed, BoundedFloatText)
    panel.seed.value = 1.5
    panel.button.click()
    assert "seed=1.5 must be a whole number" in panel.status.value and panel.drawn is None
    panel.seed.value = 15.0
    assert repr(panel.request.seed) == "15"


def test_an_arm_can_be_left_out_and_not_all(panel):
    panel.boxes[NO_ADAPTER].value = False
    panel.button.click()
    assert list(panel.drawn.images) == ["loss"]
    panel.boxes["loss"].value = False
    panel.button.click()
    assert "no arm is ticked" in panel.status.value


def test_hearts_keep_a_picture_once(panel):
    panel.button.click()
    heart = panel.hearts.children[1].children[1]
    heart.click()
    heart.click()
    (row,) = read_metadata(panel.folder / "metadata.jsonl")
    assert row["text"] == "a <b>" and row["arm"] == "loss" and row["scale"] == 1
    (path,) = panel.folder.glob("*.png")
    assert path.name == row["file_name"] and "kept" in panel.status.value
    assert f"in {panel.folder}, one of " in panel.status.value
    kept = read_images(panel.drawn.request.plan.iloc[[0]].assign(path=path))[0]
    assert np.array_equal(kept, panel.drawn.images["loss"][0])


def test_a_name_of_an_arm_is_no_path(bench, tmp_path):
    bench.adapters = {"../a b": bench.adapters["loss"]}
    drawn = drawn_by(bench.draw(DrawRequest("a", n=1), ["../a b"]))
    assert keep_reference(tmp_path / "kept", drawn, "../a b", 0).parent == tmp_path / "kept"


def test_what_cannot_be_drawn_is_one_line(panel, bench):
    panel.prompt.value = " "
    panel.button.click()
    assert "ValueError: prompt" in panel.status.value
    panel.prompt.value, bench.adapters["loss"] = "a", "nowhere"
    panel.button.click()
    assert "is no adapter" in panel.status.value and not panel.hearts.children


def test_the_sliders_of_scale_and_number_are_heard(panel, bench):
    panel.scale.value, panel.number.value = 0.5, 3
    panel.button.click()
    assert panel.drawn.request == DrawRequest("a <b>", scale=0.5, n=3)
    by_hand = drawn_by(bench.draw(DrawRequest("a <b>", scale=0.5, n=3), ["loss"]))
    assert (panel.drawn.images["loss"] == by_hand.images["loss"]).all()
    assert {arm: len(images) for arm, images in panel.drawn.images.items()} == {NO_ADAPTER: 3, "loss": 3}
    assert [len(row.children) for row in panel.hearts.children] == [4, 4]  # a name and three hearts
