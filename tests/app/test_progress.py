"What is said while a study runs."

import io
from types import SimpleNamespace

import nbformat

from spurious_core.app.progress import Progress, drop_bars, read_bar

BARS = (
    "\rdrawing:   0%|          | 0/20 [00:00<?, ?it/s]\rdrawing:  45%|####5     | 9/20 [00:10<00:12, 1.1it/s]"
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def markdown(source):
    return SimpleNamespace(cell_type="markdown", source=source)


def at(stream, **options):
    time = [0.0]
    return Progress(stream, clock=lambda: time[0], **options), time


def test_the_last_bar_is_read():
    assert read_bar(BARS) == "drawing 9/20"
    assert read_bar("\r100%|##########| 3/3 [00:01<00:00]\n") == "3/3"
    assert read_bar("loss 45% | of 3/4 [kept]") is None
    assert read_bar("a warning\n") is None


def test_sections_and_in_a_log_few_counts():
    log = io.StringIO()
    progress, time = at(log)
    progress.start_cell(markdown("no heading"), 0)
    progress.start_cell(markdown("## 4. The arms\n\n# no second one"), 1)
    progress.start_cell(SimpleNamespace(cell_type="code", source="# not a heading"), 2)
    for time[0] in (10, 35, 50, 66):
        progress.write(BARS)
    progress.write("a warning")
    time[0] = 3725
    progress.start_cell(markdown("# The end"), 3)
    assert log.getvalue().splitlines() == [
        "   0:00  4. The arms (cell 2)",
        "   0:35    drawing 9/20",
        "   1:06    drawing 9/20",
        "  62:05  The end (cell 4)",
    ]


def test_on_a_terminal_a_count_is_written_over_the_last():
    terminal = Terminal()
    progress, time = at(terminal)
    progress.start_cell(SimpleNamespace(cell_type="code", source="1"), 4)
    progress.write(BARS)
    progress.start_cell(markdown("## Next"), 5)
    clear = "\r\x1b[2K"
    lines = ["   0:00    cell 5", "   0:00    drawing 9/20", "   0:00  Next (cell 6)\n"]
    assert terminal.getvalue() == "".join(clear + line for line in lines)
    progress.close()
    assert terminal.getvalue().endswith(clear)


def test_a_warning_of_ours_is_said_once():
    log = io.StringIO()
    progress, _ = at(log)
    ours = "/tmp/ipykernel_7/12.py:3: UserWarning: 2 files are left out\n  read()\n"
    progress.write(ours + "/x/site-packages/torch/nn.py:9: UserWarning: old\n  f()\n")
    progress.write(ours + "/x/spurious_core/data/a.py:4: UserWarning: a class is lacking\n  g()\n")
    assert [line.split("  ")[-1] for line in log.getvalue().splitlines()] == [
        "warning: 2 files are left out",
        "warning: a class is lacking",
    ]


def test_bars_leave_the_notebook_and_nothing_else_does():
    v4 = nbformat.v4
    outputs = [
        v4.new_output("stream", name="stderr", text=BARS + "\n"),
        v4.new_output("stream", name="stderr", text="\x1b[A"),
        v4.new_output("stream", name="stderr", text="a warning\n" + BARS),
        v4.new_output("stream", name="stdout", text="90%|  | 9/10 [printed]"),
        v4.new_output("execute_result", data={"text/plain": "3"}),
    ]
    cell = v4.new_code_cell("3", outputs=outputs)
    drop_bars(cell)
    assert [o.get("text") for o in cell.outputs] == ["a warning", "90%|  | 9/10 [printed]", None]
    drop_bars(v4.new_markdown_cell("no outputs"))
