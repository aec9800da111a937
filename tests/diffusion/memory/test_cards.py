"What suits a card, found from the fastest way to the slowest."

import importlib.util
from dataclasses import replace

import pytest

from spurious_core.diffusion.memory import cards
from spurious_core.diffusion.memory.cards import CARDS, CardPlanner, cards_table, fits_on
from spurious_core.diffusion.memory.rehearsal import Footprint
from spurious_core.diffusion.training.config import PersonalizeConfig

RECIPE = PersonalizeConfig("a photo of sks", batch_size=4, image_loss_weight=0.1, precision="bf16")
GB = 10**9


@pytest.fixture
def planner(monkeypatch):
    "A planner whose rehearsals are arithmetic: 3 GB of weights, and so much for every picture."
    asked = []

    def invented(pipe, config, decoder, guide):
        asked.append((config, decoder))
        picture = (0.5 if config.gradient_checkpointing else 2) + (0.2 if decoder else 3)
        trained = 8 if config.method == "dreambooth" else 0
        moments = trained * (1 if config.optimizer == "adamw" else 0.25)
        sizes = (3 + trained, moments, config.batch_size * picture, 1, 0.5)
        return Footprint(*(int(size * GB) for size in sizes))

    monkeypatch.setattr(cards, "rehearse", invented)

    def plan(config, tiny=None, eight_bit=False, rounds=False):
        planner = CardPlanner("folder", config, tiny, None, eight_bit, rounds)
        planner.asked = asked
        return planner

    return plan


def chosen(settings):
    config = settings.config
    return config.batch_size, config.gradient_checkpointing, settings.tiny_decoder


@pytest.mark.parametrize(
    "gigabytes, wanted",
    [
        (80, (4, False, False)),
        (14, (4, False, True)),
        (7.9, (4, True, True)),
        (4.6, (2, True, True)),
    ],
)
def test_the_fastest_way_that_fits(planner, gigabytes, wanted):
    settings = planner(RECIPE, tiny="tiny")(gigabytes)
    assert chosen(settings) == wanted
    assert settings.config.batch_size * settings.config.accumulation == 4
    assert fits_on(settings.footprint, gigabytes)


def test_the_pictures_of_a_step_are_kept_where_they_come_in_parts_already(planner):
    parts = PersonalizeConfig("a photo of sks", batch_size=2, accumulation=3, image_loss_weight=0.1)
    config = planner(parts)(80).config
    assert (config.batch_size, config.accumulation) == (6, 1)


def test_each_way_is_rehearsed_once(planner):
    plan = planner(RECIPE, tiny="tiny")
    cards_table(plan, (80, 14, 8, 4.6))
    assert len(plan.asked) == len(set(plan.asked))


def test_without_an_image_loss_no_decoder_is_chosen(planner):
    plain = PersonalizeConfig("a photo of sks", batch_size=4)
    assert not any(planner(plain, tiny="tiny")(size).tiny_decoder for size in (24, 8.5))


def test_moments_in_eight_bits_come_last_and_for_dreambooth_only(planner):
    whole = PersonalizeConfig("a photo of sks", method="dreambooth", batch_size=1)
    assert planner(whole, eight_bit=True)(80).config.optimizer == "adamw"
    assert planner(whole, eight_bit=True)(20).config.optimizer == "adamw8bit"
    with pytest.raises(
        ValueError, match="dreambooth on a card of 20 GB.* 21.5 GB .*a LoRA takes less, so do"
    ):
        planner(whole)(20)
    with pytest.raises(ValueError, match="lora on a card of 3 GB: with all savings it takes"):
        planner(RECIPE, eight_bit=True)(3)


def test_encoders_rest_on_the_cpu_before_activations_are_computed_anew(planner):
    plain = replace(RECIPE, image_loss_weight=0.0)
    configs = {size: planner(plain)(size).config for size in (26, 23.6)}
    assert [(config.offload, config.gradient_checkpointing) for config in configs.values()] == [
        (False, False),
        (True, False),
    ]
    assert not planner(replace(plain, train_text_encoder=True))(23.6).config.offload


def test_weights_are_rounded_last_of_all_and_only_where_that_can_be(planner):
    smallest = planner(RECIPE, tiny="tiny", rounds=True)
    assert not smallest(4.6).config.eight_bit_base
    assert smallest(3).config.eight_bit_base
    with pytest.raises(ValueError, match=r"frozen weights in eight bits take half .*pip install torchao"):
        planner(RECIPE, tiny="tiny")(3)
    whole = PersonalizeConfig("a photo of sks", method="dreambooth", batch_size=1)
    with pytest.raises(ValueError, match="dreambooth on a card of 9 GB"):
        planner(whole, rounds=True)(9)


def test_the_table_shows_dashes_where_nothing_fits(planner):
    table = cards_table(planner(RECIPE, tiny="tiny"), (3, 7.9))
    assert (table.loc["3 GB"] == "–").all()
    assert table.loc["7.9 GB", ["at_once", "savings"]].tolist() == [4, "recomputed, tiny_decoder"]
    assert cards_table(planner(RECIPE), (80,)).savings.tolist() == ["none"]
    assert "4.0" not in table.to_string()
    assert cards_table(planner(RECIPE)).index.tolist() == [f"{size} GB" for size in CARDS]


def test_whether_bitsandbytes_is_there():
    assert cards.has_eight_bit() == (importlib.util.find_spec("bitsandbytes") is not None)


def test_what_is_wrong_with_a_pipeline_is_no_row_of_dashes(tmp_path):
    (tmp_path / "model_index.json").write_text("{")
    with pytest.raises(ValueError, match="model_index.json is damaged"):
        cards_table(CardPlanner(tmp_path, RECIPE))


@pytest.mark.parametrize("size", [float("nan"), -1, "8", None])
def test_a_card_of_no_size_is_refused(planner, size):
    with pytest.raises(ValueError, match="gigabytes=.* must be positive"):
        cards_table(planner(RECIPE), (size,))
