"What the reference says is what the code says, as docments read it."

import importlib
import inspect

import pytest
from fastcore.docments import docments

from spurious_core.app.site.api_facts import read_module
from support.notebooks import PACKAGE

SOURCE = '''"A module."

__all__ = ["LIMIT", "TABLE", "call", "Thing", "Plain"]

# at the
# outside
LIMIT: int = 3
TABLE = dict(a=1, b=2, c=3, d=4, e=5, f=6, g=7, h=8, i=9, j=10, k=11, l=12, m=13)


def call(x, /, *, y: "int | None" = None, **options) -> None:  # noqa: E501
    """One.

    Two."""


def hidden(): ...


@dataclass(frozen=True)
class Thing:
    "T."

    name: str  # of it
    parts: list[str] = field(default_factory=list)
    _cache: int = 0

    @property
    def size(self) -> int: ...

    def __call__(self, z): ...

    def _private(self): ...


class Plain:
    def __init__(
        self,
        a,  # first
    ): ...


@patch
def grow(self: Thing, by: int) -> Thing:  # how much
    "Bigger."
'''


@pytest.fixture
def names(tmp_path):
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/mod.py").write_text(SOURCE)
    module = read_module(tmp_path / "pack/mod.py", tmp_path / "pack")
    assert (module.name, module.doc, module.notebook) == ("pack.mod", "A module.", "")
    return {name.name: name for name in module.names}


def test_public_names_in_their_order(names):
    assert list(names) == ["LIMIT", "TABLE", "call", "Thing", "Plain"]
    assert (names["LIMIT"].doc, names["LIMIT"].value, names["TABLE"].value) == ("at the outside", "3", "")


def test_parameters_of_all_kinds(names):
    x, y, options = names["call"].parameters
    assert (x.name, x.default, y.type, y.default) == ("x", None, "int | None", "None")
    assert (options.name, options.default) == ("**options", "")
    assert names["call"].doc == "One.\n\nTwo." and names["call"].returns == "None"


def test_classes_have_fields_methods_and_what_was_patched_in(names):
    assert [(p.name, p.comment) for p in names["Thing"].parameters] == [("name", "of it"), ("parts", "")]
    assert [(m.name, m.kind) for m in names["Thing"].methods] == [
        ("size", "property"),
        ("__call__", "method"),
        ("grow", "method"),
    ]
    assert [(p.name, p.comment) for p in names["Plain"].parameters] == [("a", "first")]


@pytest.mark.parametrize("module", ["core.checks", "core.images", "core.seeds", "data.manifests"])
def test_comments_are_those_that_docments_finds(module):
    "By fastcore's own reading of the imported functions."
    imported = importlib.import_module(f"spurious_core.{module}")
    facts = read_module(PACKAGE / f"{module.replace('.', '/')}.py", PACKAGE)
    functions = [name for name in facts.names if name.kind == "function"]
    assert functions
    for name in functions:
        function = inspect.unwrap(getattr(imported, name.name))
        there = docments(function, returns=False)
        mine = {p.name.lstrip("*"): " ".join(p.comment.split()) for p in name.parameters}
        for parameter, comment in there.items():
            if comment and parameter in mine:
                assert " ".join(comment.split()) == mine[parameter], (name.name, parameter)
