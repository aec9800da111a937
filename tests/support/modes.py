"Who may read a file that was written: what the umask says, whoever wrote it."

import os
from contextlib import contextmanager


@contextmanager
def readable_by_all():
    "With the usual umask, files that are written inside end with mode 0644."
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder):
    "The modes of the visible files below a folder."
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {oct(path.stat().st_mode & 0o777) for path in files}
