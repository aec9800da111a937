"A folder belongs to one process at a time, and a killed one leaves it free."

import errno
import json
import os
import socket
import subprocess
import sys

import pytest

from spurious_core.core import locks
from spurious_core.core.locks import HOLDER_FILE, LOCK_FILE, FolderInUse, file_lock, hold_folder, who_holds
from support.read_only import read_only

HOLD = """
import sys, time
from spurious_core.core.locks import hold_folder
with hold_folder(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    "Another process that holds the folder."
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_is_told_who_holds_it(tmp_path, holder):
    with pytest.raises(FolderInUse, match=rf"{tmp_path} is in use by process {holder.pid} on"):
        with hold_folder(tmp_path):
            pytest.fail("held twice")


def test_a_killed_holder_leaves_the_folder_free(tmp_path, holder):
    holder.kill()
    holder.wait()
    with hold_folder(tmp_path):
        assert (tmp_path / ".holder").read_text().find(f'"process": {os.getpid()}') > 0


def test_nobody_holds_a_folder_twice_in_one_process(tmp_path):
    with hold_folder(tmp_path / "new"):
        with pytest.raises(FolderInUse), hold_folder(tmp_path / "new"):
            pytest.fail("held twice")
    with hold_folder(tmp_path / "new"):
        pass
    assert not (tmp_path / "new" / ".holder").exists()


def test_an_error_inside_frees_it(tmp_path):
    with pytest.raises(KeyError), hold_folder(tmp_path):
        raise KeyError
    with hold_folder(tmp_path), hold_folder(None):
        pass


def test_who_only_looks_takes_nothing(tmp_path):
    assert who_holds(tmp_path) is None and list(tmp_path.iterdir()) == []
    with hold_folder(tmp_path):
        assert who_holds(tmp_path).startswith(f"process {os.getpid()} on ")
    note = dict(process=2**22 + 1, host=socket.gethostname(), command="x", since="now")
    (tmp_path / HOLDER_FILE).write_text(json.dumps(note))  # of a killed process
    assert who_holds(tmp_path) is None
    (tmp_path / HOLDER_FILE).write_text(json.dumps(note | dict(host="elsewhere")))
    assert who_holds(tmp_path) == "process 4194305 on elsewhere (x, since now)"


def test_a_folder_that_can_only_be_read_needs_no_lock(tmp_path):
    with read_only(), hold_folder(tmp_path), hold_folder(tmp_path):
        pass
    with read_only(), pytest.raises(OSError, match=f"cannot write {tmp_path}/new: Read-only"):
        with hold_folder(tmp_path / "new"):
            pytest.fail("held")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_note_names_nobody(tmp_path):
    for note in ("3", "[1]", "null", '{"process": 1}'):
        (tmp_path / HOLDER_FILE).write_text(note)
        assert who_holds(tmp_path) == "another process"


def test_a_folder_that_cannot_be_locked_is_named(tmp_path, monkeypatch):
    def refuse(self, timeout):
        raise OSError(errno.EROFS, "Read-only file system", ".lock")

    monkeypatch.setattr(locks.FileLock, "acquire", refuse)
    with pytest.raises(OSError, match=f"cannot write {tmp_path}: Read-only file system"):
        with hold_folder(tmp_path):
            pytest.fail("held")


@pytest.mark.parametrize("folder_mode, lock_mode", [(0o755, 0o644), (0o775, 0o664), (0o777, 0o666)])
def test_who_may_write_in_a_folder_may_take_its_locks(tmp_path, folder_mode, lock_mode):
    "Whoever took them first, with whatever umask."
    tmp_path.chmod(folder_mode)
    before = os.umask(0o077)
    try:
        with file_lock(tmp_path / "votes.jsonl"), hold_folder(tmp_path):
            pass
    finally:
        os.umask(before)
    for name in ("votes.jsonl.lock", LOCK_FILE):
        assert (tmp_path / name).stat().st_mode & 0o777 == lock_mode


def test_all_links_to_a_file_have_one_lock(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/votes.jsonl").symlink_to(tmp_path / "votes.jsonl")
    with file_lock(tmp_path / "mine/votes.jsonl"):
        with pytest.raises(TimeoutError):
            file_lock(tmp_path / "votes.jsonl").acquire(timeout=0)
    assert not (tmp_path / "mine/votes.jsonl.lock").exists()


def test_the_note_of_a_killed_holder_is_replaced_and_not_written_into(tmp_path):
    "It may be somebody else's, and then can't be written."
    (tmp_path / HOLDER_FILE).write_text("{}")
    os.link(tmp_path / HOLDER_FILE, tmp_path / "kept")
    with hold_folder(tmp_path):
        assert who_holds(tmp_path).startswith(f"process {os.getpid()} on ")
    assert (tmp_path / "kept").read_text() == "{}"
