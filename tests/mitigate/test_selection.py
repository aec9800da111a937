"What chooses the epoch."

import numpy as np
import pytest

from spurious_core.mitigate.fitting import fit
from spurious_core.mitigate.selection import scores
from support.mitigation import FAST, images, quick, small, validation


def test_scores_take_the_worst_of_what_occurs():
    got = scores([0, 0, 1, 1], np.array([0, 0, 1, 0]), np.array([0, 1, 3, 1]))
    assert got == dict(average=0.75, worst_class=pytest.approx(2 / 3), wga=0.5)


@pytest.mark.parametrize("selection", ["wga", "average", "worst_class"])
def test_the_best_epoch_is_kept_by_its_own_criterion(selection):
    val = validation()
    fitted = quick("ERM", val=val, config=FAST.with_(epochs=5), selection=selection)
    best = fitted.history.loc[fitted.history[f"val_{selection}"].idxmax()]
    assert scores(fitted.predict(val), val.y, val.group)[selection] == pytest.approx(best[f"val_{selection}"])
    assert fitted.selection == selection


def test_without_validation_the_last_epoch_is_kept():
    fitted = fit("ERM", images(), None, small, FAST, progress=False)
    assert fitted.selection == "last" and "val_wga" not in fitted.history


def test_the_last_epoch_can_be_kept_in_spite_of_validation_images():
    fitted, val = quick("ERM", selection="last"), validation()
    assert fitted.selection == "last" and len(fitted.history.val_wga) == 3
    average = (fitted.predict(val) == val.y).mean()
    assert average == pytest.approx(fitted.history.val_average.iloc[-1])


def test_an_unknown_selection_is_refused():
    with pytest.raises(ValueError, match="selection=.best. is unknown"):
        quick("ERM", selection="best")
