"A budget's plan, what may be asked otherwise, and input that is refused before any work."

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spurious_core.core.settings import load_profile
from spurious_core.papers.aspire.study_plans import ASPIRE_PLANS, AspireRun, aspire_plan, images_to_cure
from support.data_trees import put


def test_what_is_asked_for_replaces_the_budgets_choice():
    plan = aspire_plan("full", worlds=["beside"], methods=["groupdro"], per_class=7)
    assert (plan.worlds, plan.methods, plan.per_class) == (("mini_beside",), ("GroupDRO",), 7)
    assert aspire_plan("full", seeds=1) == replace(ASPIRE_PLANS["full"], seeds=1)
    assert (
        replace(plan, **{n: getattr(ASPIRE_PLANS["full"], n) for n in ("worlds", "methods", "per_class")})
        == (ASPIRE_PLANS["full"])
    )
    assert aspire_plan("quick") == ASPIRE_PLANS["quick"]


def test_controls_are_for_plain_training_only():
    plan = aspire_plan("full", methods=["DFR", "ERM"])
    assert plan.methods_of("none") == plan.methods_of("aspire") == ["ERM", "DFR"]
    assert {tuple(plan.methods_of(arm)) for arm in plan.arms if arm != "aspire"} == {("ERM",)}


def test_a_plan_says_how_to_find_and_how_to_train():
    smoke, full = aspire_plan("smoke"), aspire_plan("full")
    found = full.discovery("model")
    assert (found.max_edits, found.min_images, found.steps, found.alternatives) == (14, 5, 10, "model")
    assert (smoke.training("ERM").epochs, full.training("ERM").epochs) == (1, 12)


@pytest.mark.parametrize(
    "asked, why",
    [
        (dict(budget="huge"), "budget='huge' is unknown; allowed: smoke, quick, full"),
        (dict(worlds=["sea"]), "worlds='mini_sea' is unknown"),
        (dict(methods=["magic"]), "'magic'"),
        (dict(per_class=-1), "per_class=-1 must be at least 1"),
    ],
)
def test_what_is_unknown_is_refused(asked, why):
    with pytest.raises(ValueError, match=why):
        aspire_plan(**dict(budget="smoke") | asked)
    with pytest.raises(ValueError, match="arm='magic' is unknown"):
        replace(aspire_plan("smoke"), arms=("magic",))


RUN = AspireRun(replace(aspire_plan("smoke"), seeds=2), load_profile("mini"), Path("run"), seed=5)


def test_a_run_names_its_worlds_seeds_and_folders():
    assert RUN.searched == ("imagenet_like", "clean")
    assert RUN.jobs(RUN.cured) == [("mini_waterbirds", 5), ("mini_waterbirds", 6)]
    assert RUN.place("cure", "mini_waterbirds", 6) == Path("run/cure/waterbirds6")
    assert RUN.place("find", "clean", 5) == Path("run/find/clean5")


@pytest.mark.parametrize(
    "changes, why",
    [
        (dict(folder="pictures"), "folder and classifier belong together"),
        (dict(classifier="net"), "folder and classifier belong together"),
        (dict(ratio=1.0), "ratio=1.0 must lie in"),
        (dict(alternatives="web"), "alternatives='web' is unknown; allowed: data, model"),
    ],
)
def test_input_that_cannot_work_is_refused_first(changes, why):
    with pytest.raises(ValueError, match=why):
        replace(RUN, **changes)


def test_own_images_are_cured_alone_and_split_by_the_first_seed(tmp_path):
    for i in range(20):
        path = tmp_path / ("boat", "car")[i % 2] / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((64, 64, 3), i, np.uint8)).save(path)
    run = replace(RUN, folder=str(tmp_path), classifier="net")
    assert (run.searched, run.cured) == ((), ("own",))
    first, second = (images_to_cure("own", seed, run) for seed in (5, 6))
    assert [len(part) for part in first] == [12, 4, 4]
    assert first[0].labels == ["boat", "car"]
    assert all((a.images() == b.images()).all() for a, b in zip(first, second, strict=True))


def test_a_class_that_the_profile_cannot_draw_is_refused_before_anything_is_made(tmp_path):
    for label in ("mug", "waterbird"):
        put(tmp_path / "images" / label / "0.png", 0, 0, 0)
    run = AspireRun(
        RUN.plan, RUN.profile, tmp_path / "out", folder=str(tmp_path / "images"), classifier="net"
    )
    with pytest.raises(ValueError, match="know the rendered world only .*no mug"):
        images_to_cure("own", 0, run)
    assert not (tmp_path / "out").exists()
