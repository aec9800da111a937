"What the tests of ASPIRE share: a plan of edits, and the phrases of the three pictures that it edits."

import pandas as pd
import pytest


@pytest.fixture
def extracted():
    return pd.DataFrame(
        dict(
            foreground=[["lamps", "flags"], ["lamps"], []],
            background=[["water"], [], ["sand"]],
            alternative=["cave", "road", ""],
        )
    )


@pytest.fixture
def plan():
    return pd.DataFrame(
        dict(
            image=[0, 0, 1, 2],
            y=[0, 0, 1, 0],
            label=["cat", "cat", "dog", "cat"],
            kind=["foreground", "background", "foreground", "background"],
            phrase=["lamps", "water", "lamps", "sand"],
            cluster=["lamp", "water", "lamp", "sand"],
            alternative=[None, "cave", None, "forest"],
        )
    )
