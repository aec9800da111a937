"The project's notebooks and modules as data, for the tests that read them."

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "spurious_core"
ROOMS = (
    ("core",),
    ("data",),
    ("models",),
    ("evaluate",),
    ("find",),
    ("diffusion", "mitigate"),
    ("papers",),
    ("explore",),
    ("app",),
)
FLOOR = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}


@dataclass(frozen=True)
class Cell:
    "A cell of a notebook: its kind and its source."

    kind: str  # code or markdown
    source: str

    @property
    def exported(self) -> bool:
        return re.match(r"\s*#\|\s*export", self.source) is not None

    @property
    def lines(self) -> int:
        "Lines that are not empty."
        return len([line for line in self.source.splitlines() if line.strip()])


def notebook_paths() -> list[Path]:
    "Every notebook of the project, hidden folders left out."
    paths = (ROOT / "nbs").rglob("*.ipynb")
    return sorted(p for p in paths if not any(part[0] in "._" for part in p.relative_to(ROOT).parts))


def cells_of(path: Path) -> list[Cell]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [Cell(cell["cell_type"], "".join(cell["source"])) for cell in cells]


def module_paths() -> list[Path]:
    "Every exported module."
    return sorted(p for p in PACKAGE.rglob("*.py") if p.name[0] != "_" and "mini" not in p.parts)


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def imports_of(path: Path) -> Iterator[tuple[str, list[str]]]:
    "Modules of the package that a module imports from, as `room.module`, and the names."
    here = path.relative_to(PACKAGE).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: len(here) - node.level]
            yield ".".join((*base, *(node.module or "").split("."))).strip("."), [a.name for a in node.names]


def for_each(paths: Iterable[Path], **parts: Callable[[Path], Any]) -> Callable:
    """One test of a rule for many files, which names all that break it: thousands of tests cost minutes.

    The rule takes `path`, and `parts` made of it."""

    def one_test(rule: Callable) -> Callable:
        takes = signature(rule).parameters

        def test():
            broken = []
            for path in paths:
                given = {name: path if name == "path" else parts[name](path) for name in takes}
                try:
                    rule(**given)
                except AssertionError as error:
                    broken.append(f"{path.relative_to(ROOT)}: {str(error)[:400]}")
            assert not broken, "\n".join(broken)

        test.__doc__ = rule.__doc__
        return test

    return one_test
