"Files that are whole, hashes of weights, folders that belong to one run."

import errno
import os
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

import spurious_core
from spurious_core.core import files
from spurious_core.core.files import (
    atomic_write,
    check_writable,
    checkpoint_hash,
    claim,
    content_hash,
    digest,
    file_hash,
    in_use,
    make_folder,
    open_safetensors,
    read_json,
    read_json_lines,
    sweep_away,
    write_place,
    writing,
)


def test_atomic_write_keeps_the_old_file_when_it_fails(tmp_path, monkeypatch):
    f = atomic_write(tmp_path / "a" / "b.json", "{}")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        atomic_write(f, b"half")
    assert f.read_text() == "{}" and [p.name for p in f.parent.iterdir()] == ["b.json"]


def test_checkpoint_hash(tmp_path):
    a = atomic_write(tmp_path / "a" / "w.safetensors", b"1")
    b = atomic_write(tmp_path / "b" / "w.safetensors", b"1")
    assert checkpoint_hash(a.parent) == checkpoint_hash(b.parent) and len(checkpoint_hash(a)) == 12
    b.rename(b.with_name("v.safetensors"))
    assert checkpoint_hash(a.parent) != checkpoint_hash(b.parent)
    with pytest.raises(FileNotFoundError):
        checkpoint_hash(tmp_path / "none")


def test_a_hidden_entry_is_no_use_and_sweep_takes_only_what_is_named(tmp_path):
    assert not in_use(tmp_path / "none") and not in_use(tmp_path)
    (tmp_path / ".a.json.tmp").write_text("half")
    (tmp_path / ".part-1").mkdir()
    (tmp_path / ".keep").write_text("")
    assert not in_use(tmp_path)
    sweep_away(tmp_path, "a.json", "part-")
    assert [p.name for p in tmp_path.iterdir()] == [".keep"]


def test_claim_says_what_differs_and_leaves_a_stranger_alone(tmp_path):
    claim(tmp_path / "run", dict(lr=1, steps=2))
    (tmp_path / "run" / ".state.tmp").write_text("half")
    claim(tmp_path / "run", dict(steps=2, lr=1), ("state",))
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["config.json"]
    with pytest.raises(
        ValueError, match="holds another run: lr=1 there and 3 here; rank=None there and 4 here$"
    ):
        claim(tmp_path / "run", dict(lr=3, steps=2, rank=4))
    atomic_write(tmp_path / "mine" / "thesis.txt", "")
    with pytest.raises(ValueError, match="not empty and holds no run"):
        claim(tmp_path / "mine", {})
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("content", ["null", "[1, 2]", '"x"'])
def test_a_claim_that_is_no_settings_is_named(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match=f"config.json holds {re.escape(content)}, and no settings of a run"):
        claim(tmp_path, dict(lr=1))
    assert (tmp_path / "config.json").read_text() == content


def test_digest_is_of_the_values_in_order():
    grid = np.arange(6).reshape(2, 3)
    assert digest(grid.T) == digest(np.ascontiguousarray(grid.T)) != digest(grid)


def test_lines_of_json_end_at_line_feeds_only(tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_text('\ufeff{"a": "1\u2028\u00852"}\n\n{"a": "3"}', encoding="utf-8")
    assert read_json_lines(file) == [dict(a="1\u2028\u00852"), dict(a="3")]
    for text, line in (('{"a": 1}\n[2]\n', 2), ('{"a": 1', 1), ("[" * 100_000, 1)):
        file.write_text(text)
        with pytest.raises(ValueError, match=f"line {line} of .*x.jsonl is no JSON object"):
            read_json_lines(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="x.jsonl is no UTF-8"):
        read_json_lines(file)


def test_half_a_line_at_the_end_is_left_out_where_that_is_asked_for(tmp_path):
    file = tmp_path / "x.jsonl"
    for end in ('{"a": 2', "\0\0\0", "[2]", '{"a": 2}'):
        file.write_text('{"a": 1}\n' + end)
        if end == '{"a": 2}':
            assert read_json_lines(file, cut_short=True) == [dict(a=1), dict(a=2)]
            continue
        with pytest.warns(UserWarning, match="x.jsonl: the last line was cut short"):
            assert read_json_lines(file, cut_short=True) == [dict(a=1)]
        with pytest.raises(ValueError, match="line 2 of"):
            read_json_lines(file)
    file.write_text('{"a": 1\n{"a": 2}\n')
    with pytest.raises(ValueError, match="line 1 of"):
        read_json_lines(file, cut_short=True)


@pytest.mark.parametrize("step, share", [(1, 0.1), (-1, 0.4)])
def test_a_digest_copies_no_array_and_of_a_view_a_part_at_a_time(step, share):
    view = np.arange(4_000_000, dtype=np.float32)[::step]
    tracemalloc.start()
    found = digest(view)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < share * view.nbytes
    assert found == digest(view.copy()) == digest(view.reshape(2, -1))


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "full"), SafetensorError("I/O error: No space left (os error 28)")]
)
def test_a_full_disk_names_the_file_and_says_how_to_go_on(tmp_path, error):
    message = "cannot write .*log.jsonl: No space left on device; all is kept, make room and run the same"
    with pytest.raises(OSError, match=message) as raised, writing(tmp_path / "log.jsonl", "all is kept"):
        raise error
    assert raised.value.errno == errno.ENOSPC


def test_what_cannot_be_written_for_another_reason_asks_for_no_room(tmp_path):
    file = atomic_write(tmp_path / "a.txt", "")
    with pytest.raises(OSError, match="cannot write .*: File exists$"):
        atomic_write(file / "b.txt", "")
    with pytest.raises(OSError, match="cannot write b: not to be said$"), writing("b"):
        raise SafetensorError("not to be said")


@pytest.mark.parametrize("content", [b"", b'{"steps": 2', b"\xff\xfe"])
def test_damaged_json_is_named(tmp_path, content):
    file = atomic_write(tmp_path / "config.json", content)
    with pytest.raises(ValueError, match="config.json is damaged: "):
        read_json(file)
    with pytest.raises(ValueError, match="config.json is damaged: "):
        claim(tmp_path, dict(steps=2))
    assert read_json(atomic_write(file, '{"steps": 2}')) == dict(steps=2)


def test_a_file_has_the_mode_that_any_new_file_has(tmp_path):
    for mask, mode in ((0o022, 0o644), (0o077, 0o600)):
        before = os.umask(mask)
        try:
            path = atomic_write(tmp_path / f"{mode:o}", "x")
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == mode


def test_two_values_of_a_name_are_refused(tmp_path):
    file = tmp_path / "t.jsonl"
    file.write_text('{"a": 1}\n{"label": "cat", "label": "dog"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 2 of .*t.jsonl has two values of 'label'; keep one"):
        read_json_lines(file)


def test_half_a_letter_in_a_line_is_refused(tmp_path):
    file = tmp_path / "t.jsonl"
    file.write_text('{"label": "\\ud83d\\ude00"}\n', encoding="utf-8")
    assert read_json_lines(file) == [dict(label="\U0001f600")]
    file.write_text('{"label": "\\ud83d"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 1 of .*t.jsonl: row=.* holds '\\ud83d', half a letter"):
        read_json_lines(file)


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "notes").touch()
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    for place in ("notes", "notes/a/b"):
        with pytest.raises(
            NotADirectoryError, match="cannot make the folder .*: .*notes is a file; choose another"
        ):
            make_folder(tmp_path / place)
    with pytest.raises(NotADirectoryError, match="lost is a link to nothing; choose another"):
        make_folder(tmp_path / "lost/a")
    assert make_folder(tmp_path / "a/b").is_dir() and make_folder(tmp_path / "a/b").is_dir()


def test_a_folder_that_may_not_be_made_is_named():
    with pytest.raises(OSError, match="cannot write /proc/runs: "):
        make_folder("/proc/runs")


def test_whether_a_folder_can_be_written_is_known_before_it_is_made(tmp_path):
    check_writable(tmp_path / "not/yet")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="cannot write /proc/runs: "):
        check_writable("/proc/runs")
    (tmp_path / "notes").touch()
    with pytest.raises(NotADirectoryError, match="notes is a file; choose another"):
        check_writable(tmp_path / "notes/runs")


def test_folders_that_people_name_are_made_by_one_function():
    root = Path(spurious_core.__file__).parent
    makers = {
        file.relative_to(root).as_posix()
        for file in root.rglob("*.py")
        if ".mkdir(" in file.read_text("utf-8")
    }
    assert makers == {"core/files.py", "diffusion/training/trainer.py"}  # a folder within the run's


def test_a_folder_in_the_place_of_weights_is_named(tmp_path):
    (tmp_path / "x.safetensors").mkdir()
    with pytest.raises(ValueError, match="x.safetensors is a folder, and no safetensors file"):
        with open_safetensors(tmp_path / "x.safetensors"):
            pytest.fail("opened")


def test_a_file_is_read_once_until_it_changes(tmp_path, monkeypatch):
    file = tmp_path / "a.bin"
    file.write_bytes(b"one")
    before = content_hash(file)
    assert before == file_hash(file)
    monkeypatch.setattr(files, "file_hash", lambda path: pytest.fail("read again"))
    assert content_hash(file) == before
    monkeypatch.undo()
    file.write_bytes(b"two")
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    assert content_hash(file) == file_hash(file) != before


def test_half_a_letter_is_damage(tmp_path):
    file = tmp_path / "a.json"
    file.write_text('{"a": "\\ud800"}')
    with pytest.raises(ValueError, match="a.json is damaged: .*surrogates not allowed"):
        read_json(file)
    file.write_text('{"a": "\\ud83d\\ude00"}')
    assert read_json(file) == dict(a="\U0001f600")


def test_a_checkpoint_that_is_nowhere_is_told_from_one_without_weights(tmp_path):
    with pytest.raises(FileNotFoundError, match="nope does not exist"):
        checkpoint_hash(tmp_path / "nope")
    with pytest.raises(FileNotFoundError, match="no weights"):
        checkpoint_hash(tmp_path)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("there", [True, False], ids=["a file", "dangling"])
def test_a_link_is_written_through_and_stays(tmp_path, there):
    shared, mine = tmp_path / "shared", tmp_path / "mine"
    shared.mkdir()
    mine.mkdir()
    if there:
        (shared / "votes.jsonl").write_text("old")
    (mine / "near.jsonl").symlink_to(shared / "votes.jsonl")
    (mine / "far.jsonl").symlink_to("near.jsonl")
    assert atomic_write(mine / "far.jsonl", "new") == mine / "far.jsonl"
    assert (shared / "votes.jsonl").read_text() == "new" and not (shared / "votes.jsonl").is_symlink()
    assert (mine / "far.jsonl").is_symlink() and (mine / "near.jsonl").is_symlink()
    assert names_in(shared) == ["votes.jsonl"] and names_in(mine) == ["far.jsonl", "near.jsonl"]


def test_a_link_that_leads_nowhere_is_named_and_stays(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    (tmp_path / "lost").symlink_to(tmp_path / "unmounted/votes.jsonl")
    for name, why in (("a", "a link that leads back to itself"), ("lost", "there is no folder .*unmounted")):
        with pytest.raises(OSError, match=f"cannot write {tmp_path}/{name}: it is .*{why}"):
            atomic_write(tmp_path / name, "new")
    assert names_in(tmp_path) == ["a", "b", "lost"] and write_place(tmp_path / "c") == tmp_path / "c"


def test_a_file_that_exists_keeps_its_mode_and_group(tmp_path):
    file = atomic_write(tmp_path / "votes.jsonl", "old")
    group = max([file.stat().st_gid, *os.getgroups()])
    if os.geteuid() == 0:
        group = 12345
    os.chown(file, -1, group)
    for mode in (0o664, 0o600):
        file.chmod(mode)
        atomic_write(file, "new")
        assert (file.stat().st_mode & 0o7777, file.stat().st_gid) == (mode, group)
