"What commands say: one line for an error or a warning, and tables that show what is in them."

import warnings
from pathlib import Path

import pytest
import typer

from spurious_core.app.commands.terminal import nearby, one_line_messages, print_table, say_last
from spurious_core.app.studies import RunError


@pytest.mark.parametrize(
    "error, code, line",
    [
        (ValueError("no\nsuch [class]"), 2, "error: no such [class]\n"),
        (RunError("it failed"), 1, "error: it failed\n"),
        (OSError("disk full"), 1, "error: disk full\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_an_expected_error_is_one_line(error, code, line, capsys):
    with pytest.raises(typer.Exit) as end, one_line_messages():
        raise error
    assert end.value.exit_code == code and capsys.readouterr().err == line


def test_an_unexpected_error_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), one_line_messages():
        1 / 0  # noqa: B018


def test_a_warning_is_one_line_without_our_code(capsys):
    before = warnings.showwarning
    with one_line_messages():
        warnings.simplefilter("always")
        warnings.warn("left out:\n2 files", stacklevel=1)
    assert capsys.readouterr().err == "warning: left out: 2 files\n"
    assert warnings.showwarning is before


def test_long_lines_are_not_cut_and_brackets_stay(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    say_last(["Look at " + "x" * 200])
    assert capsys.readouterr().out == "Look at " + "x" * 200 + "\n"
    print_table(None, ["type"], [["list[str]"]])
    assert "list[str]" in capsys.readouterr().out


def test_a_path_is_shown_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert nearby(tmp_path / "a/b") == Path("a/b") and nearby(Path("/elsewhere")) == Path("/elsewhere")
