"What a notebook asks of this package, read without running it: names that are there, calls that fit."

import ast
import inspect
import re
from pathlib import Path
from typing import Any

from support.notebooks import cells_of

UNKNOWN = object()  # what a name stands for where only a run would tell


def tree_of(path: Path) -> ast.Module:
    "All code cells of a notebook as one piece of Python, without magics."
    sources = [cell.source for cell in cells_of(path) if cell.kind == "code"]
    return ast.parse("\n".join(re.sub(r"(?m)^\s*[%!].*$", "", source) for source in sources))


def imported_names(tree: ast.Module) -> dict[str, Any]:
    "What the imports of a piece of code bind, without names that are bound to something else as well."
    names = {}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            exec(compile(ast.Module([node], []), "imports", "exec"), names)
    names.pop("__builtins__", None)
    bound = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return {name: value for name, value in names.items() if name not in bound}


def is_ours(value: Any) -> bool:
    name = value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", None)
    return str(name).split(".")[0] == "spurious_core"


def signature_of(function: Any) -> inspect.Signature | None:
    "None for a class that takes what a built-in one does."
    try:
        return inspect.signature(function)
    except ValueError:
        return None


class Reader(ast.NodeVisitor):
    "Collects what is not there, and calls that do not fit; `calls` counts those that were looked at."

    def __init__(self, names: dict[str, Any]):
        self.names, self.problems, self.calls = names, [], 0

    def meaning(self, node: ast.AST) -> Any:
        "The module, class or function that a name or an attribute stands for."
        if isinstance(node, ast.Name):
            return self.names.get(node.id, UNKNOWN)
        if not isinstance(node, ast.Attribute):
            return UNKNOWN
        owner = self.meaning(node.value)
        if not (inspect.ismodule(owner) or inspect.isclass(owner)) or not is_ours(owner):
            return UNKNOWN
        if not hasattr(owner, node.attr):
            fields = getattr(owner, "__dataclass_fields__", {})
            if node.attr not in fields:
                self.problems.append(f"{owner.__name__} has no {node.attr}")
            return UNKNOWN
        return getattr(owner, node.attr)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.meaning(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        function = self.meaning(node.func)
        if (inspect.isfunction(function) or inspect.isclass(function)) and is_ours(function):
            self._bind(signature_of(function), node)
        self.generic_visit(node)

    def _bind(self, signature: inspect.Signature | None, node: ast.Call) -> None:
        if signature is None:
            return
        self.calls += 1
        given = [None for argument in node.args if not isinstance(argument, ast.Starred)]
        named = {keyword.arg: None for keyword in node.keywords if keyword.arg}
        is_whole = len(given) == len(node.args) and len(named) == len(node.keywords)
        try:
            (signature.bind if is_whole else signature.bind_partial)(*given, **named)
        except TypeError as error:
            self.problems.append(f"{ast.unparse(node)[:80]}: {error}")


def read_calls(tree: ast.Module) -> Reader:
    "A piece of code, read."
    reader = Reader(imported_names(tree))
    reader.visit(tree)
    reader.problems = sorted(set(reader.problems))
    return reader
