"What the arms of a run share, what is reported of each, and what it costs."

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from spurious_core.data.worlds import get_world
from spurious_core.papers.class_wise import comparison as comparison_module
from spurious_core.papers.class_wise.arm_pictures import training_config
from spurious_core.papers.class_wise.arms import ARMS, BASE, CHOSEN, DREAMBOOTH
from spurious_core.papers.class_wise.comparison import (
    Comparison,
    class_name,
    compare_arms,
    draw_and_judge,
    fit_to_card,
    judge_arm,
    load_comparison_kit,
    passes_table,
    reported_sets,
    shared_training,
    tuned_on,
    usual_classes,
)
from spurious_core.papers.class_wise.plans import CLASS_WISE_PLANS, TUNED_ON, plan_for


def test_precision_is_the_profiles_and_the_plan_has_the_last_word(world_kit):
    profile = replace(world_kit.profile, precision="bf16")
    quick = shared_training(profile, plan_for(CLASS_WISE_PLANS, "quick"), lr=1e-4)
    assert (quick.precision, quick.steps, quick.lr, quick.batch_size) == ("bf16", 100, 1e-4, 6)
    dry = shared_training(profile, plan_for(CLASS_WISE_PLANS, "dry"))
    assert (dry.precision, dry.batch_size, dry.gradient_checkpointing) == ("bf16", 1, True)


@pytest.mark.slow
def test_a_card_with_room_takes_the_full_decoder_and_the_whole_batch(world_kit):
    config = shared_training(world_kit.profile, plan_for(CLASS_WISE_PLANS, "quick"))
    kit, fitted = fit_to_card(world_kit, config, card=80)
    assert (kit.tiny, fitted) == (None, replace(config, optimizer="adamw"))
    assert fit_to_card(world_kit, config) == (world_kit, config)


@pytest.mark.slow
def test_what_is_computed_anew_stays_so_on_any_card(world_kit):
    dry = shared_training(world_kit.profile, plan_for(CLASS_WISE_PLANS, "dry"))
    assert fit_to_card(world_kit, dry, card=80)[1] == dry


def test_a_card_without_room_takes_the_tiny_decoder_and_parts_of_the_batch(world_kit, monkeypatch):
    "What fits is the planner's affair, and tested there: a rehearsal takes seconds, and it needs a dozen."
    config = shared_training(world_kit.profile, plan_for(CLASS_WISE_PLANS, "quick"))
    planned = []

    def planner(pipe, with_loss, tiny, guide, eight_bit, rounds):
        planned.append((with_loss.image_loss_weight, tiny, guide))
        parts = replace(with_loss, batch_size=2, accumulation=3)
        return lambda card: SimpleNamespace(config=parts, tiny_decoder=card < 10)

    monkeypatch.setattr(comparison_module, "CardPlanner", planner)
    kit, fitted = fit_to_card(world_kit, config, card=8)
    assert kit.tiny is world_kit.tiny
    assert fitted == replace(config, batch_size=2, accumulation=3)
    assert planned == [(1.0, world_kit.tiny, world_kit.guide)]
    assert fit_to_card(world_kit, config, card=12)[0].tiny is None


def test_a_kit_without_its_tiny_decoder():
    assert load_comparison_kit("mini").tiny is not None
    assert load_comparison_kit("mini", tiny=False).tiny is None


def test_what_a_study_needs_is_missed_at_once():
    with pytest.raises(ValueError, match="'sd15' names no world, which this needs"):
        load_comparison_kit("sd15", need=("jury", "world"))


@pytest.fixture
def drawn(monkeypatch):
    "Instead of training and drawing: arms that draw one grey each. The calls are kept."
    calls = []

    def draw_arm(kit, target, arm, seed, folder, config, prior, n_images):
        calls.append((arm.name, seed, folder.parts[-3:], n_images))
        return np.full((n_images * arm.pool, 64, 64, 3), 40 * len(calls), np.uint8)

    monkeypatch.setattr(comparison_module, "draw_arm", draw_arm)
    monkeypatch.setattr(comparison_module, "prior_set", lambda kit, folder, n: None)
    return calls


@pytest.fixture
def comparison(world_kit, tmp_path):
    plan = replace(plan_for(CLASS_WISE_PLANS, "smoke"), n_images=2, n_real=60)
    arms = (BASE, DREAMBOOTH, CHOSEN)
    return Comparison(plan, arms, shared_training(world_kit.profile, plan), tmp_path)


def test_a_run_has_all_arms_and_the_best_of_every_pool(drawn, comparison, world_kit):
    run = compare_arms(comparison, "landbird", 3, world_kit)
    names = ["references", "base", "dreambooth", "dreambooth_reranked", "sfsl", "sfsl_reranked"]
    assert list(run.images) == list(run.verdicts.arm.unique()) == names
    assert run.verdicts.groupby("arm").size()[names].tolist() == [12, 2, 2, 2, 2, 2]
    assert run.target.label == "landbird"
    assert run.verdicts.run.eq("landbird-3").all()
    assert run.verdicts.generator.eq("mini").all()


def test_reranking_keeps_what_the_guide_is_surest_of_in_their_order(world_kit, planted):
    mixed = np.concatenate([planted.object_free[:6], planted.references[:2]])
    arm = replace(CHOSEN, pool=4)
    sets = reported_sets(arm, mixed, 2, world_kit.guide, planted.y)
    assert (sets["sfsl"] == mixed[:2]).all()
    assert (sets["sfsl_reranked"] == mixed[6:]).all()
    assert list(reported_sets(BASE, mixed, 2, world_kit.guide, planted.y)) == ["base"]


def test_a_class_of_the_second_world_is_not_that_of_the_first(world_kit):
    assert class_name(world_kit, "house") == "house"
    assert class_name(replace(world_kit, world=get_world("permuted")), "house") == "permuted house"
    assert class_name(replace(world_kit, world=None), "house") == "house"


def test_passes_are_those_of_a_hundred_steps():
    config = training_config(100)
    table = passes_table(ARMS.values(), config, sampler_steps=20, n_images=24)
    assert table.loc["base"].tolist() == [0, 0, 960, 960]
    assert table.loc["dreambooth"].tolist() == [3600, 0, 960, 4560]
    assert table.loc["sfsl"].tolist() == [3600, 2700, 960, 7260]
    rivals = table.total[["dreambooth_2x", "dreambooth_reranked"]]
    assert (rivals > table.total["sfsl"]).all()


@pytest.mark.slow
def test_one_arm_by_itself_lies_where_its_run_would_put_it(drawn, comparison, world_kit):
    images, verdicts = draw_and_judge(comparison, "landbird", 100, DREAMBOOTH, world_kit)
    assert drawn == [("dreambooth", 100, ("runs", "landbird-100", "dreambooth"), 2)]
    assert images.shape == (8, 64, 64, 3)
    assert verdicts[["arm", "label", "seed", "run"]].drop_duplicates().values.tolist() == [
        ["dreambooth", "landbird", 100, "landbird-100"]
    ]


def test_the_diversity_of_a_set_stands_in_all_its_rows(world_kit, planted):
    real = planted.object_free[:60]
    verdicts = judge_arm(world_kit, planted, "real", 0, real, real)
    assert verdicts.diversity.eq(1.0).all()
    assert len(verdicts) == len(real)


def test_what_was_tuned_on_is_reported_only_if_asked_for(world_kit, kit):
    full = plan_for(CLASS_WISE_PLANS, "full")
    assert usual_classes(world_kit, full) == ["boat", "car", "house", "balloon", "cow", "landbird"]
    assert set(world_kit.classes) - set(usual_classes(world_kit, full)) == set(TUNED_ON)
    assert tuned_on(kit) == ()
    assert usual_classes(kit, full) == ["house", "landbird"]
