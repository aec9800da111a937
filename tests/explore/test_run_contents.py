"Which files of a run are figures and image sets, and which figures a browser can show."

import numpy as np
import pytest
from PIL import Image

from spurious_core.explore.run_contents import browser_picture, figure_files, image_set_folders, is_hidden

GREY = Image.fromarray(np.full((6, 4, 3), 90, np.uint8))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><script>alert(1)</script></svg>'


def test_figures_are_what_a_browser_shows_and_others_are_named(tmp_path):
    (tmp_path / "figures").mkdir()
    for name in ("b.svg", "c.jpg", "D.PNG", "a.png", "e.pdf", "f.eps", ".g.png", "h.webp"):
        (tmp_path / "figures" / name).touch()
    (tmp_path / "beside.png").touch()
    files = figure_files(tmp_path)
    assert [file.name for file in files.shown] == ["D.PNG", "a.png", "b.svg", "c.jpg", "h.webp"]
    assert [file.name for file in files.others] == ["e.pdf", "f.eps"]


def test_beside_numbers_all_else_is_no_figure_and_pictures_of_a_set_are_none(tmp_path):
    for name in ("metrics.json", "a.png", "b.svg", "notes.pdf"):
        (tmp_path / name).touch()
    shown, others = figure_files(tmp_path)
    assert ([file.name for file in shown], others) == (["a.png", "b.svg"], [])
    (tmp_path / "metadata.jsonl").touch()
    assert figure_files(tmp_path) == ([], [])


@pytest.mark.parametrize(
    ("name", "stored", "kind"),
    [
        ("a.png", "PNG", "image/png"),
        ("a.PNG", "PNG", "image/png"),
        ("a.jpg", "JPEG", "image/jpeg"),
        ("a.png", "JPEG", "image/jpeg"),
        ("a.gif", "GIF", "image/gif"),
        ("a.webp", "WEBP", "image/webp"),
    ],
)
def test_what_a_browser_shows_stays_as_it_is(tmp_path, name, stored, kind):
    GREY.save(tmp_path / name, format=stored)
    assert browser_picture(tmp_path / name) == ((tmp_path / name).read_bytes(), kind)


def test_a_tiff_by_another_name_becomes_a_png(tmp_path):
    GREY.save(tmp_path / "a.png", format="TIFF")
    content, kind = browser_picture(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(content)
    with Image.open(tmp_path / "b.png") as shown:
        assert (shown.format, kind) == ("PNG", "image/png") and np.array_equal(shown, GREY)


def test_an_svg_is_one_with_its_namespace(tmp_path):
    file = tmp_path / "a.SVG"
    file.write_text(SVG)
    assert browser_picture(file) == (SVG.encode(), "image/svg+xml")
    for text in ("<svg/>", "<p xmlns='http://www.w3.org/2000/svg'/>", "<svg", ""):
        file.write_text(text)
        with pytest.raises(OSError, match="a.SVG: broken: "):
            browser_picture(file)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        browser_picture(file)


def test_hidden_image_sets_are_none(tmp_path):
    for name in ("seen/deep", ".ipynb_checkpoints", "seen/.cache/set"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "metadata.jsonl").touch()
    assert image_set_folders(tmp_path) == [tmp_path / "seen/deep"]
    assert is_hidden(tmp_path.relative_to(tmp_path) / ".a/b") and not is_hidden(tmp_path / "a.b")
