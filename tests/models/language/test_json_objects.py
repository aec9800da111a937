"Objects in a text: all that are complete, in one pass, whatever the text is."

import json

import pytest

from spurious_core.models.language.json_objects import KEPT_OBJECTS, MAX_DEPTH, find_objects, well_formed


def test_what_a_text_holds():
    value = {"a": [1, -2.5e3, True, None, {"b": '}" {\u00e9'}, []], "c": {}}
    text = f'a {{b}} "{{" {json.dumps(value)} and {{"d" : 1 }} or {{1: 2}}'
    found, cut = find_objects(text)
    assert found == [value["a"][4], {}, value, {"d": 1}]
    assert not cut


@pytest.mark.parametrize(
    "broken", ['{"a": 01x}', '{"a": "\\x"}', '{"a": "\n"}', '{"a" 1}', '{"a": 1,}', "{'a': 1}"]
)
def test_what_is_no_object(broken):
    assert find_objects(broken + ' {"b": 2}') == ([{"b": 2}], False)


def test_numbers_beyond_what_python_reads():
    assert find_objects('{"a": ' + "1" * 5000 + '} {"b": 2}') == ([{"b": 2}], False)


@pytest.mark.parametrize("text", ['{"a": 1', '{"a', "{", '{"a": "b\\', '{"a": [1, ', '{"a": {"b": 1}, "c": '])
def test_a_text_that_breaks_off(text):
    assert find_objects('{"z": 1} ' + text)[1]
    assert not find_objects(text + '} {"z": 1}')[1]


def test_depth_is_bounded_without_an_error():
    def nested(depth):
        return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)

    assert len(find_objects(nested(MAX_DEPTH))[0]) == MAX_DEPTH
    found, _ = find_objects(nested(100_000) + '{"b": 2}')
    assert found[-1] == {"b": 2}
    assert find_objects('{"a":' + "[" * 100_000)[0] == []


@pytest.mark.parametrize("unit", ["{", '{"', '{"a":', '{"a":[', '{"a":1,', '{"\\"', '{"a" {', "{ "])
def test_a_long_text_is_one_pass(unit):
    # 100 KB of braces took 40 s when each brace counted lines: this would be minutes
    assert find_objects(unit * (200_000 // len(unit)) + ' x {"b": 2}')[0][-1:] in ([{"b": 2}], [])


def test_nothing_is_read_more_than_twice(monkeypatch):
    from spurious_core.models.language import json_objects

    read, plain = [], json_objects._Reader.scalar

    def counted(self, at):
        read.append(at)
        return plain(self, at)

    monkeypatch.setattr(json_objects._Reader, "scalar", counted)
    find_objects('{"a":{"b":[1,{"c":' * 2000 + "x")
    assert len(read) <= 2 * (3 * 2000)


def test_the_last_objects_are_kept():
    found, _ = find_objects("".join(f'{{"n":{n}}}' for n in range(1000)))
    assert [one["n"] for one in found] == list(range(1000 - KEPT_OBJECTS, 1000))


def test_halves_of_pairs_become_readable():
    assert well_formed("a \ud83d b \udc00") == "a \ufffd b \ufffd"
    assert (
        well_formed("\ud83d\ude00 \U0001f600 caf\u00e9 \u2028\r\n")
        == "\U0001f600 \U0001f600 caf\u00e9 \u2028\r\n"
    )
