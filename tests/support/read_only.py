"A disk that is mounted to be read: no change is allowed, not even the removal of what isn't there."

import builtins
import errno
import os
import tempfile
from contextlib import contextmanager

import pytest

from spurious_core.core import checkpoints
from spurious_core.core.locks import FileLock

CHANGES = ("mkdir", "unlink", "remove", "rename", "replace", "link", "rmdir")


@contextmanager
def read_only():
    "Within the block nothing on any disk can be changed."

    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def only_read(file, mode="r", *args, **options):
        return refuse() if set(mode) & set("wax+") else plain(file, mode, *args, **options)

    plain = builtins.open
    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGES:
            patch.setattr(os, name, refuse)
        patch.setattr(tempfile, "mkstemp", refuse)
        patch.setattr(checkpoints, "save_file", refuse)
        patch.setattr(builtins, "open", only_read)
        patch.setattr(FileLock, "acquire", refuse)
        patch.setattr(os, "access", lambda path, mode, **_: mode != os.W_OK)
        yield
