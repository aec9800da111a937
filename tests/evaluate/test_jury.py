"Verdicts and gates against cheating: each test breaks if a success no longer means what its name says."

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch

from spurious_core.evaluate.jury import check_roles, image_batch, judge
from spurious_core.evaluate.scores import spurious_scores
from spurious_core.evaluate.summaries import summarise
from support.colours import BRIGHT, DIM, GREEN, JURY, PRESENCE, Colour, flat

torch.set_num_threads(1)


def test_judge_gates_on_the_object():
    verdicts = judge(flat(DIM, BRIGHT, GREEN), "red", JURY, PRESENCE)
    assert verdicts.all_of_jury.tolist() == [True, True, False]
    assert verdicts.object_absent.tolist() == [True, False, True]
    # drawing the object is never a success
    assert verdicts.consistency.tolist() == [True, False, False]
    assert verdicts.hit.tolist() == [1.0, 0.0, 0.0]
    assert verdicts.k.eq(0).all()
    assert np.allclose(verdicts.mean_p, verdicts[["p.a", "p.b"]].mean(axis=1))


def test_another_object_is_no_success_either_but_it_is_not_the_object_of_the_class():
    # calls the red channel 'green'
    shifted = Colour("shifted", ("green", "blue", "red", "nothing"), gain=12.0)
    verdict = judge(flat(BRIGHT), "red", JURY, shifted).iloc[0]
    assert verdict.all_of_jury
    assert not verdict.object_absent
    assert verdict.class_object_absent
    assert not verdict.consistency


def test_a_half_visible_object_fails_the_stricter_gate():
    nearly = flat((120, 20, 20))
    assert judge(nearly, "red", JURY, PRESENCE).consistency[0]
    verdict = judge(nearly, "red", JURY, PRESENCE, present_at=0.2).iloc[0]
    assert verdict.object_absent
    assert not verdict.class_object_absent
    assert not verdict.consistency
    assert verdict.hit == 0


def test_a_class_may_be_drawn_as_several_objects():
    several = judge(flat(GREEN), "red", JURY, PRESENCE, label=("red", "green"))
    assert several.p_object[0] > judge(flat(GREEN), "red", JURY, PRESENCE).p_object[0]


def test_who_answers_nan_has_no_vote():
    class Broken(Colour):
        def probs(self, images):
            return super().probs(images) * float("nan")

    broken = Broken("broken", ("red", "green", "blue", "none"), gain=1.0)
    with pytest.raises(ValueError, match="broken answers 2 of 2 pictures with values that are not finite"):
        judge(flat(DIM, GREEN), "red", [*JURY, broken])


def test_a_jury_may_come_one_by_one():
    assert judge(flat(DIM), "red", iter(JURY)).equals(judge(flat(DIM), "red", JURY))


@pytest.mark.parametrize("label", ["nothing", ("red", "nothing")])
def test_nothing_is_no_object_that_a_class_is_drawn_as(label):
    with pytest.raises(ValueError, match="names nothing that class 'red' is drawn as"):
        judge(flat(DIM), "red", JURY, PRESENCE, label=label)


def test_a_label_needs_who_looks_for_it():
    with pytest.raises(ValueError, match="label='red' is one of the presence classifier's, and there is no"):
        judge(flat(DIM), "red", JURY, label="red")


def test_a_split_jury():
    timid = Colour("timid", ("red", "green", "blue", "none"), gain=1.0)
    verdict = judge(flat(DIM), "red", [*JURY, timid], PRESENCE).iloc[0]
    assert verdict.any_of_jury
    assert not verdict.all_of_jury
    assert not verdict.consistency
    assert np.isclose(verdict.hit, 2 / 3)
    assert np.isclose(verdict.juror_rate, 2 / 3)


def test_without_presence_nothing_is_called_a_success():
    assert not {"consistency", "hit", "object_absent"} & set(judge(flat(DIM), "red", JURY))


def test_index_name_arrays_and_tensors_agree_and_order_does_not_matter():
    images = np.random.default_rng(0).integers(0, 256, (70, 8, 8, 3), dtype=np.uint8)
    as_tensor = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    flip = np.arange(70)[::-1]
    verdicts = judge(images, "green", JURY, PRESENCE)
    pd.testing.assert_frame_equal(verdicts, judge(images, 1, JURY, PRESENCE))
    pd.testing.assert_frame_equal(verdicts, judge(as_tensor, 1, JURY, PRESENCE))
    flipped = judge(images[flip], 1, JURY, PRESENCE)
    pd.testing.assert_frame_equal(verdicts.iloc[flip].reset_index(drop=True), flipped)
    pd.testing.assert_frame_equal(summarise(verdicts), summarise(flipped))
    real, free = verdicts[:30], verdicts[30:]
    pd.testing.assert_frame_equal(spurious_scores(real, free), spurious_scores(real[::-1], free[::-1]))


def test_names_are_looked_up_in_every_head():
    turned = Colour("turned", ("green", "red", "blue"), gain=9.0)  # its index 1 is red
    assert judge(flat(DIM), "red", [JURY[0], turned])["p.turned"][0] < 0.5
    with pytest.raises(ValueError, match="different labels"):
        judge(flat(DIM), 0, [JURY[0], turned])


def test_jurors_may_have_several_names_for_a_class():
    plain = Colour("other", ("green", "red", "blue"), gain=9.0)
    several = Colour("other", ("green, verdure", "crimson, red", "blue"), gain=9.0)
    verdicts = [judge(flat(DIM), "red", [JURY[0], other]) for other in (plain, several)]
    pd.testing.assert_frame_equal(*verdicts)


def test_the_guide_is_not_a_juror():
    copy = deepcopy(JURY[1])
    copy.name = "guide"
    for guide in (JURY[1], "b", copy):
        with pytest.raises(ValueError, match="juror 1"):
            judge(flat(DIM), "red", JURY, PRESENCE, guide=guide)
    judge(flat(DIM), "red", JURY, PRESENCE, guide=Colour("guide", gain=3.0))


def test_every_role_needs_its_own_classifier():
    with pytest.raises(ValueError, match="same classifier"):
        check_roles([JURY[0], JURY[0]])
    with pytest.raises(ValueError, match="features"):
        check_roles(JURY, features=JURY[0])
    with pytest.raises(ValueError, match="training mode"):
        check_roles([Colour("t").train()])


@pytest.mark.parametrize(
    "change, match",
    [
        (dict(images=flat(DIM)[:0]), "no images"),
        (dict(images=torch.zeros(0, 3, 8, 8)), "no images"),
        (dict(images=torch.full((1, 3, 8, 8), 1.2)), r"expected \[0, 1\]"),
        (dict(images=torch.zeros(1, 8, 8, 3)), "expected float"),
        (dict(images=flat(DIM) / 255), "expected uint8"),
        (dict(images=torch.full((2, 3, 8, 8), float("nan"))), "NaN"),
        (dict(k="mauve"), "'mauve' is unknown to a"),
        (dict(k=3), "knows 0 to 2"),
        (dict(k=-1), "knows 0 to 2"),
        (dict(jury=[]), "jury is empty"),
        (dict(presence=Colour("p", gain=5.0)), "'nothing' is unknown to p"),
        (dict(label="mauve"), "mauve"),
        (dict(present_at=0), "present_at"),
    ],
)
def test_judge_refuses(change, match):
    good = dict(images=flat(DIM), k="red", jury=JURY, presence=PRESENCE)
    with pytest.raises(ValueError, match=match):
        judge(**good | change)


def test_a_checked_batch_is_the_batch():
    as_tensor = torch.rand(2, 3, 8, 8)
    assert image_batch(as_tensor) is as_tensor
    assert (image_batch(list(flat(DIM, GREEN))) == flat(DIM, GREEN)).all()
