"DFR finds the core feature, with and without validation images."

import numpy as np
from sklearn.linear_model import LogisticRegression

from spurious_core.mitigate.fitting import fit
from spurious_core.mitigate.methods.dfr import STRENGTHS, dfr_head
from spurious_core.mitigate.selection import scores
from support.mitigation import FAST, images, small


def planted(rng, n, agree):
    "Three classes in three features, and an attribute in three clearer ones that agrees with the class."
    y = rng.integers(0, 3, n)
    a = np.where(rng.random(n) < agree, y, (y + rng.integers(1, 3, n)) % 3)
    core = 2.2 * np.eye(3)[y] + rng.normal(size=(n, 3))
    shortcut = 4 * np.eye(3)[a] + rng.normal(size=(n, 3))
    return np.concatenate([core, shortcut], 1), y, 3 * y + a


def test_it_finds_the_core_feature_for_three_classes():
    rng = np.random.default_rng(0)
    x, y, groups = planted(rng, 3000, 0.98)
    x_test, y_test, groups_test = planted(rng, 3000, 1 / 3)
    plain = LogisticRegression(max_iter=500).fit(x, y).predict(x_test)
    w, b, chosen = dfr_head(x, y, groups, 3, strengths=(1.0, 0.1), refits=5)
    refitted = (x_test @ w.T + b).argmax(1)
    before, after = (scores(p, y_test, groups_test)["wga"] for p in (plain, refitted))
    assert after > before + 0.15 and chosen["C"] in (1.0, 0.1)


def test_without_validation_it_holds_out_training_images():
    # sampling from a set raised TypeError in a peer on Python 3.11
    fitted = fit("DFR", images(120), None, small, FAST, progress=False)
    assert fitted.details["held out of training"] >= 20
    assert fitted.selection == "last" and fitted.details["C"] in STRENGTHS
