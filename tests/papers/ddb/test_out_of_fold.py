"Nobody judges what he was trained on."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.ddb import out_of_fold
from spurious_core.papers.ddb.out_of_fold import folds, held_out_agreement, new_class_agreement
from spurious_core.papers.ddb.recomposed_images import Recomposed
from support.ddb import CONFIG, DATA, MADE, VAL, grouped, middle, painted, toy


def test_nobody_judges_what_he_was_trained_on():
    recomposed = painted([(0, 200, 0), (190, 0, 0)])
    clf, other = toy("red", "green"), toy("red", "green")
    other.head.weight.data *= -1
    first, second = (judge.probs(recomposed.images)[:, 1].numpy() for judge in (clf, other))
    assert np.allclose(new_class_agreement([clf, other], recomposed), (first + second) / 2)
    seen = [[True, False], [False, True]]
    assert np.allclose(new_class_agreement([clf, other], recomposed, seen), [second[0], first[1]])


@pytest.mark.parametrize(
    "seen, why", [([[True, True]], "2 pictures have no classifier"), ([[True]], "seen has shape")]
)
def test_pictures_without_a_judge_are_refused(seen, why):
    with pytest.raises(ValueError, match=why):
        new_class_agreement([toy("red", "green")], painted([(0, 200, 0), (190, 0, 0)]), seen)


def test_folds_are_of_about_equal_size_and_depend_on_the_seed():
    assert sorted(np.bincount(folds(11, 3, 5))) == [3, 4, 4]
    assert (folds(11, 3, 5) == folds(11, 3, 5)).all()
    assert (folds(11, 3, 5) != folds(11, 3, 6)).any()
    for k in (1, 12):
        with pytest.raises(ValueError, match="expected at least two folds"):
            folds(11, k)


def test_folds_are_trained_without_the_pictures_they_judge(monkeypatch):
    trained_on = []

    def fit_ddb(train, recomposed, *args, **options):
        trained_on.append(set(recomposed.manifest.origin))
        return SimpleNamespace(clf=toy("red", "green"))

    monkeypatch.setattr(out_of_fold, "fit_ddb", fit_ddb)
    train = grouped([3, 3, 3, 3], side=8, labels=("red", "green"))
    held_out_agreement(train, painted([(0, 200, 0)] * 9), None, None, None, k=3)
    assert [len(pictures) for pictures in trained_on] == [6, 6, 6]
    for picture in range(9):
        assert sum(picture not in pictures for pictures in trained_on) == 1


def test_networks_of_folds_are_kept_and_read_again(base, tmp_path, monkeypatch):
    "A folder holds one network for each fold; called again, nothing is trained and the same is said."
    table = pd.DataFrame(dict(origin=range(len(MADE)), y_was=1 - MADE.y, y=MADE.y, a=MADE.a))
    recomposed = Recomposed(MADE.pixels, MADE.pixels, middle(len(MADE)), table)

    def ask(**options):
        return held_out_agreement(DATA, recomposed, VAL, base, CONFIG, k=2, progress=False, **options)

    plain, first = ask(), ask(out_dir=tmp_path)
    assert np.array_equal(plain, first)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["fold_0", "fold_1"]

    def trained_again(*args):
        pytest.fail("trained again")

    monkeypatch.setattr("spurious_core.mitigate.trainer.train_step", trained_again)
    assert np.array_equal(ask(out_dir=tmp_path), first)
