"Arguments that bear new names: each row of the change log's table is refused, and the new name said."

import importlib
import inspect
import re

import pytest

from support.notebooks import PACKAGE, ROOT, module_paths

ROWS = re.findall(
    r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \|$",
    (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
    re.M,
)


def offered(name):
    "What the package offers under a public name."
    index = re.compile(rf"__all__ = \[[^]]*'{name}'")
    (path,) = [p for p in module_paths() if index.search(p.read_text(encoding="utf-8"))]
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return getattr(importlib.import_module(module), name)


def test_the_table_is_read():
    assert ("SimilarityLossConfig", "t_min", "sigma_min") in ROWS and len(ROWS) > 20


@pytest.mark.parametrize("name, former, now", ROWS)
def test_an_argument_of_before_is_refused_by_its_new_name(name, former, now):
    function = offered(name)
    assert now in inspect.signature(function).parameters
    with pytest.raises(TypeError, match=rf"^{name}\({former}=\.\.\.\): {former} is now .*\b{now}\b"):
        function(**{former: None})


def test_timesteps_are_told_as_levels_of_noise():
    with pytest.raises(TypeError, match=r"t_min is now sigma_min.*300 is 0\.639"):
        offered("SimilarityLossConfig")(t_min=300)
