"Discoveries as pictures."

import numpy as np
import pandas as pd
import pytest

from spurious_core.find.discoveries import show_discoveries, strongest_edits


def test_three_rows_a_feature_with_the_confidence_under_each():
    images = np.stack([np.full((4, 4, 3), v, np.uint8) for v in (250, 10, 200)])
    edits = pd.DataFrame(
        dict(
            image=[2, 0],
            label="cat",
            kind="foreground",
            cluster="ball",
            effect=[0.1, 0.3],
            p_before=[0.2, 0.9],
            p_after=[0.1, 0.6],
            p_sham=[0.2, 0.9],
        )
    )
    ranking = pd.DataFrame([dict(label="cat", kind="foreground", cluster="ball")])
    fig = show_discoveries(edits, ranking, images, images[:2], images[1:], "cat", n=2)
    words = [text.get_text() for text in fig.axes[0].texts]
    assert words == [
        "0.90",
        "0.20",
        "0.60",
        "0.10",
        "0.90",
        "0.20",
        "ball\nbefore",
        "ball\nafter",
        "ball\nsham",
    ]
    longer = show_discoveries(edits, ranking, images, images[:2], images[1:], "cat", n=3)
    assert [text.get_text() for text in longer.axes[0].texts] == words, (
        "two edits are two pictures, not three"
    )
    with pytest.raises(ValueError, match="class 'cow' has no ranked"):
        show_discoveries(edits, ranking, images, images[:2], images[1:], "cow")


def test_the_strongest_come_first_and_none_comes_twice():
    common = dict(label="cat", kind="foreground", cluster="ball")
    rows = [common | dict(effect=effect) for effect in (0.1, 0.4, 0.2)]
    rows.append(common | dict(effect=0.9, cluster="bowl"))
    feature = next(pd.DataFrame([common]).itertuples())
    assert strongest_edits(pd.DataFrame(rows), feature, 5).index.tolist() == [1, 2, 0]
    assert strongest_edits(pd.DataFrame(rows), feature, 2).index.tolist() == [1, 2]
