"Photographs beside the project, for the tests that need them and skip where they are absent."

import numpy as np
import pytest

from spurious_core.app.dry_run.study_needs import STUDIES
from spurious_core.core.settings import real_folder
from spurious_core.data.squares import read_squares


def need_real(*names):
    "The folder of real things; skips the test in one line where one of these is absent."
    root = real_folder()
    if lost := [name for name in names if not (root / name).exists()]:
        pytest.skip(f"no {', '.join(lost)} in the folder of real photographs (SPURIOUS_REAL)")
    return root


def real_pictures(folder, n, size=224):
    "Every so many of the pictures of a folder whose names begin with a class: uint8, and the classes."
    files = sorted((need_real(folder) / folder).glob("*.jpg"))
    files = files[:: len(files) // n][:n]
    return read_squares(files, size, [None] * n), np.array([int(file.name[:3]) for file in files])


def need_photographs_of(study):
    "Skips the test where the study reads photographs that are absent."
    need_real(*STUDIES[study].photographs)
