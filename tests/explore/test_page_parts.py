"What the page sends of a file, and the lines that say what is wrong with one."

import base64
import json
import re

import pytest
from ipywidgets import VBox

from spurious_core.explore.page_parts import LARGEST_FILE, DropField, dropped_file, style_panel
from support.pages import Page

DATA = base64.b64encode(b"\x00abc").decode()


def sent(name="a.png", size=4, data=DATA):
    return json.dumps(dict(name=name, size=size, data=data))


def test_name_and_bytes():
    assert dropped_file(sent()) == ("a.png", b"\x00abc")
    assert dropped_file(sent(size=LARGEST_FILE)) == ("a.png", b"\x00abc")


@pytest.mark.parametrize(
    "message, line",
    [
        (sent(name="", size=0, data=None), "what was dropped is no file"),
        (
            sent(size=LARGEST_FILE + 1, data=None),
            "a.png is too large: it has 7.0 MB, and 7 MB can be dropped",
        ),
        (sent(size=2**40, data=None), "has 1099511.6 MB"),
        (sent(data=None), "a.png can't be read; a folder"),
    ],
)
def test_what_is_wrong_is_a_line(message, line):
    with pytest.raises(ValueError, match=line) as error:
        dropped_file(message)
    assert "\n" not in str(error.value)


def test_a_file_is_taken_each_time_it_is_dropped():
    taken = []
    field = DropField("drop <it>", taken.append)
    for _ in range(2):
        field.message.value = sent()
    assert taken == [sent(), sent()] and field.message.value == ""


def test_the_field_is_named_and_one_stop_of_the_keyboard():
    page = Page(DropField("drop <it>", print).children[0].value)
    assert page.text == "drop <it>" and [tag for tag, _ in page.tags] == ["label", "input"]
    attributes = page.tags[1][1]
    assert attributes["type"] == "file" and "tabindex" not in attributes and "hidden" not in attributes


def luminance(colour):
    "Of a colour `#rrggbb`, as WCAG defines it."
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_white_letters_stand_out_from_their_button():
    "In JupyterLab axe looks at no colours. ipywidgets' own ground of a chosen button has a contrast of 3.5."
    panel = VBox()
    style_panel(panel)
    grounds = re.findall(r"mod-(\w+) { background: (#\w{6}); color: #fff }", panel.children[-1].value)
    assert {name for name, _ in grounds} == {"success", "info", "primary", "danger"}
    assert all(1.05 / (luminance(ground) + 0.05) >= 4.5 for _, ground in grounds)
    assert 1.05 / (luminance("#0097a7") + 0.05) < 4.5
