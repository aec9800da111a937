"Reports as text: each test breaks if a number loses its interval, or a name is not escaped."

import numpy as np
import pandas as pd

from spurious_core.evaluate.report_tables import accuracy_bar, html_table, in_percent, text_table

GROUPS = pd.DataFrame(
    dict(group=["a", "b"], n=[9, 0], accuracy=[0.5, np.nan], lo=[0.25, np.nan], hi=[0.75, np.nan])
)


def test_in_percent():
    assert in_percent(0.921, 0.903, 0.938) == "92.1 [90.3, 93.8]"
    assert in_percent(0.5) == "50.0"
    assert in_percent(np.nan) == ""
    assert in_percent(0.5, np.nan, np.nan) == "50.0"


def test_groups_come_before_summaries_and_training_counts_only_where_given():
    metrics = dict(wga=(0.5, (0.2, 0.8), 9), gap=(0.1, None, 9), unknown=(1, None, 1))
    table = text_table(GROUPS, metrics)
    assert table.group.tolist() == ["a", "b", "WGA", "gap"]
    assert table["accuracy, %"].tolist() == ["50.0 [25.0, 75.0]", "", "50.0 [20.0, 80.0]", "10.0"]
    assert "train" not in table
    assert text_table(GROUPS.assign(train=[5, 6]), {}).train.tolist() == [5, 6]


def test_bars_have_the_length_of_the_value():
    assert 'width="50.0"' in accuracy_bar(0.5, 0.25, 0.75)
    assert 'x1="25.0" x2="75.0"' in accuracy_bar(0.5, 0.25, 0.75)
    assert "<line" not in accuracy_bar(0.5)
    assert accuracy_bar(np.nan) == ""


def test_names_and_warnings_are_escaped():
    page = html_table(pd.DataFrame(dict(group=["<b>a</b>"])), ["<svg></svg>"], ["a < b"])
    assert "<b>a" not in page
    assert "&lt;b&gt;a" in page
    assert "<svg></svg>" in page
    assert "⚠ a &lt; b" in page


def test_headings_and_colours_are_escaped():
    assert "<th>a &lt; b</th>" in html_table(pd.DataFrame({"a < b": ["1"]}), [""])
    assert "<script>" not in accuracy_bar(0.5, colour='"/><script>')
