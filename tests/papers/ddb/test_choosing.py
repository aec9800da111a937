"Images are ranked by a loss of their own, not by that of their batch."

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from spurious_core.models.preprocessing import as_pixels
from spurious_core.papers.ddb.choosing import image_losses, inversion_rows, majority_rows
from support.ddb import DATA, net


def loss_of(clf, row):
    "The loss of one image, computed alone."
    with torch.no_grad():
        logits = clf(as_pixels(DATA.images([row])))
    return F.cross_entropy(logits, torch.tensor(DATA.y[[row]])).item()


def test_losses_are_of_single_images():
    "The released code ranks by the mean loss of a batch; then what is picked would depend on the company."
    torch.manual_seed(0)
    clf = net().eval()
    alone = np.array([loss_of(clf, row) for row in range(len(DATA))])
    for batch in (1, 7, 64):
        assert np.allclose(image_losses(clf, DATA, batch), alone, atol=1e-4)
    order = np.random.default_rng(0).permutation(len(DATA))
    shuffled = image_losses(clf, DATA.subset(order), 5)
    assert np.allclose(shuffled[np.argsort(order)], alone, atol=1e-4)
    with pytest.raises(ValueError, match="knows"):
        image_losses(net(["a", "b"]), DATA)


def test_majority_images_are_those_of_lowest_loss_whatever_their_batch():
    rng = np.random.default_rng(0)
    losses, y = rng.random(64), rng.integers(0, 3, 64)
    rows = majority_rows(losses, y, 5)
    for k in range(3):
        members = np.flatnonzero(y == k)
        assert set(rows[y[rows] == k]) == set(members[np.argsort(losses[members])[:5]])
    by_batch = np.repeat(losses.reshape(8, 8).mean(1), 8)
    assert set(majority_rows(by_batch, y, 5)) != set(rows)
    order = rng.permutation(64)
    assert set(order[majority_rows(losses[order], y[order], 5)]) == set(rows)


@pytest.mark.parametrize(
    "losses, k, why",
    [
        (np.arange(64.0), 0, "k=0 must lie in"),
        (np.arange(64.0), 65, "k=65 must lie in"),
        (np.arange(9.0), 2, "as many classes"),
        (np.full(64, np.nan), 2, "infinite"),
    ],
)
def test_a_bad_choice_is_refused(losses, k, why):
    with pytest.raises(ValueError, match=why):
        majority_rows(losses, np.zeros(64, int), k)


def test_words_are_learned_from_the_minority_first():
    rows = inversion_rows(DATA, 10)
    for label, (minority, n, majority) in dict(no=(1, 3, 0), yes=(2, 2, 3)).items():
        groups = DATA.group[rows[label]]
        assert groups.tolist() == [minority] * n + [majority] * (10 - n)


def test_without_groups_words_are_learned_from_the_highest_losses():
    losses = np.random.default_rng(1).random(len(DATA))
    rows = inversion_rows(DATA, 6, losses)
    for k, label in enumerate(DATA.labels):
        chosen = losses[rows[label]]
        assert chosen.min() >= np.sort(losses[DATA.y == k])[-6]
        assert (np.diff(chosen) <= 0).all()
    with pytest.raises(ValueError, match="3 losses for 85 images"):
        inversion_rows(DATA, 4, [1, 2, 3])
    with pytest.raises(ValueError, match="n=0 must be at least 1"):
        inversion_rows(DATA, 0)
