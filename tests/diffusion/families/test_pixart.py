"What is PixArt's own; what every family must do is in `test_family`."

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from spurious_core.diffusion.adapters import LORA, use_adapter
from spurious_core.diffusion.families.pixart import N_TOKENS
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.diffusion.training.trainable import make_trainable, working_copy
from spurious_core.diffusion.windows import window_of
from spurious_core.models.pipelines import load_pipeline
from support.drawing import FAST, close
from support.training import RUN, train
from support.unet_families import pixart

PLAN = plan_prompts(["a photo of a boat", "snow"], 1, seed=1)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory):
    return load_pipeline(pixart(tmp_path_factory.mktemp("px") / "p"))


def test_a_prompt_is_what_the_encoder_says_and_how_much_of_it_counts(pipe):
    row = family_of(pipe).conditions(pipe, ["Snow "])[0]
    assert row["prompt_embeds"].shape == (N_TOKENS, 16)
    given = pipe.tokenizer("snow", return_tensors="pt")
    assert row["prompt_attention_mask"].sum() == given.input_ids.shape[1]
    words = pipe.text_encoder(**given)[0][0]
    assert torch.allclose(row["prompt_embeds"][: len(words)], words, atol=1e-5)
    assert window_of(pipe) == N_TOKENS


def test_the_answer_is_its_first_half(pipe):
    family = family_of(pipe)
    conditions = {name: value[None] for name, value in family.conditions(pipe, ["snow"])[0].items()}
    with torch.no_grad():
        assert family.predict(pipe, torch.zeros(1, 4, 8, 8), torch.tensor([5]), conditions).shape[1] == 4


def test_other_rows_and_weak_guidance_are_refused(pipe):
    with pytest.raises(ValueError, match="guidance=0.5: pixart is guided from 1 on only"):
        sample_images(pipe, PLAN, guidance=0.5, **FAST)
    pictures = list(torch.zeros(2, 16, 16, 3, dtype=torch.uint8).numpy())
    with pytest.raises(ValueError, match="pixart draws no rows of img2img"):
        sample_images(pipe, PLAN.assign(init_image=pictures, strength=0.5), **FAST)


@pytest.mark.parametrize("sampler", ["ddim", "euler", "euler_ancestral", "heun"])
def test_samplers(pipe, sampler):
    both = sample_images(pipe, PLAN, sampler=sampler, **FAST)
    assert close(both[1:], sample_images(pipe, PLAN[1:], sampler=sampler, **FAST))
    assert (both == sample_images(pipe, PLAN, sampler=sampler, **FAST)).all()


def test_text_is_not_learned(pipe):
    for settings, why in (
        (dict(train_text_encoder=True), "pixart has no text encoder that a LoRA can train"),
        (dict(method="textual_inversion", token="photo"), "pixart takes no new words"),
    ):
        config = replace(RUN, **settings)
        with pytest.raises(ValueError, match=why):
            make_trainable(working_copy(pipe, config), config)


def test_a_lora_is_taken_out_again_and_may_have_a_rank_for_each_layer(pipe, tmp_path):
    before, names = sample_images(pipe, PLAN, **FAST), set(pipe.transformer.state_dict())
    out = train(pipe, replace(RUN, lora_alpha=5.0, lr=0.05), tmp_path / "a")
    assert all(name.startswith("transformer.transformer_blocks.") for name in load_file(out / LORA))
    with use_adapter(pipe, out) as adapted:
        assert not close(sample_images(adapted, PLAN, **FAST), before)
        with pytest.raises(ValueError, match="has a LoRA loaded"):
            working_copy(adapted, RUN)
    assert (sample_images(pipe, PLAN, **FAST) == before).all()
    assert set(pipe.transformer.state_dict()) == names and not hasattr(pipe.transformer, "peft_config")
    mixed, layers = {}, [f"transformer_blocks.{i}.attn1.to_q" for i in (0, 1)]
    changed = working_copy(pipe, RUN)
    for rank, layer in zip((1, 3), layers, strict=True):
        down, up = torch.full((rank, 16), 0.3), torch.full((16, rank), 0.2)
        mixed |= {f"transformer.{layer}.lora_A.weight": down, f"transformer.{layer}.lora_B.weight": up}
        with torch.no_grad():
            changed.transformer.get_submodule(layer).weight += up @ down
    save_file(mixed, tmp_path / LORA)
    with use_adapter(pipe, tmp_path) as adapted:
        assert close(sample_images(adapted, PLAN, **FAST), sample_images(changed, PLAN, **FAST))
