"Retraining again and again: who chooses, who judges, and what is read instead."

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.ddb.recomposed_images import Recomposed
from spurious_core.papers.ddb.study import repeats
from spurious_core.papers.ddb.study.repeats import CHOOSING, Retrainer, best_gamma, judging, kept_name
from support.ddb import MADE, toy_run


@pytest.fixture
def retrainer(base, tmp_path):
    table = pd.DataFrame(dict(origin=0, y_was=1 - MADE.y, y=MADE.y, a=MADE.a))
    recomposed = Recomposed(MADE.pixels, MADE.pixels, np.ones(MADE.pixels.shape[:3]), table)
    return Retrainer(toy_run(None, tmp_path), base, recomposed, 0.5)


def test_names_tell_choices_apart():
    assert kept_name(np.ones(9, bool)) == kept_name(np.ones(9, bool))
    assert kept_name(np.ones(9, bool)) != kept_name(np.arange(9) > 0)


def test_the_repeat_that_chooses_never_judges(retrainer):
    assert set(CHOOSING).isdisjoint(judging(retrainer.run))
    assert list(judging(replace(retrainer.run, plan=replace(retrainer.run.plan, repeats=4)))) == [1, 2, 3]


def test_repeats_have_seeds_and_folders_of_their_own(retrainer):
    keep = np.arange(len(retrainer.recomposed)) > 3
    (chosen,), (judge,) = retrainer.all_layers(keep), retrainer.judged(keep)
    assert (chosen.seed, judge.seed) == (3, 1003)
    assert chosen.config.hyperparameters["ddb_gamma"] == 0.5
    assert sum(chosen.details["generated"].values()) == keep.sum()
    folders = sorted(path.name for path in (retrainer.run.out / "fits" / "toy_3").iterdir())
    assert folders == [f"{kept_name(keep)}_0.5_0", f"{kept_name(keep)}_0.5_1"]


def test_the_last_layer_alone_leaves_the_rest_as_it_was(retrainer, base):
    (last,) = retrainer.last_layer(retrainer.everything)
    names = [
        name for name, value in base.state_dict().items() if not value.equal(last.clf.state_dict()[name])
    ]
    assert names and all("classifier" in name or "head" in name for name in names)


@pytest.mark.parametrize("by_gamma, best", [({1.0: 0.3, 0.5: 0.4}, 0.5), ({1.0: 0.4, 0.5: 0.4}, 1.0)])
def test_the_weight_is_chosen_on_validation_and_of_equals_the_first(retrainer, monkeypatch, by_gamma, best):
    asked = []

    def pretended(run, base, recomposed, name, gamma, which):
        asked.append((name, tuple(which)))
        return [gamma]

    monkeypatch.setattr(repeats, "retrain_repeats", pretended)
    monkeypatch.setattr(type(retrainer.run), "last_epochs", lambda run, fitted: by_gamma[fitted])
    assert best_gamma(retrainer.run, None, retrainer.recomposed, "all") == best
    assert asked == [("all", (0,))] * 2
