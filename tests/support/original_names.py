"State dicts of single files: a pipeline's weights under the names of the original Stable Diffusion code."

import torch

_UNET_ENDS = {
    "mid_block.resnets.0.": "middle_block.0.",
    "mid_block.attentions.0.": "middle_block.1.",
    "mid_block.resnets.1.": "middle_block.2.",
    "conv_in.": "input_blocks.0.0.",
    "time_embedding.linear_1.": "time_embed.0.",
    "time_embedding.linear_2.": "time_embed.2.",
    "add_embedding.linear_1.": "label_emb.0.0.",  # of SDXL
    "add_embedding.linear_2.": "label_emb.0.2.",
    "conv_norm_out.": "out.0.",
    "conv_out.": "out.2.",
}
_UNET_RESNET = dict(
    norm1="in_layers.0",
    conv1="in_layers.2",
    time_emb_proj="emb_layers.1",
    norm2="out_layers.0",
    conv2="out_layers.3",
    conv_shortcut="skip_connection",
)
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_VAE_ENDS = dict(conv_shortcut="nin_shortcut", conv_norm_out="norm_out")
_OPEN_CLIP = {
    "self_attn.out_proj": "attn.out_proj",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
}
_OPEN_CLIP_ENDS = {
    "token_embedding.weight": "embeddings.token_embedding.weight",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.weight": "final_layer_norm.weight",
    "ln_final.bias": "final_layer_norm.bias",
}


def _replaced(key, names):
    for new, old in names.items():
        key = key.replace(new, old)
    return key


def _unet_input_blocks(config):
    "Blocks on the way down are numbered through; a block that only halves the size counts, too."
    where, number = {}, 1
    for i in range(len(config.block_out_channels)):
        for layer in range(config.layers_per_block):
            where[f"down_blocks.{i}.resnets.{layer}."] = f"input_blocks.{number}.0."
            where[f"down_blocks.{i}.attentions.{layer}."] = f"input_blocks.{number}.1."
            number += 1
        where[f"down_blocks.{i}.downsamplers.0.conv."] = f"input_blocks.{number}.0.op."
        number += 1
    return where


def _unet_output_blocks(config):
    "On the way up, doubling the size is the last part of a block."
    where, number = {}, 0
    for i, kind in enumerate(config.up_block_types):
        for layer in range(config.layers_per_block + 1):
            where[f"up_blocks.{i}.resnets.{layer}."] = f"output_blocks.{number}.0."
            where[f"up_blocks.{i}.attentions.{layer}."] = f"output_blocks.{number}.1."
            number += 1
        last = 1 + ("CrossAttn" in kind)
        where[f"up_blocks.{i}.upsamplers.0.conv."] = f"output_blocks.{number - 1}.{last}.conv."
    return where


def original_unet(unet):
    "The U-Net's weights."
    where = _unet_input_blocks(unet.config) | _unet_output_blocks(unet.config) | _UNET_ENDS
    state = {}
    for key, value in unet.state_dict().items():
        ours = next(start for start in where if key.startswith(start))
        rest = key.removeprefix(ours)
        rest = _replaced(rest, _UNET_RESNET) if "resnets" in ours else rest
        state[f"model.diffusion_model.{where[ours]}{rest}"] = value
    return state


def _vae_key(key, blocks):
    "The original name of a weight of the autoencoder."
    side, _, rest = key.partition(".")
    if side not in ("encoder", "decoder"):
        return key
    parts = rest.split(".")
    if parts[0] in ("down_blocks", "up_blocks"):
        number = int(parts[1])
        level = f"down.{number}" if side == "encoder" else f"up.{blocks - 1 - number}"
        kind = dict(resnets=f"block.{parts[3]}", downsamplers="downsample", upsamplers="upsample")[parts[2]]
        rest = f"{level}.{kind}.{'.'.join(parts[4:])}"
    elif parts[:2] == ["mid_block", "resnets"]:
        rest = f"mid.block_{int(parts[2]) + 1}.{'.'.join(parts[3:])}"
    elif parts[0] == "mid_block":
        rest = _replaced(rest, _VAE_ATTENTION).replace("mid_block.attentions.0", "mid.attn_1")
    return _replaced(f"{side}.{rest}", _VAE_ENDS)


def original_vae(vae):
    "The autoencoder's weights; attention was written as convolutions of one pixel."
    state = {}
    for key, value in vae.state_dict().items():
        name = _vae_key(key, len(vae.config.block_out_channels))
        if "attn_1" in name and name.endswith("weight") and "norm" not in name:
            value = value[..., None, None]
        state[f"first_stage_model.{name}"] = value
    return state


def original_text(text):
    "CLIP's weights, as SD 1.x has them."
    start = "cond_stage_model.transformer.text_model"
    return {f"{start}.{key.removeprefix('text_model.')}": value for key, value in text.state_dict().items()}


def original_open_clip(text):
    "SD 2.x: OpenCLIP's names, with queries, keys and values in one matrix."
    state = {key.removeprefix("text_model."): value for key, value in text.state_dict().items()}
    out = {theirs: state[ours] for theirs, ours in _OPEN_CLIP_ENDS.items()}
    out["text_projection"] = torch.eye(text.config.hidden_size)
    out["logit_scale"] = torch.tensor(1.0)
    for layer in range(text.config.num_hidden_layers):
        ours, theirs = f"encoder.layers.{layer}", f"transformer.resblocks.{layer}"
        for what in ("weight", "bias"):
            attention = [state[f"{ours}.self_attn.{part}_proj.{what}"] for part in "qkv"]
            out[f"{theirs}.attn.in_proj_{what}"] = torch.cat(attention)
            for name, original in _OPEN_CLIP.items():
                out[f"{theirs}.{original}.{what}"] = state[f"{ours}.{name}.{what}"]
    return {f"cond_stage_model.model.{key}": value for key, value in out.items()}


def original_state(pipe, text=original_text):
    "All weights of a pipeline, and two things besides that a training leaves in its file."
    state = original_unet(pipe.unet) | original_vae(pipe.vae) | text(pipe.text_encoder)
    state |= {"betas": torch.linspace(0, 1, 10), "model_ema.decay": torch.tensor(1.0)}
    return {key: value.detach().contiguous() for key, value in state.items()}
