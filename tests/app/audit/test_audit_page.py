"One page, and its tables beside it."

import json
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from spurious_core.app.audit.audit_page import SHOWN_BARS, accuracy_figure, write_report
from spurious_core.app.audit.examining import examine_subject
from spurious_core.app.audit.subjects import read_subject
from spurious_core.core.plots import bars
from spurious_core.core.settings import load_profile
from spurious_core.data.rendered import world_images
from spurious_core.data.worlds import get_world
from spurious_core.models.loading import load_classifier


@pytest.fixture(scope="module")
def planted():
    net = load_classifier(load_profile("mini").null_guide)
    birds = world_images(get_world("waterbirds_hard"), 500, "train", ratio=0.9)
    return examine_subject(read_subject(birds, net, refit=True), birds.manifest.prompt.tolist())


def test_the_report_is_one_page_with_its_tables(planted, tmp_path):
    page = write_report(planted, tmp_path, attack_steps=1).read_text()
    assert page.count("<img") >= 5 and "Words that go with it" in page
    assert "Where mistakes gather" in page
    table = pd.read_csv(tmp_path / "mistake_groups.csv")
    assert len(table) == len(planted.mistake_groups) and table.gathers.sum() >= len(planted.gathered)
    pictures = pd.read_csv(tmp_path / "pictures.csv")
    assert len(pictures) == 500 and (pictures.label == pictures.called).mean() == pytest.approx(
        (planted.subject.predicted == planted.subject.images.y).mean()
    )
    facts = json.loads((tmp_path / "audit.json").read_text())
    assert len(facts["named"]) == len(planted.named) and facts["fitted"]
    assert any("GroupDRO" in step for step in facts["next_steps"])


def test_the_accuracies_are_drawn_in_the_style_of_the_house(planted, tmp_path, monkeypatch):
    drawn, before = [], dict(plt.rcParams)

    def keep(*given, **more):
        drawn.append(bars(*given, **more))
        return drawn[-1]

    monkeypatch.setattr("spurious_core.app.audit.audit_page.bars", keep)
    write_report(planted, tmp_path, attack_steps=0)
    (ax,) = drawn
    assert ax.spines["left"].get_edgecolor()[:3] == (0.8, 0.8, 0.8) and dict(plt.rcParams) == before
    assert all(text.get_size() >= 8 for text in ax.get_xticklabels())


def test_many_classes_have_room_and_no_more_than_fit_are_drawn(planted):
    rows = [dict(label=f"class {i}", split="test", accuracy=i / 100, lo=0, hi=1) for i in range(100)]
    figure = accuracy_figure(pd.DataFrame(rows))
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.get_xticklabels()][:2] == ["class 0 test", "class 1 test"]
    assert len(ax.patches) == SHOWN_BARS and figure.get_size_inches()[0] >= 0.25 * SHOWN_BARS
    plt.close(figure)


def test_a_report_leaves_no_words_of_a_former_one(planted, tmp_path):
    write_report(planted, tmp_path, attack_steps=0)
    (tmp_path / "notes.csv").write_text("mine")
    assert (tmp_path / "words.csv").is_file()
    page = write_report(replace(planted, captions=None), tmp_path, attack_steps=0).read_text()
    assert "in words" not in page
    names = ["audit.json", "copies.csv", "mistake_groups.csv", "notes.csv", "pictures.csv", "report.html"]
    names.append("shortcuts.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == names
