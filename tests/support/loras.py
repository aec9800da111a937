"LoRAs as other tools write them, and the same multiplied out by hand."

import copy

import torch

_ENDS = dict(
    unet=("to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"),
    text_encoder=("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
)
_KOHYA = dict(unet="lora_unet_", text_encoder="lora_te_text_model_")
OLD_NAMES = dict(
    unet=("lora.down", "lora.up"), text_encoder=("lora_linear_layer.down", "lora_linear_layer.up")
)
PEFT_NAMES = dict.fromkeys(OLD_NAMES, ("lora_A", "lora_B"))


def layers(pipe):
    "The layers that public LoRAs change, with kohya's: convolutions of one pixel and feed-forward layers."
    found = {}
    for part, ends in _ENDS.items():
        for name, module in getattr(pipe, part).named_modules():
            if name.endswith(ends):
                found[part, name] = module
    return found


def random_lora(pipe, rank=2):
    "Down and up matrices of each layer."
    rng = torch.Generator().manual_seed(5)
    lora = {}
    for key, module in layers(pipe).items():
        outputs, *inputs = module.weight.shape
        down = torch.randn(rank, *inputs, generator=rng) * 0.3
        up = torch.randn(outputs, rank, *[1] * (module.weight.ndim - 2), generator=rng) * 0.3
        lora[key] = (down, up)
    return lora


def merged(pipe, lora, scale):
    "A copy of the pipeline with the LoRA multiplied out and added, by hand."
    components = {name: copy.deepcopy(component) for name, component in pipe.components.items()}
    changed = type(pipe)(**components, requires_safety_checker=False)
    with torch.no_grad():
        for key, module in layers(changed).items():
            if key in lora:
                down, up = lora[key]
                module.weight += scale * (up.flatten(1) @ down.flatten(1)).reshape(module.weight.shape)
    return changed


def kohya(lora, alpha=1.0):
    "A state dict with kohya's names."
    state = {}
    for (part, name), (down, up) in lora.items():
        layer = _KOHYA[part] + name.removeprefix("text_model.").replace(".", "_")
        state[f"{layer}.lora_down.weight"] = down.contiguous()
        state[f"{layer}.lora_up.weight"] = up.contiguous()
        state[f"{layer}.alpha"] = torch.tensor(alpha)
    return state


def diffusers_lora(
    lora,
    wrapped=True,  # whether the text encoder's names begin with `text_model`
    names=OLD_NAMES,
):
    "A state dict with the names of diffusers, of one time or another."
    state = {}
    for (part, name), matrices in lora.items():
        if part == "text_encoder":
            name = ("text_model." if wrapped else "") + name.removeprefix("text_model.")
        for matrix, value in zip(names[part], matrices, strict=True):
            state[f"{part}.{name}.{matrix}.weight"] = value.contiguous()
    return state
