"Which edits are planned, and what they say beside their shams."

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.find.edit_tests import judge_edits, log_odds, plan_edits
from spurious_core.find.phrases import (
    phrase_table,
)
from support.invented_edits import LABELS, said


def test_plans_edit_right_pictures_only_and_not_too_many():
    y = np.arange(90) % 2
    t = phrase_table(said(90), y, LABELS)
    right = np.random.default_rng(0).random(90) < 0.7
    plan = plan_edits(t, right, max_edits=5, seed=1)
    assert right[plan.image].all()
    assert plan.groupby(["y", "kind", "cluster"]).size().max() == 5
    assert plan.equals(plan_edits(t, right, max_edits=5, seed=1))
    assert not plan.equals(plan_edits(t, right, max_edits=5, seed=2))
    less = plan_edits(t[t.y == 0], right, max_edits=5, seed=1)
    assert (less.image.to_numpy() == plan[plan.y == 0].image.to_numpy()).all()  # other classes don't matter
    assert (plan_edits(t.assign(alternative=None), right).kind == "foreground").all()
    n = t[right[t.image]].groupby(["y", "kind", "cluster"]).image.nunique()
    enough = plan_edits(t, right, max_edits=2, min_images=10)
    assert 0 < (n < 10).sum() < len(n)
    assert set(map(tuple, enough[["y", "kind", "cluster"]].to_numpy())) == set(n.index[n >= 10])
    assert enough.groupby(["y", "kind", "cluster"]).size().max() == 2  # counted before the choice
    with pytest.raises(ValueError, match="min_images=0"):
        plan_edits(t, right, min_images=0)
    with pytest.raises(ValueError, match="nothing to edit"):
        plan_edits(t, np.zeros(90, bool))
    with pytest.raises(ValueError, match="max_edits=0"):
        plan_edits(t, right, max_edits=0)


def test_log_odds_have_no_end_and_take_no_note_of_scale():
    z = np.float32([[40, 0, 0], [0, 40, 0], [0, 0, 0]])
    got = log_odds(z, [0, 0, 2])
    assert got == pytest.approx([40 - np.log(2), -40, -np.log(2)], abs=1e-5)
    assert got.dtype == float
    assert log_odds(z + 1000, [0, 0, 2]) == pytest.approx(got, abs=1e-3)
    assert log_odds([[800.0, 0.0]], [0])[0] == 800
    assert log_odds(torch.tensor([[0.0, 3.0]]), torch.tensor([1]))[0] == 3
    p = np.random.default_rng(0).dirichlet(np.ones(5), 7)
    y = np.arange(7) % 5
    q = p[np.arange(7), y]
    assert log_odds(np.log(p), y) == pytest.approx(np.log(q / (1 - q)))


class Half:
    "Confident in class 0 by how bright a picture is; the logits are of any scale and offset."

    labels = LABELS

    def batched(self, f, images):
        p = torch.as_tensor(np.asarray(images).mean((1, 2, 3)) / 255).float()
        return torch.stack([p.log(), (1 - p).log()], 1) + 7


def test_judging_pairs_every_edit_with_its_own_picture():
    images = np.stack([np.full((4, 4, 3), v, np.uint8) for v in (250, 10, 200)])
    plan = pd.DataFrame(
        dict(
            image=[2, 0, 1],
            y=[0, 0, 1],
            label=["cat", "cat", "dog"],
            kind="foreground",
            phrase="ball",
            cluster="ball",
        )
    )
    after, sham = (
        np.stack([np.full((4, 4, 3), v, np.uint8) for v in vs]) for vs in ((50, 240, 20), (190, 250, 10))
    )
    t = judge_edits(plan, Half(), images, after, sham)
    assert t.flip.tolist() == [True, False, False]
    assert t.p_before.to_numpy() == pytest.approx([200 / 255, 250 / 255, 245 / 255])
    assert t.effect.to_numpy() == pytest.approx([140 / 255, 10 / 255, 10 / 255])

    def odds(brightness):
        return np.log(brightness / (255 - brightness))

    assert t.evidence.to_numpy() == pytest.approx(
        [odds(190) - odds(50), odds(250) - odds(240), odds(20) - odds(10)], abs=1e-4
    )
    with pytest.raises(ValueError, match="3 edits were planned, 2 images edited"):
        judge_edits(plan, Half(), images, after[:2], sham)


def test_classes_that_are_none_are_named():
    with pytest.raises(ValueError, match=r"y\[1\] is 2 .1 such rows.; expected integers 0 to 1"):
        log_odds(np.zeros((2, 2)), [0, 2])
