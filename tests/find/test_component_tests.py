"A component is spurious with a lead and separation, not without."

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from spurious_core.find.component_tests import spurious_components
from spurious_core.find.neural_pca import fit_neural_pca
from support.small_guide import features, small_guide


@pytest.fixture(scope="module")
def clf():
    return small_guide()


def test_detector_wants_a_lead_and_separation(clf):
    phi = features(400)
    pca = fit_neural_pca(clf, phi, 0)
    quiet = phi.mean(0).expand(50, -1)
    v = pca.eigenvectors[:, 0] / pca.weight
    sd = float((pca.eigenvectors.sum(0) ** 2 * pca.eigenvalues).sum().sqrt())

    def shifted(effect):
        return quiet + v * effect * sd / float(pca.eigenvectors[:, 0].sum())

    t = spurious_components(pca, dict(a=shifted(0.6), b=shifted(0.1)), quiet)
    top = t.iloc[0]
    assert top.feature == "a"
    assert top.component == 0
    assert top.auc == 1
    assert abs(top.effect - 0.6) < 1e-6
    assert abs(top.margin - 0.5) < 1e-6
    assert t[t.spurious].index.tolist() == [0]
    assert not spurious_components(pca, dict(a=shifted(0.6), b=shifted(0.5)), quiet).spurious.any()  # no lead
    assert not spurious_components(
        pca, dict(a=phi[:100], b=phi[100:200]), phi[300:]
    ).spurious.any()  # no separation


def test_the_separation_is_the_area_under_the_roc_curve(clf):
    "As scikit-learn has it, and with ties, which are half right."
    pca = fit_neural_pca(clf, features(20), 0)
    seen, without = features(30)[:12], features(30)[[*range(4, 30), 4, 5]]
    aucs = spurious_components(pca, dict(a=seen), without).sort_values("component").auc
    truth = np.r_[np.ones(len(seen)), np.zeros(len(without))]
    alphas = np.r_[pca.alpha(seen), pca.alpha(without)]
    np.testing.assert_allclose(aucs, [roc_auc_score(truth, alphas[:, l]) for l in range(3)])


def test_nothing_to_compare(clf):
    pca = fit_neural_pca(clf, features(20), 0)
    with pytest.raises(ValueError, match="at least one"):
        spurious_components(pca, dict(a=features(3)), features(3)[:0])
    with pytest.raises(ValueError, match="at least one"):
        spurious_components(pca, {}, features(3))
