"`import spurious_core as sc` is fast, and offers the same names whatever was imported before."

import ast
import re
import subprocess
import sys

import pytest

import spurious_core
from support.notebooks import FLOOR, PACKAGE, module_paths, room_of

NAMES = (
    "load_profile GroupedImages read_dataset load_classifier load_pipeline fit_neural_pca SimilarityLoss "
    "plan_prompts generate personalize judge summarise fit group_report"
).split()


def offered(folder: str) -> dict[str, str]:
    "Names that a package's stub offers, each with the module it comes from."
    tree = ast.parse((PACKAGE / folder / "__init__.pyi").read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: node.module for node in imports for alias in node.names}


def public_names(path) -> list[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_front_door_offers_its_names_to_completion():
    assert set(NAMES) <= set(dir(spurious_core)) and set(FLOOR) <= set(dir(spurious_core))
    assert set(NAMES) == set(spurious_core.__all__) - set(FLOOR)


def test_importing_it_loads_nothing_heavy():
    loaded = run("import sys, spurious_core as sc; dir(sc), dir(sc.data); print(*sys.modules)").split()
    assert not {"torch", "numpy", "pandas", "diffusers", "transformers", "matplotlib"} & set(loaded)


NOT_MODULES = """
import importlib, pkgutil, types
import spurious_core as sc
{first}
names = {names!r}
wrong = [n for n in names if isinstance(getattr(sc, n), types.ModuleType)]
rooms = [r for r in {rooms!r}]
for room in rooms:
    package = getattr(sc, room)
    wrong += [f"{{room}}.{{n}}" for n in package.__all__ if n not in package.__modules__
              and isinstance(getattr(package, n), types.ModuleType)]
{last}
wrong += [n for n in names if isinstance(getattr(sc, n), types.ModuleType)]
print(wrong)
"""
ALL_MODULES = (
    "[importlib.import_module(m.name) for m in pkgutil.walk_packages(sc.__path__, 'spurious_core.')]"
)


@pytest.mark.parametrize(
    "first, last", [("", ALL_MODULES), (ALL_MODULES, "")], ids=["names first", "modules first"]
)
def test_a_name_is_never_shadowed_by_a_module(first, last):
    code = NOT_MODULES.replace("package.__modules__", "MODULES[room]")
    modules = {r: [p.stem for p in (PACKAGE / r).iterdir()] for r in FLOOR}
    code = code.format(first=first, last=last, names=NAMES, rooms=list(FLOOR))
    assert run(f"MODULES = {modules!r}\n{code}") == "[]"


@pytest.mark.parametrize("room", FLOOR)
def test_a_room_lists_its_names_and_no_module_has_one_of_them(room):
    paths = [path for path in module_paths() if room_of(path) == room]
    names = {name: path for path in paths if path.parent.parent == PACKAGE for name in public_names(path)}
    listed = offered(room)
    assert sorted(set(names) - set(listed)) == [], f"add these to spurious_core/{room}/__init__.pyi"
    assert sorted({path.stem for path in paths} & set(listed)) == []


def test_the_readmes_python_runs(tmp_path):
    "The first block as it stands; the second, which trains for a minute, as far as its names."
    text = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    first, second = re.findall(r"```python\n(.*?)```", text, re.S)
    subprocess.run([sys.executable, "-W", "ignore", "-c", first], cwd=tmp_path, check=True)
    assert (tmp_path / "birds.png").stat().st_size > 1000
    imports = [line for line in second.splitlines() if re.match("import|from", line)]
    run("\n".join([*imports, "sc.fit"]))
