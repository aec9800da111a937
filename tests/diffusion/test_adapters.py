"Adapters: lent and taken back, and refused where they do not fit."

import logging

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from spurious_core.core.seeds import generator
from spurious_core.diffusion.adapters import EMBEDS, LORA, use_adapter
from spurious_core.diffusion.generating import generate
from spurious_core.diffusion.sampling import sample_images
from support.drawing import FAST, PLAN


def save_lora(pipe, folder, scale=0.0):
    "A LoRA of rank 2 for one layer of attention, with random numbers of this scale in its matrices."
    layer = next(name for name, _ in pipe.unet.named_modules() if name.endswith("attn2.to_k"))
    down, up = (torch.randn(shape, generator=generator(0)) * scale for shape in ((2, 16), (16, 2)))
    weights = {f"unet.{layer}.lora.down.weight": down, f"unet.{layer}.lora.up.weight": up}
    save_file(weights, folder / LORA)


def test_a_lora_is_lent_and_taken_back(tiny_pipeline, tmp_path):
    before = sample_images(tiny_pipeline, PLAN[:1], **FAST)
    save_lora(tiny_pipeline, tmp_path, scale=3.0)
    with use_adapter(tiny_pipeline, tmp_path) as adapted:
        assert adapted.unet.peft_config
        assert (sample_images(adapted, PLAN[:1], **FAST) != before).any()
    assert not hasattr(tiny_pipeline.unet, "peft_config")
    assert (sample_images(tiny_pipeline, PLAN[:1], **FAST) == before).all()


def test_a_lora_of_the_denoiser_alone_is_lent_in_silence(tiny_pipeline, tmp_path, caplog):
    save_lora(tiny_pipeline, tmp_path)
    logging.getLogger("diffusers").addHandler(caplog.handler)
    try:
        with use_adapter(tiny_pipeline, tmp_path):
            pass
    finally:
        logging.getLogger("diffusers").removeHandler(caplog.handler)
    assert [record.getMessage() for record in caplog.records] == []


def test_a_lora_is_taken_back_after_an_error(tiny_pipeline, tmp_path):
    save_lora(tiny_pipeline, tmp_path)
    with pytest.raises(ZeroDivisionError):
        with use_adapter(tiny_pipeline, tmp_path):
            raise ZeroDivisionError
    assert not hasattr(tiny_pipeline.unet, "peft_config")


def test_a_lora_of_another_shape(tiny_pipeline, other_pipeline, tmp_path):
    save_lora(tiny_pipeline, tmp_path)
    with pytest.raises(ValueError, match="does not fit this pipeline.*to_k is"):
        generate(other_pipeline, PLAN, tmp_path / "s", adapter=tmp_path, **FAST)
    save_file({"unet.no.such.lora.down.weight": torch.zeros(2, 16)}, tmp_path / LORA)
    with pytest.raises(ValueError, match="has no layer unet.no.such"):
        generate(tiny_pipeline, PLAN, tmp_path / "s", adapter=tmp_path, **FAST)
    assert not (tmp_path / "s").exists()


def test_words_are_lent_in_a_copy(tiny_pipeline, tmp_path):
    save_file({"<thing>": torch.ones(2, 16)}, tmp_path / EMBEDS)
    plan = PLAN[:1].assign(prompt="a <thing>")
    before = sample_images(tiny_pipeline, plan, **FAST)
    with use_adapter(tiny_pipeline, tmp_path) as adapted:
        assert adapted.unet is tiny_pipeline.unet
        assert (sample_images(adapted, plan, **FAST) != before).any()
    assert "<thing>" not in tiny_pipeline.tokenizer.get_vocab()
    assert np.array_equal(sample_images(tiny_pipeline, plan, **FAST), before)


def test_words_of_another_width(tiny_pipeline, tmp_path):
    save_file({"<thing>": torch.ones(2, 7)}, tmp_path / EMBEDS)
    with pytest.raises(ValueError, match="<thing> is 2 x 7, and the text encoder 16 wide"):
        with use_adapter(tiny_pipeline, tmp_path):
            pass


def test_no_adapter_and_an_empty_folder(tiny_pipeline, tmp_path):
    with use_adapter(tiny_pipeline) as same:
        assert same is tiny_pipeline
    with pytest.raises(FileNotFoundError, match="is no adapter"):
        with use_adapter(tiny_pipeline, tmp_path):
            pass
    with pytest.raises(ValueError, match="adapter=''"):
        with use_adapter(tiny_pipeline, ""):
            pass


@pytest.mark.parametrize("odd", [5, 1.5, True, ["lora"], b"x"])
def test_what_is_no_adapter_is_named(tiny_pipeline, tmp_path, odd):
    with pytest.raises(ValueError, match="must be a file or a folder"):
        generate(tiny_pipeline, PLAN, tmp_path / "set", adapter=odd, **FAST)
    assert not (tmp_path / "set").exists()


def test_part_of_a_lora_counts(tiny_pipeline, tmp_path):
    save_lora(tiny_pipeline, tmp_path, scale=3.0)

    def drawn(scale):
        with use_adapter(tiny_pipeline, tmp_path, scale) as adapted:
            return sample_images(adapted, PLAN[:1], **FAST)

    base = sample_images(tiny_pipeline, PLAN[:1], **FAST)
    assert (drawn(0) == base).all() and (drawn(0.5) != drawn(1)).any()
    with use_adapter(tiny_pipeline, tmp_path) as adapted:
        whole = sample_images(adapted, PLAN[:1], **FAST)
    assert (drawn(1) == whole).all()


def test_only_a_lora_has_a_scale(tiny_pipeline, tmp_path):
    save_file({"<thing>": torch.zeros(1, 16)}, tmp_path / EMBEDS)
    with pytest.raises(ValueError, match="scale=0.5 is for a LoRA"):
        with use_adapter(tiny_pipeline, tmp_path, 0.5):
            pass


@pytest.mark.parametrize(
    "more, why",
    [
        ({"lora_stuff.0": torch.ones(2)}, "has 'lora_stuff.0', which is not read; a LoRA has pairs of"),
        ({"unet.x.hada_w1_a": torch.ones(2, 2)}, "has 'unet.x.hada_w1_a', which is not read"),
        (
            {"unet.x.lora.down.weight": torch.ones(2, 2, dtype=torch.int8)},
            "is 2 x 2 of torch.int8, and not a",
        ),
        ({"unet.x.lora.down.weight": torch.ones(0, 2)}, "is 0 x 2 of torch.float32, and not a matrix"),
    ],
)
def test_what_a_file_has_beside_is_never_left_out_in_silence(tiny_pipeline, tmp_path, more, why):
    save_lora(tiny_pipeline, tmp_path)
    save_file(load_file(tmp_path / LORA) | more, tmp_path / LORA)
    with pytest.raises(ValueError, match=why), use_adapter(tiny_pipeline, tmp_path):
        pass


def test_an_empty_file_is_no_adapter(tiny_pipeline, tmp_path):
    save_file({}, tmp_path / "empty.safetensors")
    with (
        pytest.raises(ValueError, match="is empty, and neither a LoRA nor"),
        use_adapter(tiny_pipeline, tmp_path / "empty.safetensors"),
    ):
        pass


@pytest.mark.parametrize("scale", ["1", None, float("nan"), float("inf")])
def test_a_scale_is_a_number(tiny_pipeline, tmp_path, scale):
    save_lora(tiny_pipeline, tmp_path)
    with (
        pytest.raises(ValueError, match="scale=.* must lie in"),
        use_adapter(tiny_pipeline, tmp_path, scale),
    ):
        pass
