"Components of a class: what is drawn, and what slider, box and pictures of one's own do."

import asyncio
import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from spurious_core.core.images import png_bytes
from spurious_core.explore.component_explorer import (
    ComponentExplorer,
    ComponentViews,
    draw_component,
    uploaded_picture,
)
from spurious_core.explore.marks import SpuriousMarks
from spurious_core.find.neural_pca import fit_neural_pca
from support.small_guide import images, small_guide

GREY = np.full((64, 64, 3), 90, np.uint8)


@pytest.fixture
def views():
    clf = small_guide()
    pca = fit_neural_pca(clf, images(), "dog", n_components=3)
    return ComponentViews(clf, pca, images(), {"grey": GREY[None]}, attack_length=2)


def as_sent(name, content):
    "What the page sends of a dropped file."
    return json.dumps(dict(name=name, size=len(content), data=base64.b64encode(content).decode()))


@pytest.fixture
def explorer(views, tmp_path):
    return ComponentExplorer(views, SpuriousMarks(tmp_path / "marks.json"))


def test_all_is_computed_once(views):
    steps = list(views.complete(1))
    assert len(steps) == 2 + 2 and all(0 <= share <= 1 for share, _ in steps)
    assert list(views.complete(1)) == []
    assert views.alphas["training images"].shape == (30, 3) and views.attacks[1].shape == (64, 64, 3)


def test_the_figure_has_a_line_where_a_picture_lies(views):
    plain, marked = draw_component(views, 0), draw_component(views, 0, GREY)
    lines = [len(fig.axes[2].lines) for fig in (plain, marked)]
    assert lines == [0, 1]
    assert marked.axes[2].lines[0].get_xdata()[0] == pytest.approx(views.alpha_of(GREY)[0])
    assert f"alpha {views.alpha_of(GREY)[0]:.2f}" in marked.get_suptitle()


def test_the_slider_shows_another_component(explorer):
    assert 'alt="dog, component 0: top images' in explorer.picture.value
    before = explorer.picture.value
    explorer.slider.value = 2
    assert 'alt="dog, component 2:' in explorer.picture.value != before


def test_the_box_is_what_the_file_says(explorer, views):
    explorer.box.value = True
    assert explorer.marks.among(views.pca) == [0] and "spurious are 0" in explorer.status.value
    assert str(explorer.marks.path) in explorer.status.value
    explorer.slider.value = 1
    assert explorer.box.value is False and explorer.marks.among(views.pca) == [0]
    explorer.slider.value = 0
    assert explorer.box.value is True
    explorer.box.value = False
    assert explorer.marks.among(views.pca) == []
    assert ComponentExplorer(views).box.disabled


def test_the_box_follows_whoever_marks(explorer, views):
    other = ComponentExplorer(views, explorer.marks)
    other.box.value = True
    assert explorer.box.value is True
    explorer.marks.set(views.pca, 0, spurious=False)
    assert explorer.box.value is other.box.value is False


def test_the_box_is_live_for_the_component_that_is_shown(views, tmp_path):
    "After Stop the slider stands elsewhere."
    marks = SpuriousMarks(tmp_path / "marks.json")
    marks.set(views.pca, 2)

    async def look_and_stop():
        explorer = ComponentExplorer(views, marks)
        assert explorer.box.disabled
        explorer.finish()
        assert (explorer.shown, explorer.box.disabled) == (0, False)
        explorer.slider.value = 2
        seen = [explorer.box.disabled]
        explorer.stop()
        seen.append((explorer.shown, explorer.box.value, explorer.box.disabled))
        explorer.slider.value = 0
        explorer.finish()
        seen.append((explorer.shown, explorer.box.value, explorer.box.disabled))
        explorer.slider.value = 2
        explorer.finish()
        return [*seen, (explorer.shown, explorer.box.value, explorer.box.disabled)]

    assert asyncio.run(look_and_stop()) == [True, (0, False, True), (0, False, False), (2, True, False)]


def test_a_tick_is_for_what_was_shown_when_it_was_set(views, tmp_path):
    "Though the slider is moved before the panel's loop hears of the tick."
    marks = SpuriousMarks(tmp_path / "marks.json")

    async def tick_and_move():
        explorer = ComponentExplorer(views, marks)
        explorer.finish()

        def tick():
            explorer.box.value = True
            explorer.slider.value = 1

        await asyncio.to_thread(tick)
        await asyncio.sleep(0)
        explorer.finish()
        return explorer

    explorer = asyncio.run(tick_and_move())
    assert marks.among(views.pca) == [0] and (explorer.shown, explorer.box.value) == (1, False)


def test_a_mark_that_cannot_be_written_goes_back(explorer, monkeypatch):
    def full(*args, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("spurious_core.explore.marks.atomic_write", full)
    explorer.box.value = True
    assert explorer.box.value is False and "No space left" in explorer.status.value


def test_damaged_marks_are_one_line_and_the_figure_is_there(views, tmp_path):
    (tmp_path / "marks.json").write_text("<b>", encoding="utf-8")
    explorer = ComponentExplorer(views, SpuriousMarks(tmp_path / "marks.json"))
    assert "is damaged" in explorer.status.value and "<img" in explorer.picture.value


def test_pictures_of_ones_own(explorer, views, tmp_path):
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    explorer.path.value = str(tmp_path / "grey.png")
    alpha = f"{views.alpha_of(GREY)[0]:.2f}"
    assert f"the picture has {alpha}" in explorer.picture.value and "<img" in explorer.thumbnail.value
    explorer.path.value = ""
    assert "the picture has" not in explorer.picture.value and not explorer.thumbnail.value
    explorer.drop.message.value = as_sent("g.png", png_bytes(GREY))
    assert f"the picture has {alpha}" in explorer.picture.value
    explorer.clear.click()
    assert "the picture has" not in explorer.picture.value and not explorer.thumbnail.value
    assert explorer.clear.disabled
    explorer.drop.message.value = as_sent("g.png", png_bytes(GREY))  # the same once more
    assert f"the picture has {alpha}" in explorer.picture.value


def test_what_is_dropped_and_no_picture_is_one_line(explorer):
    explorer.drop.message.value = as_sent("<notes>.txt", b"text")
    assert "&lt;notes&gt;.txt: this is no picture that can be read" in explorer.status.value
    assert explorer.image is None and explorer.clear.disabled


def test_a_picture_by_its_path_is_removed_with_its_path(explorer, tmp_path):
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    explorer.path.value = str(tmp_path / "grey.png")
    assert not explorer.clear.disabled
    explorer.clear.click()
    assert explorer.image is None and explorer.path.value == "" and explorer.clear.disabled


def test_what_is_no_picture_is_one_line(explorer, tmp_path):
    (tmp_path / "text.png").write_text("text", encoding="utf-8")
    for path in ("nowhere.png", str(tmp_path / "text.png"), str(tmp_path)):
        explorer.path.value = path
        assert path in explorer.status.value and "\n" not in explorer.status.value
    assert explorer.image is None
    with pytest.raises(ValueError, match="no picture"):
        uploaded_picture(b"text", 64)


def test_uploads_are_read_as_all_pictures_are():
    buffer = io.BytesIO()
    Image.new("RGBA", (80, 40), (255, 0, 0, 0)).save(buffer, "PNG")
    assert (uploaded_picture(memoryview(buffer.getvalue()), 32) == 255).all()
