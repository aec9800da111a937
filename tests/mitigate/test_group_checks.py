"Data that a method can't use are refused, with the names of what is missing."

import numpy as np
import pytest

from spurious_core.data.grouped import GroupedImages
from spurious_core.mitigate.group_checks import check_groups
from spurious_core.mitigate.registry import METHODS
from support.mitigation import ATTRIBUTES, LABELS, images, validation

TRAIN, VAL = images(), validation()
LOST = TRAIN.subset(TRAIN.group != 2)


def test_one_class_alone_teaches_nothing():
    dark = TRAIN.subset(TRAIN.y == 0)
    one = GroupedImages(dark.manifest, dark.labels[:1], dark.attributes, "corners", dark.pixels)
    with pytest.raises(ValueError, match="corners: all pictures are dark; at least two classes are needed"):
        check_groups(METHODS["ERM"], one, None)


def test_classes_must_occur_and_agree():
    with pytest.raises(ValueError, match="no training images of light"):
        check_groups(METHODS["ERM"], TRAIN.subset(TRAIN.y == 0), VAL)
    other = GroupedImages(VAL.manifest, ["x", "y"], ATTRIBUTES, "other", VAL.pixels)
    with pytest.raises(ValueError, match="classes or attributes differ"):
        check_groups(METHODS["ERM"], TRAIN, other)


@pytest.mark.parametrize("name", METHODS)
def test_only_methods_that_balance_groups_need_each_of_them(name):
    if METHODS[name].generated:
        return
    if not METHODS[name].train_groups:
        check_groups(METHODS[name], LOST, VAL)
        return
    message = rf"{name} balances groups, but training has no images of \(light, red\)"
    with pytest.raises(ValueError, match=message):
        check_groups(METHODS[name], LOST, VAL)


def test_groups_that_are_classes_are_told():
    plain, val = (
        GroupedImages(part.manifest.assign(a=0), LABELS, ["none"], "corners", part.pixels)
        for part in (TRAIN, VAL)
    )
    for name in ("GroupDRO", "DFR"):
        with pytest.warns(UserWarning, match=f"{name} balances groups: corners has one attribute only"):
            check_groups(METHODS[name], plain, val)
    check_groups(METHODS["ERM"], plain, val)


def test_a_refit_needs_two_validation_images_of_each_group():
    dfr = METHODS["DFR"]
    with pytest.raises(ValueError, match=r"at least 2 validation images .* fewer of \(light, red\); pass"):
        check_groups(dfr, TRAIN, VAL.subset(VAL.group != 2))
    few = np.r_[np.flatnonzero(TRAIN.group != 2), np.flatnonzero(TRAIN.group == 2)[:2]]
    with pytest.raises(ValueError, match=r"at least 3 training images .* fewer of \(light, red\)$"):
        check_groups(dfr, TRAIN.subset(few), None)
    check_groups(dfr, LOST, VAL.subset(VAL.group != 2))


def test_a_method_for_generated_images_needs_both_kinds():
    manifest = TRAIN.manifest.copy()
    for kinds, allowed in (("real",), False), (("generated",), False), (("real", "generated"), True):
        manifest["g"] = np.resize(kinds, len(TRAIN))
        train = GroupedImages(manifest, LABELS, ATTRIBUTES, "both", TRAIN.pixels)
        if allowed:
            check_groups(METHODS["DDB"], train, VAL)
        else:
            with pytest.raises(ValueError, match=f"beside real ones; both has {kinds[0]} ones only"):
                check_groups(METHODS["DDB"], train, VAL)


def test_groups_of_generated_images_only_are_no_hindrance():
    manifest = TRAIN.manifest.copy()
    manifest.loc[TRAIN.group == 2, "g"] = "generated"
    mixed = GroupedImages(manifest, LABELS, ATTRIBUTES, "mixed", TRAIN.pixels)
    check_groups(METHODS["DFR"], mixed, VAL.subset(VAL.group != 2))
