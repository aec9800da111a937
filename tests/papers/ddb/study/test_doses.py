"Pruning more and more under the last layer."

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from spurious_core.papers.ddb.study.doses import (
    as_many_at_random,
    best_of_each_class,
    good_pictures,
    last_layer_doses,
    pruning_orders,
)

Y = np.arange(20) % 2
BAD = np.arange(20) < 6
SCORES = pd.DataFrame(dict(psi=np.linspace(0.4, 0.1, 20), limit=0.5, rho=np.linspace(0, 2, 20), bad=BAD))


def test_small_psi_and_large_rho_are_good_and_reversed_orders_are_their_opposites():
    orders = pruning_orders(SCORES, "toy", 0)
    assert list(orders) == ["psi", "rho", "random", "reversed psi", "reversed rho"]
    assert orders["psi"].is_monotonic_increasing and orders["rho"].is_monotonic_increasing
    assert (orders["reversed rho"] == -orders["rho"]).all()


def test_chance_depends_on_the_run():
    again, other = pruning_orders(SCORES, "toy", 0), pruning_orders(SCORES, "toy", 1)
    assert pruning_orders(SCORES, "toy", 0)["random"].equals(again["random"])
    assert not again["random"].equals(other["random"])


@pytest.mark.parametrize("pruned, left", [(0.0, 20), (0.3, 14), (0.5, 10)])
def test_the_same_share_of_each_class_is_pruned_the_worst_first(pruned, left):
    keep = best_of_each_class(SCORES.rho, Y, pruned)
    assert np.bincount(Y[keep]).tolist() == [left // 2] * 2
    assert SCORES.rho[keep].min() > SCORES.rho[~keep].max() if pruned else keep.all()


def test_a_class_without_good_pictures_is_kept_whole():
    y = np.array([0, 0, 1, 1])
    assert good_pictures([True, True, True, False], y).tolist() == [True, True, False, True]


def test_as_many_of_each_class_are_drawn():
    keep = good_pictures(BAD, Y)
    drawn = as_many_at_random(keep, Y, "toy", 0)
    assert np.bincount(Y[drawn]).tolist() == np.bincount(Y[keep]).tolist()
    assert (drawn != keep).any()


class Pretended(SimpleNamespace):
    "A last layer whose accuracy is the share of good pictures."

    def last_layer(self, keep):
        return (~BAD[keep]).mean()


@pytest.fixture
def retrainer():
    plan, source = SimpleNamespace(doses=(0.3,)), SimpleNamespace(key="toy")
    run = SimpleNamespace(plan=plan, source=source, seed=0, wga=float)
    recomposed = SimpleNamespace(table=pd.DataFrame(dict(y=Y)))
    return Pretended(run=run, recomposed=recomposed, everything=np.ones(20, bool))


def test_gains_are_over_pruning_nothing(retrainer):
    gains = last_layer_doses(retrainer, SCORES).set_index("how").gain
    assert gains["oracle"] == pytest.approx(0.3)
    assert gains["rho"] == pytest.approx(0.3)  # it prunes exactly the six bad ones
    assert gains["reversed rho"] == pytest.approx(8 / 14 - 0.7)


def test_without_the_truth_there_is_nothing_to_learn(retrainer):
    assert len(last_layer_doses(retrainer, SCORES.assign(bad=np.nan))) == 0
