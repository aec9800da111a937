"`import spurious_core as sc` is fast, and offers the same names whatever was imported before."

import ast
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


SHADOWED = """
import importlib, pkgutil, sys, types

def modules_among(sc):
    shadowed = [name for name in {names!r} if isinstance(getattr(sc, name), types.ModuleType)]
    for room, modules in {modules!r}.items():
        package = getattr(sc, room)
        shadowed += [f"{{room}}.{{name}}" for name in package.__all__ if name not in modules
                     and isinstance(getattr(package, name), types.ModuleType)]
    return shadowed

def import_all(sc):
    for module in pkgutil.walk_packages(sc.__path__, "spurious_core."):
        importlib.import_module(module.name)

found = []
for modules_first in (False, True):
    for name in [name for name in sys.modules if name.split(".")[0] == "spurious_core"]:
        del sys.modules[name]
    sc = importlib.import_module("spurious_core")
    if modules_first:
        import_all(sc)
    found.append(modules_among(sc))
    import_all(sc)
    found.append(modules_among(sc))
print(found)
"""


@pytest.mark.slow
def test_a_name_is_never_shadowed_by_a_module():
    "Neither where names are looked up before their modules are imported, nor the other way round."
    modules = {room: [path.stem for path in (PACKAGE / room).iterdir()] for room in FLOOR}
    assert run(SHADOWED.format(names=NAMES, modules=modules)) == str([[]] * 4)


@pytest.mark.parametrize("room", FLOOR)
def test_a_room_lists_its_names_and_no_module_has_one_of_them(room):
    paths = [path for path in module_paths() if room_of(path) == room]
    names = {name: path for path in paths if path.parent.parent == PACKAGE for name in public_names(path)}
    listed = offered(room)
    assert sorted(set(names) - set(listed)) == [], f"add these to spurious_core/{room}/__init__.pyi"
    assert sorted({path.stem for path in paths} & set(listed)) == []
