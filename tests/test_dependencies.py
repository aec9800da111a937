"What the package imports is declared, so that an installation without our own machine's leftovers works."

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from support.notebooks import ROOT, cells_of, module_paths, notebook_paths

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DEVELOPER = [each for extra in ("dev", "real") for each in PROJECT["optional-dependencies"][extra]]
OPTIONAL = {
    "bitsandbytes",
    "dill",
    "docutils",
    "math_core",
    "pyarrow",
    "ray",
    "sphinx",
    "submitit",
    "torchao",
}  # tried where they are used, with a message or a way without them


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_in(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in requirements}


def imported(source: str) -> set[str]:
    "Top-level packages that a source imports, but for Python's own and ours."
    packages = set()
    for node in ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "pass", source, flags=re.M))):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            packages.add(node.module.partition(".")[0])
    return packages - set(sys.stdlib_module_names) - {"spurious_core"}


def undeclared(packages: set[str], declared: set[str]) -> set[str]:
    distributions = packages_distributions()
    return {p for p in packages if not declared & {normal(d) for d in distributions.get(p, [p])}}


def test_modules_import_only_what_is_declared():
    declared = names_in(PROJECT["dependencies"])
    packages = set().union(*(imported(p.read_text(encoding="utf-8")) for p in module_paths()))
    assert undeclared(packages - OPTIONAL, declared) == set()


def test_notebooks_and_tests_need_no_more_than_a_developer_installs():
    declared = names_in(PROJECT["dependencies"] + DEVELOPER)
    sources = [cell.source for path in notebook_paths() for cell in cells_of(path) if cell.kind == "code"]
    sources += [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    packages = set().union(*map(imported, sources)) - OPTIONAL - {"support", "test_processes"}
    assert undeclared(packages, declared) == set()


def test_the_lock_holds_every_direct_dependency():
    locked = names_in(
        [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line[0] != "#"]
    )
    wanted = names_in(PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), []))
    assert wanted - locked == set()
