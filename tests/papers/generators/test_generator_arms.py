"What generators share must be made once, and each must draw with its pipeline and with nobody else's."

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from spurious_core.core.settings import load_profile
from spurious_core.evaluate.reports import group_report
from spurious_core.papers.generators import generator_arms
from spurious_core.papers.generators.drawn_sets import balanced_real
from spurious_core.papers.generators.generator_arms import (
    SeedResults,
    compare_cures,
    compare_fillings,
    compare_seed,
)

PROFILE = load_profile("mini")
REPORT = group_report([0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 0, 1], ["a", "b"], ["c", "d"])


@pytest.fixture
def two(monkeypatch, plan):
    "The plan with two generators, which are the same profile under two names."
    profiles = dict(first=replace(PROFILE, name="first"), second=replace(PROFILE, name="second", guidance=9))
    monkeypatch.setattr(generator_arms, "generator_profiles", lambda names: profiles)
    return plan


@pytest.fixture
def filled(monkeypatch, two, tmp_path):
    "What FFR's part of the comparison asks for, and what comes out."
    requests = []

    def drawn(plan, generator, folder, seed):
        requests.append(("draw", generator.name, folder.name))
        data = balanced_real(plan, seed, "test", 4)
        return SimpleNamespace(
            pool=data, learned_from=generator.name, held=f"{generator.name} held", per_group=4
        )

    def arms(part, profile, pool, seed, ratio, out):
        requests.append(("arms", profile.name, seed, ratio, out.name))
        return SimpleNamespace(reports={(arm, "ERM"): REPORT for arm in ("none", "usb", "ffr")})

    monkeypatch.setattr(generator_arms, "draw_set", drawn)
    monkeypatch.setattr(generator_arms, "compare_ffr_arms", arms)
    monkeypatch.setattr(generator_arms, "train_plainly", lambda plan, train, profile, seed, out: train)
    monkeypatch.setattr(generator_arms, "accuracy_on", lambda learned, test: f"{learned} on {test}")
    score = SimpleNamespace(_asdict=lambda: dict(density=1.0, coverage=0.5))
    monkeypatch.setattr(generator_arms, "measure_set", lambda *args: score)
    monkeypatch.setattr(generator_arms, "balanced_real", lambda plan, seed, split, n, size: f"real {split}")
    return requests, compare_fillings(two, PROFILE, tmp_path, 3)


def test_each_generator_draws_its_pool_and_arms_run_with_the_profile_of_the_study(two, filled):
    requests, results = filled
    assert requests[:2] == [("draw", "first", "first"), ("draw", "second", "second")]
    assert requests[2:] == [("arms", "mini", 3, two.ffr.ratios[0], name) for name in ("first", "second")]
    arms = {(name, arm) for name in ("first", "second") for arm in ("usb", "ffr")}
    assert set(results.reports) == arms | {("none", "ffr")}
    assert results.pictures["second", "ffr"].shape == (16, 64, 64, 3)


def test_transfer_is_from_what_was_learned_to_what_was_not(filled):
    measures = filled[1].measures
    assert measures["real", "to_real"] == "real train on real test"
    assert measures["second", "to_real"] == "second on real test"
    assert measures["second", "to_drawn"] == "real train on second held"
    assert ("real", "to_drawn") not in measures
    assert measures["first", "coverage"] == 0.5


@pytest.fixture
def cured(monkeypatch, two, tmp_path):
    "What ASPIRE's part of the comparison asks for, and what comes out."
    requests, data = [], balanced_real(two, 0, "test", 4)

    def draw(arm, material, pipe, n, out, **options):
        requests.append((arm, material, pipe, n, out.parent.name, options["guidance"], options["steps"]))
        return data

    def retrain(method, real, val, start, config, drawn, n, **options):
        requests.append(("fit", options["out_dir"].name, drawn is None, n))
        return SimpleNamespace(clf="plain", probs=lambda test: np.eye(2)[test.y])

    monkeypatch.setattr(generator_arms, "images_to_cure", lambda *args: (data, data, data))
    monkeypatch.setattr(generator_arms, "load_tools", lambda profile: profile.name)
    monkeypatch.setattr(generator_arms, "ffr_pipeline", lambda profile: f"pipe of {profile.name}")
    monkeypatch.setattr(
        generator_arms, "find_material", lambda *args: requests.append(("find", *args[1:3])) or "found"
    )
    monkeypatch.setattr(generator_arms, "draw_cure_arm", draw)
    monkeypatch.setattr(generator_arms, "retrain", retrain)
    return requests, compare_cures(two, PROFILE, tmp_path, 3)


def test_the_discovery_is_made_once_and_every_generator_draws_each_arm(two, cured):
    requests, results = cured
    part, arms = two.aspire, two.aspire.arms
    assert [entry for entry in requests if entry[0] == "find"] == [("find", "plain", "mini")]
    assert requests[:2] == [("fit", "none", True, part.drawn * 2), ("find", "plain", "mini")]
    draws = [entry for entry in requests if entry[0] in arms]
    settings = dict(first=PROFILE.guidance, second=9)
    assert draws == [
        (arm, "found", f"pipe of {name}", part.drawn, name, guidance, two.steps)
        for name, guidance in settings.items()
        for arm in arms
    ]
    fits = {entry[1] for entry in requests if entry[0] == "fit"}
    assert fits == {"none"} | {f"{name}.{arm}" for name in settings for arm in arms}
    assert set(results.reports) == {("none", "aspire")} | {(name, arm) for name in settings for arm in arms}


def test_a_seed_has_both_parts_in_one_folder_at_the_generators_size(monkeypatch, plan, tmp_path):
    def part(name):
        def compare(plan, profile, out, seed):
            assert profile.resolution == plan.resolution
            assert out == tmp_path / "seed5" / name
            return SeedResults(seed, {(name, "arm"): REPORT}, {(name, "density"): 1.0}, {(name, "use"): 0})

        return compare

    monkeypatch.setattr(generator_arms, "compare_fillings", part("filled"))
    monkeypatch.setattr(generator_arms, "compare_cures", part("cured"))
    results = compare_seed(plan, replace(PROFILE, resolution=512), tmp_path, 5)
    assert list(results.reports) == [("filled", "arm"), ("cured", "arm")]
    assert list(results.pictures) == [("filled", "use"), ("cured", "use")]
    assert list(results.measures) == [("filled", "density")]
