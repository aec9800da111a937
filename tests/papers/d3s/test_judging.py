"What could go wrong in judging: the wrong class asked about, accuracies of the wrong group, a juror twice."

import numpy as np
import pytest
import torch

from spurious_core.data.worlds import get_world
from spurious_core.papers.d3s.benchmark import pairs_rendered
from spurious_core.papers.d3s.drawing import as_grouped
from spurious_core.papers.d3s.judging import accuracy_by, inspect_pictures, jury_answers, missed_by_all
from spurious_core.papers.d3s.prompts import BACKGROUNDS
from support.d3s import drawn
from support.jurors import Says

WORLD = get_world("d3s")
LABELS = ["boat", "cow"]


class Reads:
    "A classifier that reads the label in one colour channel."

    def __init__(self, labels, channel, sure=0.9, off=0):
        self.labels, self.channel, self.sure, self.off = labels, channel, sure, off

    def index(self, label):
        return self.labels.index(label)

    def probs(self, images):
        read = (images[:, 5, 5, self.channel].astype(int) - 10) // 20 + self.off
        n = len(self.labels)
        probs = np.full((len(read), n), (1 - self.sure) / (n - 1))
        probs[np.arange(len(read)), read % n] = self.sure
        return torch.tensor(probs)


CLASSES = ["boat", "cow", "car", "nothing"]
OBJECTS, PLACES = Reads(CLASSES, 0), Reads(list(BACKGROUNDS), 1)
WRONG_OBJECTS, WRONG_PLACES = Reads(CLASSES, 0, off=1), Reads(list(BACKGROUNDS), 1, off=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return as_grouped(drawn(tmp_path_factory.mktemp("drawn")), ["boat", "cow", "car"])


def test_the_filter_asks_about_the_right_class_and_background(data):
    seen = inspect_pictures(data, OBJECTS, PLACES)
    assert seen.kept.all()
    assert seen.class_there.all()
    assert np.allclose(seen.p_class, 0.9)
    assert not inspect_pictures(data, OBJECTS, WRONG_PLACES).kept.any()
    assert not inspect_pictures(data, WRONG_OBJECTS, PLACES).kept.any()
    assert list(inspect_pictures(data, OBJECTS)) == ["p_class", "class_there", "kept"]
    with pytest.raises(ValueError, match="must lie in"):
        inspect_pictures(data, OBJECTS, at=0.0)


def test_a_first_choice_in_doubt_is_not_kept(data):
    doubt = inspect_pictures(data, Reads(CLASSES, 0, sure=0.4), PLACES)
    assert doubt.class_there.all()
    assert not doubt.kept.any()


def test_without_classifiers_everything_is_kept(data):
    seen = inspect_pictures(data, None)
    assert list(seen) == ["kept"]
    assert len(seen) == len(data)
    assert seen.kept.all()


def test_missed_by_all_means_by_all(data):
    assert missed_by_all(data, [WRONG_OBJECTS, WRONG_OBJECTS]).all()
    assert not missed_by_all(data, [WRONG_OBJECTS, OBJECTS]).any()
    with pytest.raises(ValueError, match="no classifiers"):
        missed_by_all(data, [])


def test_accuracies_belong_to_their_group():
    rendered = pairs_rendered(WORLD, LABELS, 3)
    jury = [Says("no caves", lambda y, a: a != 9), Says("boats only", lambda y, a: y == 0)]
    answers = jury_answers(rendered, jury)
    value = accuracy_by(answers).set_index(["background", "juror"]).value
    assert value["cave", "no caves"] == 0
    assert value["sand", "no caves"] == 1
    assert value["sand", "boats only"] == 0.5
    by_label = accuracy_by(answers, "label").set_index(["label", "juror"])
    assert by_label.value["cow", "boats only"] == 0
    assert by_label.value["cow", "no caves"] == pytest.approx(0.9)
    assert (by_label.n == 30).all()


def test_no_juror_twice():
    rendered = pairs_rendered(WORLD, LABELS, 1)
    juror = Says("one", lambda y, a: True)
    with pytest.raises(ValueError, match="same classifier"):
        jury_answers(rendered, [juror, juror])
    with pytest.raises(ValueError, match="jury is empty"):
        jury_answers(rendered, [])
