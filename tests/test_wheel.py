"The front door in a fresh environment, from a wheel and from a wheel that was built of an sdist."

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest

from spurious_core.core.settings import source_root

ROOT = source_root()
# whatever the caller's Python is told to import from would hide what is installed
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, sys.argv[1])(sys.argv[2]))"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    "The sources without what a checkout has gathered, and with one more study."
    tree = tmp_path_factory.mktemp("tree")
    for name in ("pyproject.toml", "README.md", "LICENSE", "settings.ini"):
        shutil.copy(ROOT / name, tree)
    left_out = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("spurious_core", "nbs"):
        shutil.copytree(ROOT / name, tree / name, symlinks=True, ignore=left_out)
    shutil.copy(tree / "nbs/studies/ffr.ipynb", tree / "nbs/studies/one_more.ipynb")
    return tree


def build(kind, tree, out):
    "An sdist or a wheel of a source tree; its path."
    command = [sys.executable, "-W", "ignore", "-c", BUILD, f"build_{kind}", str(out)]
    done = subprocess.run(command, cwd=tree, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    return out / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tree, tmp_path_factory):
    "A wheel of what the tree's sdist holds."
    out = tmp_path_factory.mktemp("dist")
    sdist = build("sdist", tree, out)
    shutil.unpack_archive(sdist, out / "unpacked")
    (unpacked,) = (out / "unpacked").iterdir()
    return build("wheel", unpacked, out)


def files_of(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info.CRC for info in archive.infolist() if "dist-info" not in info.filename}


@pytest.mark.slow
def test_an_sdist_holds_all_that_a_wheel_needs(wheel, tree, tmp_path):
    assert files_of(wheel) == files_of(build("wheel", tree, tmp_path))


def test_a_wheel_holds_checkpoints_profiles_studies_and_types(wheel):
    files = set(files_of(wheel))
    mini = (ROOT / "spurious_core" / "mini").rglob("*")
    assert {path.relative_to(ROOT).as_posix() for path in mini if path.is_file()} <= files
    assert {f"spurious_core/{name}" for name in ("settings.ini", "py.typed", "__init__.pyi")} <= files
    assert "spurious_core/studies/one_more.ipynb" in files
    assert {f"spurious_core/app/ledger/{name}" for name in ("published.csv", "claims.yaml")} <= files


@pytest.fixture(scope="module")
def fresh(wheel, tmp_path_factory):
    "The folder of programs of a new environment: the project by way of its sdist, what it needs from ours."
    home = tmp_path_factory.mktemp("fresh") / "env"
    venv.create(home, symlinks=True, with_pip=False)
    bin_folder, site = home / "bin", next(home.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    (site / "needed.pth").write_text(sysconfig.get_paths()["purelib"])  # a path, whose own .pth are not read
    script = f"#!{bin_folder / 'python'}\nfrom spurious_core.app.cli import app\napp()\n"
    (bin_folder / "spurious").write_text(script)
    (bin_folder / "spurious").chmod(0o755)
    return bin_folder


def run(*command, cwd):
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_readmes_python_runs_in_a_fresh_environment(fresh, tmp_path):
    "The first block as it stands; the second, which trains for a minute, as far as its names."
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    first, second = re.findall(r"```python\n(.*?)```", text, re.S)
    imports = [line for line in second.splitlines() if re.match("import|from", line)]
    code = "\n".join([first, *imports, "sc.fit", "print(sc.__file__)"])
    where = run(fresh / "python", "-W", "ignore", "-c", code, cwd=tmp_path).split()[-1]
    assert where.startswith(str(fresh.parent))
    assert (tmp_path / "birds.png").stat().st_size > 1000


def test_the_command_lists_the_studies_of_the_wheel(fresh, tmp_path):
    listed = run(fresh / "spurious", "list", cwd=tmp_path)
    assert "one_more" in listed and "class_wise_spurious_generation" in listed
    about = run(
        fresh / "python",
        "-c",
        "import spurious_core.core.settings as s; print(s.source_root())",
        cwd=tmp_path,
    )
    assert about == "None\n"
