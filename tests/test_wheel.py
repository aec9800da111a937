"What an installed wheel carries: the profiles, the studies, the embedded checkpoints."

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from spurious_core.core.settings import source_root


def test_a_wheel_finds_its_profiles_and_studies(tmp_path):
    root, tree = source_root(), tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "settings.ini"):
        shutil.copy(root / name, tree)
    for name in ("spurious_core", "nbs"):
        shutil.copytree(
            root / name,
            tree / name,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
        )
    (tree / "nbs/studies/toy.ipynb").write_text("{}")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            tmp_path,
            tree,
        ],
        check=True,
    )
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as z:
        z.extractall(tmp_path / "site")
    site = tmp_path / "site" / "spurious_core"
    mini = root / "spurious_core" / "mini"
    assert [
        p for p in mini.rglob("*") if p.is_file() and not (site / p.relative_to(mini.parent)).is_file()
    ] == []
    code = """from spurious_core.app import studies
from spurious_core.core import settings
assert settings.source_root() is None and settings.load_profile("sd15").name == "sd15"
assert "toy" in studies.list_studies(), studies.studies_folder()
print(settings.__file__)"""
    r = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "site")},
    )
    assert r.returncode == 0, r.stderr
    assert Path(r.stdout.strip()) == site / "core" / "settings.py"
