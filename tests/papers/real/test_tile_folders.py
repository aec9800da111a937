"Tiles and photographs of a class become the folder that a personalisation starts from."

import pytest
from PIL import Image

from spurious_core.papers.real.tile_folders import tile_classes, write_tile_folder
from support.real_pictures import need_real


@pytest.fixture(scope="module")
def root():
    return need_real("spurious_tiles", "imagenet_mini")


def test_classes_have_tiles_and_training_pictures(root):
    known = tile_classes(root)
    assert known["tench"] == 0 and known["great white shark"] == 2 and "indigo bunting" in known


def test_a_folder_has_the_parts_that_the_kit_reads(root, tmp_path):
    folder = write_tile_folder(tmp_path, "indigo bunting", root, empty=5) / "indigo bunting"
    counts = {part.name: len(list(part.iterdir())) for part in folder.iterdir()}
    assert counts["references"] == 4 and counts["empty"] == 5 and counts["train"] >= 8
    assert {Image.open(file).size for file in folder.rglob("*.png")} == {(256, 256)}
    again = write_tile_folder(tmp_path / "again", "indigo bunting", root, empty=5) / "indigo bunting"
    for file in (folder / "empty").iterdir():
        assert file.read_bytes() == (again / "empty" / file.name).read_bytes()
    with pytest.raises(ValueError, match="empty holds 002.png .3 such files. already; give another folder"):
        write_tile_folder(tmp_path, "indigo bunting", root, empty=2)


def test_another_class_is_named_with_those_that_will_do(root, tmp_path):
    with pytest.raises(ValueError, match="label='goldfish' is unknown; allowed: .*tench"):
        write_tile_folder(tmp_path, "goldfish", root)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "empty, message",
    [(1000, "empty=1000: there are 396 tiles of other classes"), (0, "empty=0 must be at least 1")],
)
def test_more_empty_tiles_than_there_are_is_refused(empty, message, root, tmp_path):
    with pytest.raises(ValueError, match=message):
        write_tile_folder(tmp_path, "tench", root, empty=empty)
    assert not list(tmp_path.iterdir())
