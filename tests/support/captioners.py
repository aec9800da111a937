"Small random captioners in the public formats."

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    GitConfig,
    GitForCausalLM,
)

from spurious_core.models.preprocessing import Preprocess, write_preprocess

SPECIAL, WORDS = (
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
    ["a", "photo", "of", "dog", "cat", "on", "grass", "sofa", "##s", "two"],
)


PREPROCESS = dict(
    git=Preprocess(32, 32, bicubic=True),
    blip=Preprocess((32, 32), mean=(0.48, 0.46, 0.41), std=(0.27, 0.26, 0.28), bicubic=True),
)


def network(kind):
    "A random captioner whose words depend on the picture."
    torch.manual_seed(3)
    n = len(SPECIAL + WORDS)
    size = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2)
    ids = dict(bos_token_id=2, eos_token_id=3, pad_token_id=0, vocab_size=n, max_position_embeddings=12)
    if kind == "git":
        net = GitForCausalLM(
            GitConfig(
                vision_config=size | dict(image_size=32, patch_size=8, projection_dim=16), **size, **ids
            )
        )
    else:
        net = BlipForConditionalGeneration(
            BlipConfig(
                text_config=size | ids | dict(sep_token_id=3, encoder_hidden_size=16, projection_dim=16),
                vision_config=size | dict(image_size=32, patch_size=8, projection_dim=16),
                projection_dim=16,
                image_text_hidden_size=16,
            )
        )
    with torch.no_grad():
        for k, p in net.named_parameters():
            if p.ndim > 1 and "position" not in k:
                p.normal_(0, 0.5)
    return net.eval()


@pytest.fixture(scope="module", params=["git", "blip"])
def saved(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param) / "captioner"
    network(request.param).save_pretrained(folder)
    BertTokenizer(vocab={w: i for i, w in enumerate(SPECIAL + WORDS)}).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(write_preprocess(PREPROCESS[request.param])))
    return request.param, folder


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (7, 40, 40, 3), dtype=np.uint8)


def copy(saved, tmp_path):
    return Path(shutil.copytree(saved[1], tmp_path / "copy"))
