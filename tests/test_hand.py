"How the code is written: what ruff cannot see. The limits are those of CONTRIBUTING."

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.notebooks import (
    FLOOR,
    PACKAGE,
    ROOT,
    Cell,
    cells_of,
    for_each,
    imports_of,
    module_paths,
    notebook_paths,
    room_of,
)

CELL_LINES, DEFINITION_LINES, MODULE_LINES = 25, 60, 300
BODY_LINES, BODY_CHARACTERS, PARAMETERS, LETTERS = 30, 1200, 8, 4
PROSE_PER_100_LINES = 150

OVER_8_PARAMETERS = 5  # functions at the front door, which people call with few of their arguments
MODULES_OF_A_ROOM = 16

# words of prose, which say nothing as names: of variables, arguments, functions, columns
PROSE = set("made told most least own way ways of but ahead knob narrowed".split())
NAMED_BY_KEYWORD = ("dict", "assign", "SimpleNamespace")


NOTEBOOKS, MODULES = for_each(notebook_paths()), for_each(module_paths())


def functions(path: Path) -> list[tuple[ast.FunctionDef, list[str]]]:
    "The functions of a module, each with the lines of its body: no signature, docstring or blank line."
    text = path.read_text(encoding="utf-8")
    lines, found = text.splitlines(), []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            code = lines[body[0].lineno - 1 : node.end_lineno] if body else []
            found.append((node, [line.strip() for line in code if line.strip()]))
    return found


def is_one_definition(cell: Cell) -> bool:
    if not cell.exported:
        return False
    body = ast.parse(cell.source).body
    return len(body) == 1 and isinstance(body[0], ast.FunctionDef | ast.ClassDef)


def is_text_without_encoding(call: ast.Call) -> bool:
    "Whether a call reads or writes text as the system's settings say."
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in ("read_text", "write_text", "open") or any(
        word.arg == "encoding" for word in call.keywords
    ):
        return False
    if name == "read_text":
        return not call.args
    if name == "write_text":
        return len(call.args) < 2
    if isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "Image":
        return False  # Pillow's
    modes = call.args[isinstance(call.func, ast.Name) :] + [w.value for w in call.keywords if w.arg == "mode"]
    return not any("b" in str(mode.value) for mode in modes if isinstance(mode, ast.Constant))


@pytest.mark.parametrize(
    "source, named",
    [
        ("p.read_text()", True),
        ("p.read_text('utf-8')", False),
        ("p.write_text(x)", True),
        ("p.write_text(x, encoding='utf-8')", False),
        ("p.open('a')", True),
        ("open(p)", True),
        ("open(p, 'rb')", False),
        ("p.open(mode='wb')", False),
        ("Image.open(p)", False),
    ],
)
def test_files_without_an_encoding_are_seen(source, named):
    assert is_text_without_encoding(ast.parse(source).body[0].value) == named


@MODULES
def test_every_text_file_is_opened_with_its_encoding(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    assert [ast.unparse(call) for call in calls if is_text_without_encoding(call)] == []


@NOTEBOOKS
def test_cells_fit_a_screen(path):
    for cell in cells_of(path):
        if cell.kind == "code":
            limit = DEFINITION_LINES if is_one_definition(cell) else CELL_LINES
            assert cell.lines <= limit, cell.source


@MODULES
def test_modules_are_one_idea(path):
    tree = ast.parse(text := path.read_text(encoding="utf-8"))
    index = [n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    lines = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) - sum(n.end_lineno - n.lineno + 1 for n in index) <= MODULE_LINES


@MODULES
def test_functions_do_one_thing(path):
    for node, body in functions(path):
        assert len(body) <= BODY_LINES, node.name
        assert sum(map(len, body)) <= BODY_CHARACTERS, node.name


@MODULES
def test_names_say_something(path):
    for node, _ in functions(path):
        arguments = [a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)]
        stored = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        letters = {name for name in stored + arguments if len(name) == 1}
        assert len(letters) <= LETTERS, f"{node.name}: {sorted(letters)}"


def bindings(tree: ast.AST) -> Iterator[str]:
    "Names that code gives to something."
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.arg | ast.alias):
            yield node.arg if isinstance(node, ast.arg) else node.asname or node.name
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            if isinstance(node.slice, ast.Constant):
                yield str(node.slice.value)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in NAMED_BY_KEYWORD:
            yield from (word.arg for word in node.keywords if word.arg)


def code_of(path: Path) -> str:
    "The code of a notebook or a module, without the lines that only Jupyter understands."
    if path.suffix == ".py":
        return path.read_text(encoding="utf-8")
    code = "\n".join(cell.source for cell in cells_of(path) if cell.kind == "code")
    return re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", code)


@for_each([*notebook_paths(), *sorted((ROOT / "tests").rglob("*.py"))])
def test_no_word_of_prose_is_a_name(path):
    assert not PROSE & set(bindings(ast.parse(code_of(path))))


def test_bindings_are_all_kinds_of_names():
    code = (
        "import a as b\ndef c(d, *, e=1): f = g.h\nfor i, j.k in l: m['n'] = dict(o=p)\nclass q: r: int = 0"
    )
    assert set(bindings(ast.parse(code))) == set("bcdefiknoqr")


def test_functions_have_few_parameters():
    many = []
    for path in module_paths():
        for node, _ in functions(path):
            if len(node.args.args) + len(node.args.kwonlyargs) > PARAMETERS:
                many.append(f"{path.relative_to(PACKAGE)}:{node.name}")
    assert len(many) <= OVER_8_PARAMETERS, many


@MODULES
def test_no_inline_if_within_an_inline_if(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.IfExp):
            assert sum(isinstance(n, ast.IfExp) for n in ast.walk(node)) == 1, ast.unparse(node)


@MODULES
def test_public_functions_are_typed(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            untyped = [a.arg for a in [*node.args.args, *node.args.kwonlyargs] if a.annotation is None]
            assert not untyped and node.returns is not None, f"{node.name}: {untyped}, returns {node.returns}"


@MODULES
def test_imports_point_upward_and_private_names_stay_at_home(path):
    for module, names in imports_of(path):
        there = module.partition(".")[0]
        if there in FLOOR:
            here = room_of(path)
            assert there == here or FLOOR[there] < FLOOR[here], f"{here} imports {module}"
        private = [name for name in names if name.startswith("_")]
        assert not private, f"{module}: {private}"


def test_every_public_name_stands_once():
    places = {}
    for path in module_paths():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                for name in ast.literal_eval(node.value):
                    places.setdefault(name, []).append(str(path.relative_to(PACKAGE)))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_room_is_no_warehouse():
    folders = [path.parent for path in module_paths()]
    crowded = {folder.name: folders.count(folder) + 1 for folder in folders}
    assert {name: n for name, n in crowded.items() if n > MODULES_OF_A_ROOM} == {}


def test_lines_of_the_package_fit_the_page():
    "Also what ruff does not see: docstrings that nbdev makes of a notebook's first sentence."
    for path in module_paths():
        text = path.read_text(encoding="utf-8")
        index = [
            n
            for n in ast.parse(text).body
            if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"
        ]
        skipped = {line for node in index for line in range(node.lineno, node.end_lineno + 1)}
        long = [n for n, line in enumerate(text.splitlines(), 1) if len(line) > 110 and n not in skipped]
        assert not long, f"{path}: lines {long}"


def test_there_is_prose_beside_the_code():
    words = lines = 0
    for path in notebook_paths():
        for cell in cells_of(path):
            words += len(cell.source.split()) if cell.kind == "markdown" else 0
            lines += cell.lines if cell.kind == "code" else 0
    assert 100 * words / lines >= PROSE_PER_100_LINES


@MODULES
def test_every_module_has_its_tests(path):
    where = path.relative_to(PACKAGE)
    assert (ROOT / "tests" / where.parent / f"test_{where.name}").is_file()
