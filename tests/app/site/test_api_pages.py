"The reference: every public name with its signature, and a table of its parameters."

import re

from spurious_core.app.site.api_facts import ApiName, ApiParameter
from spurious_core.app.site.api_pages import (
    api_folders,
    api_page,
    module_markdown,
    name_markdown,
    parameter_table,
    prose_markdown,
    read_folder,
)
from spurious_core.core import files
from support.notebooks import PACKAGE


def test_signs_mean_themselves_and_code_stays():
    assert prose_markdown("`[N, 3]` <b> *x* | a_b\n and\n\nmore") == (
        "`[N, 3]` &lt;b&gt; &#42;x&#42; &#124; a_b and\n\nmore"
    )


def test_a_bar_does_not_end_a_cell():
    table = parameter_table([ApiParameter("x", "int | None", "1", "`a | b` or | c")])
    assert table.splitlines()[-1] == r"| `x` | `int \| None` | `1` | `a \| b` or &#124; c |"
    assert len(re.findall(r"(?<!\\)\|", table.splitlines()[-1])) == 5
    assert parameter_table([]) == ""


def test_a_class_holds_its_methods():
    swap = ApiName("swap", "method", returns="Pair")
    text = name_markdown(
        ApiName("Pair", "class", "Two.", [ApiParameter("left", default="'a'")], methods=[swap])
    )
    assert text.startswith(":::::{py:class} Pair(left='a')\n\nTwo.\n\n| parameter |")
    assert "\n\n::::{py:method} swap()\n\nReturns `Pair`.\n::::\n:::::" in text


def test_values_and_properties():
    assert (
        name_markdown(ApiName("A", "data", "Some.", value="3"))
        == ":::::{py:data} A\n\nSome.\n\nIt is `3`.\n:::::"
    )
    text = name_markdown(ApiName("size", "property", returns="int"), 1)
    assert text == "::::{py:property} size\n\nReturns `int`.\n::::"


def test_one_module_of_ours():
    "Signature, sentence, comments, what it returns, and the notebook that it is written in."
    (module,) = (
        module for module in read_folder(PACKAGE / "core", PACKAGE) if module.name.endswith(".files")
    )
    text = module_markdown(module)
    assert "Written in [core/02_files.ipynb](../core/02_files.ipynb)." in text
    assert set(re.findall(r"^:::::\{py:\w+\} (\w+)", text, re.M)) == set(files.__all__)
    assert ":::::{py:function} writing(path, kept='')" in text
    assert (
        "| `kept` | `str` | `''` | what of the work is safe, such as 'the last checkpoint is kept' |" in text
    )
    assert "Returns `Iterator[None]`." in text


def test_every_room_and_folder_has_a_page():
    folders = api_folders(PACKAGE)
    assert {folder.name for folder in folders} >= {"core", "readers", "families", "report", "site"}
    page = api_page(PACKAGE / "core", PACKAGE)
    assert page.startswith("# core\n\nSettings, seeds") and page.count("{py:module}") > 10
