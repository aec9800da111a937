"Groups of a report: which mistakes are shown, and what the slider picks."

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.data.grouped import GroupedImages
from spurious_core.explore.group_explorer import GroupExplorer, GroupViews, attribution_overlays, draw_group
from spurious_core.models.classifier import Classifier
from support.small_guide import images, small_guide


@pytest.fixture
def views():
    clf = small_guide()
    rows = np.arange(30)
    manifest = pd.DataFrame(dict(y=rows % 3, a=rows % 2 * (rows % 3 > 0), split="test"))
    data = GroupedImages(manifest, clf.labels, ["<day>", "night"], "pets", images())
    return GroupViews(data, clf)


class Blind(torch.nn.Module):
    "A network without maps."

    def __init__(self):
        super().__init__()
        self.head = torch.nn.Linear(3, 3)

    def forward(self, x):
        return self.head(x.mean((2, 3)))


def test_mistakes_are_the_wrong_ones_and_the_surest_come_first(views):
    list(views.measure())
    assert list(views.measure()) == []
    everything = np.sort(np.concatenate([views.mistakes(group) for group in range(6)]))
    assert everything.tolist() == np.flatnonzero(views.probs.argmax(1) != views.data.y).tolist()
    for group in range(6):
        confidence = views.probs[views.mistakes(group)].max(1)
        assert (views.data.group[views.mistakes(group)] == group).all() and (np.diff(confidence) <= 0).all()


def test_the_figure_has_a_row_for_mistakes_and_for_where_it_looked(views):
    figure = draw_group(views, 0, n=3)
    names = [text.get_text() for text in figure.axes[0].texts]
    assert "pictures" in names
    assert ("surest\nmistakes" in names) == (len(views.mistakes(0)) > 0) == ("where it\nlooked" in names)


def test_overlays_tint_and_keep_the_size(views):
    shown = attribution_overlays(views.clf, images()[:2], np.array([0, 1]))
    assert shown.shape == (2, 64, 64, 3) and (shown != images()[:2]).any()


def test_a_network_without_maps_says_so(views):
    views.clf = Classifier(Blind(), views.clf.labels, name="blind").eval()
    list(views.measure())
    group = next(group for group in range(6) if len(views.mistakes(group)))
    assert "no map" in draw_group(views, group, 3).texts[0].get_text()


def test_the_slider_begins_with_the_worst_and_leaves_out_what_is_empty(views):
    explorer = GroupExplorer(views)
    names = [name for name, _ in explorer.groups.options]
    assert len(names) == 5 and names[0].startswith(views.report.worst_group)
    assert (
        f'alt="{names[0].split(":")[0].replace("<", "&lt;").replace(">", "&gt;")}' in explorer.picture.value
    )
    before = explorer.picture.value
    explorer.groups.index = 3
    assert explorer.picture.value != before
    explorer.number.value = 3
    shown = min(3, len(views.mistakes(explorer.groups.value)))
    assert f"the {shown} surest are shown" in explorer.picture.value


def test_the_page_makes_the_slider_anew_once_the_groups_are_known(views):
    explorer, turns = GroupExplorer(views), []
    explorer.groups.observe(lambda change: turns.append(change["new"]), "orientation")
    explorer.start(views.measure(), lambda _: explorer._list())
    assert turns == ["vertical", "horizontal"]


def test_an_empty_group_and_other_classes_are_errors(views):
    with pytest.raises(ValueError, match="cat, night: the group has no pictures"):
        draw_group(views, 1)
    views = GroupViews(views.data, Classifier(Blind(), ["a", "b", "c"], name="blind").eval())
    explorer = GroupExplorer(views)
    assert "blind knows a, b, c, and the data have cat, dog, cup" in explorer.status.value


def test_the_second_slider_says_how_many_pictures_are_drawn(views):
    list(views.measure())
    views.probs = np.roll(np.eye(3), 1, 1)[views.data.y]  # every answer is wrong
    explorer = GroupExplorer(views)
    explorer.groups.value = 0
    assert "10 mistakes, the 8 surest are shown" in explorer.picture.value
    before = explorer.picture.value
    for number in (3, 5):
        explorer.number.value = number
        assert f"10 mistakes, the {number} surest are shown" in explorer.picture.value
    assert explorer.picture.value.split("base64,")[1] != before.split("base64,")[1]
