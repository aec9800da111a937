"What is asked of a painted picture: about the right class, and of the right part."

import numpy as np
import pytest
import torch

from spurious_core.models.preprocessing import as_pixels
from spurious_core.papers.ddb.criteria import attributions, old_class, painted_part
from support.ddb import painted, toy

RED, GREEN, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 200)


def test_attribution_is_for_the_new_class_from_the_old_picture():
    clf, recomposed = toy("red", "green", "blue"), painted([GREEN, BLUE, RED, GREEN], right=(3,))
    maps = attributions(clf, recomposed, batch=3)
    rho = painted_part(maps, recomposed.masks)
    assert rho[0] > 1  # green is the new class
    assert abs(rho[1:]).max() < 1e-5  # another class; nothing changed; painted where nobody looks
    with torch.no_grad():
        new, old = clf(as_pixels(recomposed.images))[:, 1], clf(as_pixels(recomposed.originals))[:, 1]
    assert np.allclose(maps.sum((1, 2)), new - old, atol=1e-4)
    with pytest.raises(ValueError, match="maps of shape"):
        painted_part(maps, recomposed.masks[:, ::2])


def test_for_the_old_class_the_same_picture_speaks_against():
    clf, recomposed = toy("red", "green", "blue"), painted([GREEN])
    recomposed.table.y = 0
    assert painted_part(attributions(clf, recomposed), recomposed.masks)[0] < -1


def test_without_a_change_there_is_nothing_to_attribute():
    clf, recomposed = toy("red", "green", "blue"), painted([GREEN, BLUE])
    recomposed.originals[:] = recomposed.images
    assert abs(attributions(clf, recomposed)).max() < 1e-6


def test_psi_is_the_old_class_against_its_real_mean():
    clf, recomposed = toy("red", "green"), painted([GREEN, RED, (200, 200, 0)])
    scores = old_class(clf, recomposed)
    mean = clf.probs(recomposed.originals)[:, 0].mean().item()
    assert scores.psi[0] < 0.1
    assert scores.psi[1] > 0.9
    assert scores.psi[2] == pytest.approx(0.5, abs=1e-4)
    assert np.allclose(scores.limit, mean)


def test_the_limit_is_of_each_old_class():
    clf, recomposed = toy("red", "green"), painted([GREEN, RED, (200, 200, 0)])
    mean = clf.probs(recomposed.originals)[:, 0].mean().item()
    recomposed.table.loc[2, ["y_was", "y"]] = [1, 0]
    limit = old_class(clf, recomposed).limit
    assert limit[0] == pytest.approx(mean, abs=1e-4)
    assert limit[2] == pytest.approx(1 - mean, abs=1e-4)
