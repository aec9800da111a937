"Every reader by its name, and every reader's word about a wrong root."

import pytest

from spurious_core.data.reading import READERS, read_dataset
from support.data_trees import put


def test_a_wrong_root_is_a_clear_error_everywhere(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    for name, read in READERS.items():
        args = (tmp_path,) if name == "hard_imagenet" else ()
        for root in (tmp_path, tmp_path / "nowhere"):
            with pytest.raises(FileNotFoundError) as e:
                read(root, *args)
            assert "expected" in str(e.value) and (
                "notes.txt" in str(e.value) or "is not a folder" in str(e.value)
            ), f"{name}: {e.value}"


def test_the_readers_of_all_files_are_known_by_name():
    assert set(READERS) >= {"waterbirds", "celeba", "imagefolder", "hard_imagenet", "imagenet9", "d3s"}
    assert list(READERS) == sorted(READERS)


def test_read_dataset_passes_options_and_names_the_known(tmp_path):
    for y in (0, 1):
        put(tmp_path / ("cat", "dog")[y] / "a.png", y, 0)
    assert read_dataset("imagefolder", tmp_path, labels=["dog", "cat"]).y.tolist() == [1, 0]
    with pytest.raises(ValueError, match="unknown reader 'folder'; known: bar, celeba, celeba_hq, d3s"):
        read_dataset("folder", tmp_path)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("imagefolder", dict(classes=["cat"]), "imagefolder: unknown option 'classes'; known: size, labels"),
        ("hard_imagenet", {}, "hard_imagenet: it needs the option "),
    ],
)
def test_options_that_a_reader_lacks_or_needs_are_named(tmp_path, name, options, message):
    with pytest.raises(ValueError, match=message):
        read_dataset(name, tmp_path, **options)
