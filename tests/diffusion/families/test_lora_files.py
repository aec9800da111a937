"A LoRA's scale counts wherever a tool has written it, in every family."

import json

import pytest
import torch
from peft import LoraConfig
from peft.tuners.lora import LoraLayer
from safetensors.torch import save_file

from spurious_core.core.seeds import generator
from spurious_core.diffusion.adapters import LORA, summarise_adapter, use_adapter
from spurious_core.diffusion.families.lora_files import (
    PEFT_CONFIG,
    PEFT_FILE,
    header_settings,
    layer_scale,
    peft_folders,
    read_peft,
    scaled_by_entries,
    with_scales,
)
from spurious_core.diffusion.families.registry import family_of
from spurious_core.diffusion.plans import plan_prompts
from spurious_core.diffusion.sampling import sample_images
from spurious_core.models.pipelines import load_pipeline
from support.drawing import close
from support.families import BUILDERS

RANK, SCALE = 2, 3.0
KINDS = [kind for kind in BUILDERS if kind not in ("sd2", "sd35")]


@pytest.fixture(scope="module", params=KINDS)
def pipe(request, tmp_path_factory):
    pipe = load_pipeline(BUILDERS[request.param][1](tmp_path_factory.mktemp("loras") / request.param))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def matrices_for(pipe):
    "Random matrices for two layers of the denoiser, under its own names."
    family, rng = family_of(pipe), generator(1)
    target = family.lora_targets(pipe, ["to_q"])[0]
    layers = [(name, layer) for name, layer in family.denoiser(pipe).named_modules() if name.endswith(target)]
    matrices = {}
    for name, layer in layers[:2]:
        width, height = layer.weight.shape[1], layer.weight.shape[0]
        matrices[f"{name}.lora_A.weight"] = torch.randn(RANK, width, generator=rng)
        matrices[f"{name}.lora_B.weight"] = torch.randn(height, RANK, generator=rng) / 2
    return matrices


def named(matrices, part):
    return {f"{part}.{name}": matrix for name, matrix in matrices.items()}


def drawn(pipe, adapter):
    with use_adapter(pipe, adapter) as adapted:
        return sample_images(adapted, plan_prompts("a photo of a boat", 1), steps=2)


def peft_folder(folder, matrices, **settings):
    folder.mkdir(parents=True)
    base = {f"base_model.model.{name}": matrix for name, matrix in matrices.items()}
    save_file(base, folder / PEFT_FILE)
    known = dict(peft_type="LORA", r=RANK, lora_alpha=SCALE * RANK)
    (folder / PEFT_CONFIG).write_text(json.dumps(known | settings))
    return folder


def test_every_place_of_the_scale_draws_the_same_picture(pipe, tmp_path):
    part, matrices = family_of(pipe).denoiser_name, matrices_for(pipe)
    baked = {name: m * SCALE if "lora_B" in name else m for name, m in matrices.items()}
    save_file(named(baked, part), tmp_path / "in_matrices.lora.safetensors")
    wanted = drawn(pipe, tmp_path / "in_matrices.lora.safetensors")

    alphas = {
        name.replace("lora_A.weight", "alpha"): torch.tensor(SCALE * RANK)
        for name in matrices
        if "_A" in name
    }
    save_file(named(matrices | alphas, part), tmp_path / "entries.lora.safetensors")
    layers = sorted({name.rpartition(".lora_")[0] for name in matrices})
    settings = LoraConfig(r=RANK, lora_alpha=SCALE * RANK, target_modules=layers).to_dict()
    settings = {f"{part}.{name}": value for name, value in settings.items() if not isinstance(value, set)}
    header = json.dumps(settings | {f"{part}.target_modules": layers}, default=str)
    save_file(named(matrices, part), tmp_path / "header.lora.safetensors", dict(lora_adapter_metadata=header))
    peft_folder(tmp_path / "peft", matrices)
    peft_folder(tmp_path / "peft_parts" / part, matrices, alpha_pattern={"to_q": SCALE * RANK}, lora_alpha=1)

    assert not close(wanted, sample_images(pipe, plan_prompts("a photo of a boat", 1), steps=2))
    kohyas = {"_A": ("lora_down", "lora.down"), "_B": ("lora_up", "lora.up")}
    for i in (0, 1):  # kohya's and diffusers' names of matrices, with the alphas beside them
        called = {
            name.replace(f"lora{end}", names[i]): matrix
            for name, matrix in matrices.items()
            for end, names in kohyas.items()
            if end in name
        }
        save_file(named(called | alphas, part), tmp_path / f"called_{i}.lora.safetensors")
        if i == 0:
            baked_down = {name: m * SCALE if "lora_up" in name else m for name, m in called.items()}
            save_file(named(baked_down, part), tmp_path / "called_2.lora.safetensors")
    files = ["entries", "header", "called_0", "called_1", "called_2"]
    for name in (*(f"{file}.lora.safetensors" for file in files), "peft", "peft_parts"):
        assert close(wanted, drawn(pipe, tmp_path / name)), name
    assert close(wanted, drawn(pipe, tmp_path / "peft" / PEFT_FILE))
    assert close(wanted, drawn(pipe, tmp_path / "peft" / PEFT_CONFIG))


def test_magnitudes_of_dora_are_read(pipe, tmp_path):
    matrices, denoiser = matrices_for(pipe), family_of(pipe).denoiser(pipe)
    layers = sorted({name.rpartition(".lora_")[0] for name in matrices})
    sevens = {
        f"{layer}.lora_magnitude_vector": torch.full((len(denoiser.get_submodule(layer).weight),), 7.0)
        for layer in layers
    }
    folder = peft_folder(tmp_path / "dora", matrices | sevens, use_dora=True)
    with use_adapter(pipe, folder) as adapted:
        denoiser = family_of(pipe).denoiser(adapted)
        found = [
            vector.weight
            for layer in denoiser.modules()
            if isinstance(layer, LoraLayer)
            for vector in layer.lora_magnitude_vector.values()
        ]
        assert len(found) == len(layers) and all((values == 7).all() for values in found)


def test_a_header_that_is_no_json_is_named(pipe, tmp_path):
    part = family_of(pipe).denoiser_name
    save_file(named(matrices_for(pipe), part), tmp_path / LORA, dict(lora_adapter_metadata="{nonsense"))
    with pytest.raises(ValueError, match=f"{LORA} is damaged: its header's lora_adapter_metadata is no JSON"):
        drawn(pipe, tmp_path)
    assert header_settings(tmp_path / "of_another_kind.bin", part) == {}


def test_what_is_no_lora_of_peft_is_refused(pipe, tmp_path):
    with pytest.raises(ValueError, match="x is for another, and this pipeline has"):
        drawn(pipe, peft_folder(tmp_path / "x" / "another", matrices_for(pipe)).parent)
    with pytest.raises(ValueError, match="empty is no LoRA: it has no matrices"):
        drawn(pipe, peft_folder(tmp_path / "empty", {}))
    for settings, message in (
        (dict(lora_alpha="x"), "lora_alpha='x' must lie in"),
        (dict(alpha_pattern=[1]), r"alpha_pattern=\[1\] must be a table"),
        (dict(alpha_pattern={"(": 1}), "alpha_pattern '\\(' is no regular expression"),
    ):
        wrong = peft_folder(tmp_path / str(len(message)), matrices_for(pipe), **settings)
        with pytest.raises(ValueError, match=message):
            drawn(pipe, wrong)
    folder = peft_folder(tmp_path / "ia3", matrices_for(pipe), peft_type="IA3")
    with pytest.raises(ValueError, match="holds an adapter of type 'IA3'; LORA is read"):
        drawn(pipe, folder)
    wrong = peft_folder(tmp_path / "bias", {"to_q.bias": torch.ones(3)} | matrices_for(pipe))
    with pytest.raises(ValueError, match="to_q.bias"):
        drawn(pipe, wrong)


def test_a_folder_of_pefts_says_what_it_holds(tmp_path):
    pair = {"to_q.lora_A.weight": torch.ones(2, 4), "to_q.lora_B.weight": torch.ones(4, 2)}
    summary = summarise_adapter(peft_folder(tmp_path / "a", pair))
    assert (summary.kind, summary.layers, summary.ranks) == ("LoRA", 1, (2,))
    other = summarise_adapter(peft_folder(tmp_path / "b", pair, lora_alpha=1))
    assert summary.hash != other.hash  # the same matrices, and another scale


def test_scales_by_pattern_and_by_rank():
    settings = dict(lora_alpha=8, alpha_pattern={"mid.to_k": 2})
    assert [layer_scale(settings, layer, 4) for layer in ("unet.mid.to_k", "to_k")] == [0.5, 2.0]
    assert layer_scale(settings | dict(use_rslora=True), "to_q", 16) == 2.0
    assert layer_scale({}, "to_q", 16) == 0.5  # peft's alpha is 8 where nothing is said
    assert layer_scale(dict(lora_alpha=0), "to_q", 16) == 0.0
    assert layer_scale(dict(lora_alpha=2, alpha_pattern={"^mid.*q": 4}), "mid.to_q", 2) == 2.0


def test_only_b_is_scaled_and_only_beside_a():
    pair = {"q.lora_A.weight": torch.ones(2, 3), "q.lora_B.weight": torch.ones(3, 2)}
    scaled = with_scales(pair | {"k.lora_B.weight": torch.ones(3, 2)}, lambda layer, rank: 5.0)
    assert [float(scaled[name].max()) for name in sorted(scaled)] == [1.0, 1.0, 5.0]
    assert scaled_by_entries(pair) is None
    assert scaled_by_entries({"q.lora_down.weight": torch.ones(2, 3), "q.alpha": torch.tensor(1.0)}) is None
    with pytest.raises(ValueError, match="mid.q.alpha is no number"):
        scaled_by_entries({f"mid.{name}": m for name, m in pair.items()} | {"mid.q.alpha": torch.ones(2)})
    pair = {f"mid.{name}": matrix for name, matrix in pair.items()}
    by_entry = scaled_by_entries(pair | {"mid.q.alpha": torch.tensor(1.0)})
    assert set(by_entry) == set(pair) and float(by_entry["mid.q.lora_B.weight"].max()) == 0.5


def test_parts_of_a_pipeline_have_folders_called_like_them(tmp_path):
    for part in ("unet", "text_encoder"):
        peft_folder(tmp_path / part, {})
    found = peft_folders(tmp_path, ["unet", "text_encoder", "text_encoder_2"])
    assert found == dict(unet=tmp_path / "unet", text_encoder=tmp_path / "text_encoder")
    assert peft_folders(tmp_path / "unet", ["transformer"]) == dict(transformer=tmp_path / "unet")
    with pytest.raises(ValueError, match="is for unet, and this pipeline has transformer, text_encoder"):
        peft_folders(tmp_path, ["transformer", "text_encoder"])
    anchored = peft_folder(
        tmp_path / "b",
        {"mid.q.lora_A.weight": torch.ones(2, 3), "mid.q.lora_B.weight": torch.ones(3, 2)},
        alpha_pattern={"^mid": 2.0, "^mid.q": 4.0},
    )
    assert float(read_peft(anchored, "unet")["unet.mid.q.lora_B.weight"].max()) == 2.0
