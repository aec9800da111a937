"Adapters of other tools in our pipelines, and ours in plain diffusers."

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline
from safetensors.torch import load_file, save_file
from torch import nn

from spurious_core.diffusion.adapters import EMBEDS, LORA, use_adapter
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.training.config import PersonalizeConfig
from spurious_core.diffusion.training.personalizing import personalize
from spurious_core.models.pipelines import load_pipeline
from support.drawn_pictures import apart, close, draw, drawn_by_diffusers, picture
from support.loras import OLD_NAMES, PEFT_NAMES, diffusers_lora, kohya, merged, random_lora
from support.pickles import Trap

WORD = plan_prompts("a photo of <cat>", 2)


def write(state, file):
    "Saves in the format of the file's ending."
    if file.suffix == ".safetensors":
        save_file(state, file)
    else:
        torch.save(state, file)
    return file


def use(pipe, adapter):
    "Puts an adapter on and takes it off."
    with use_adapter(pipe, adapter):
        pass


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_kohya_lora(tiny_pipeline, tmp_path, suffix):
    lora = random_lora(tiny_pipeline)
    file = write(kohya(lora, alpha=1.0), tmp_path / f"my-style{suffix}")
    base, expected = draw(tiny_pipeline), draw(merged(tiny_pipeline, lora, 1 / 2))
    with use_adapter(tiny_pipeline, file) as pipe:
        assert close(draw(pipe), expected)
    assert apart(base, expected)
    assert (draw(tiny_pipeline) == base).all()
    assert not hasattr(tiny_pipeline.unet, "peft_config")


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("names", [OLD_NAMES, PEFT_NAMES], ids=["diffusers", "peft"])
def test_diffusers_lora(tiny_pipeline, tmp_path, names, wrapped):
    lora = {key: pair for key, pair in random_lora(tiny_pipeline).items() if pair[0].ndim == 2}
    save_file(diffusers_lora(lora, wrapped, names), tmp_path / LORA)
    expected = draw(merged(tiny_pipeline, lora, 1.0))
    for adapter in (tmp_path, tmp_path / LORA):
        with use_adapter(tiny_pipeline, adapter) as pipe:
            assert close(draw(pipe), expected)


def test_loras_that_do_not_fit(tiny_pipeline, other_pipeline, tmp_path):
    lora, file = random_lora(tiny_pipeline), tmp_path / "x.safetensors"
    for state in (kohya(lora), diffusers_lora(lora)):
        with pytest.raises(ValueError, match="does not fit this pipeline"):
            use(other_pipeline, write(state, file))
    save_file({"lora_unet_no_such_layer.lora_down.weight": torch.zeros(2, 4)}, file)
    with pytest.raises(ValueError, match="has no layer lora_unet_no_such_layer"):
        use(tiny_pipeline, file)
    torch.save(kohya(lora) | dict(x=Trap(tmp_path / "evil")), tmp_path / "x.pt")
    with pytest.raises(ValueError, match="holds more than tensors"):
        use(tiny_pipeline, tmp_path / "x.pt")
    assert not (tmp_path / "evil").exists()
    assert not hasattr(tiny_pipeline.unet, "peft_config")


@pytest.mark.parametrize("written", [kohya, diffusers_lora], ids=["kohya", "diffusers"])
def test_a_matrix_of_another_rank_is_named_with_both_ranks(tiny_pipeline, tmp_path, written):
    lora = random_lora(tiny_pipeline)
    key = next(key for key in lora if key[0] == "unet" and key[1].endswith("to_q"))
    down, up = lora[key]
    lora[key] = down, torch.cat([up, up[:, :1]], 1)
    file = write(written(lora), tmp_path / "x.safetensors")
    layer = key[1].replace(".", "[._]")
    said = f"x.safetensors is damaged: of .*{layer} the matrix down has rank 2, and up has rank 3"
    with pytest.raises(ValueError, match=said):
        use(tiny_pipeline, file)
    assert not hasattr(tiny_pipeline.unet, "peft_config")


def test_ranks_may_differ_between_layers(tiny_pipeline, tmp_path):
    lora, wider = random_lora(tiny_pipeline), random_lora(tiny_pipeline, rank=3)
    key = next(iter(lora))
    use(tiny_pipeline, write(kohya(lora | {key: wider[key]}), tmp_path / "x.safetensors"))


def test_a_matrix_that_is_a_row_of_numbers_does_not_fit(tiny_pipeline, tmp_path):
    state = diffusers_lora(random_lora(tiny_pipeline))
    name = next(name for name in state if name.startswith("unet") and ".down" in name)
    file = write(state | {name: torch.zeros(16)}, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match=r"does not fit this pipeline: .*and the LoRA has \(16,\)"):
        use(tiny_pipeline, file)


def embeddings(kind, vectors):
    "Learned embeddings of `<cat>` as diffusers and the web interface save them."
    webui = dict(string_to_token={"*": 265}, name="<cat>", step=500, sd_checkpoint="ab12")
    webui |= dict(string_to_param={"*": nn.Parameter(vectors)}, sd_checkpoint_name="v1-5")
    return {
        "diffusers.safetensors": {"<cat>": vectors},
        "diffusers.bin": {"<cat>": nn.Parameter(vectors)},
        "webui.safetensors": {"emb_params": vectors},
        "webui.pt": webui,
    }[kind]


@pytest.mark.parametrize("kind", ["diffusers.safetensors", "diffusers.bin", "webui.pt", "webui.safetensors"])
def test_learned_embeddings(tiny_pipeline, tmp_path, kind):
    vectors = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    file = write(embeddings(kind, vectors), tmp_path / f"<cat>{Path(kind).suffix}")
    base = draw(tiny_pipeline, WORD)
    with use_adapter(tiny_pipeline, file) as pipe:
        ours = draw(pipe, WORD)
        assert len(pipe.tokenizer("<cat>").input_ids) == 3
    assert (draw(tiny_pipeline, WORD) == base).all()
    assert apart(ours, base)
    tiny_pipeline.load_textual_inversion({"<cat>": vectors})
    assert close(ours, draw(tiny_pipeline, WORD))


# the web interface once pickled a ParameterDict, which runs code when opened
PICKLED = dict(string_to_param=nn.ParameterDict({"a": torch.zeros(1, 16)}), name="<cat>")


@pytest.mark.parametrize(
    "state, text",
    [
        ({"<cat>": torch.zeros(2, 17)}, "<cat> is 2 x 17, and the text encoder 16 wide"),
        (dict(epoch=3), "neither a LoRA nor learned embeddings: 'epoch' is a int"),
        (PICKLED, "holds more than tensors"),
    ],
)
def test_embeddings_that_are_wrong(tiny_pipeline, tmp_path, state, text):
    with pytest.raises(ValueError, match=text):
        use(tiny_pipeline, write(state, tmp_path / "e.pt"))


def test_an_adapter_that_is_not_there(tiny_pipeline, tmp_path):
    with pytest.raises(FileNotFoundError, match="is no adapter"):
        use(tiny_pipeline, tmp_path / "none.pt")


# ---- ours, read by diffusers


@pytest.mark.parametrize("method", ["lora", "textual_inversion"])
def test_our_adapters_in_plain_diffusers(tiny_folder, tmp_path, method):
    prompt = "a photo of <concept>" if method == "textual_inversion" else "a photo of sks"
    plan = plan_prompts(prompt, 2)
    references = np.stack([picture(i) for i in range(3)])
    options = dict(rank=2, lora_alpha=6.0, num_vectors=2, train_text_encoder=True)
    config = PersonalizeConfig(prompt, method=method, lr=0.05, steps=4, batch_size=2, **options)
    out = personalize(str(tiny_folder), references, config, tmp_path / "a", progress=False)

    plain = StableDiffusionPipeline.from_pretrained(tiny_folder)
    without = drawn_by_diffusers(plain, plan)
    if method == "lora":
        plain.load_lora_weights(str(out))
    else:
        plain.load_textual_inversion(str(out / EMBEDS))
    pipe = load_pipeline(tiny_folder)
    base = draw(pipe, plan)
    with use_adapter(pipe, out) as adapted:
        ours = draw(adapted, plan)
    assert close(without, base)
    assert close(drawn_by_diffusers(plain, plan), ours)
    assert apart(ours, base)
    if method == "lora":  # the public names, which older readers need
        public = ("unet.", "text_encoder.text_model.encoder.")
        assert all(key.startswith(public) for key in load_file(out / LORA))


def test_a_damaged_adapter_is_named(tiny_pipeline, tiny_folder, tmp_path):
    for file in (tmp_path / LORA, tmp_path / "words.pt"):
        file.write_bytes(b"half of it")
        with pytest.raises(ValueError, match=f"{file.name} is damaged"):
            use(tiny_pipeline, file)
    whole = shutil.copytree(tiny_folder, tmp_path / "whole")
    (whole / "unet/config.json").write_text("{")
    with pytest.raises(ValueError, match="unet/config.json is damaged"):
        use(tiny_pipeline, whole)
