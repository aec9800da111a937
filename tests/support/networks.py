"Small random classifiers of four architectures."

import torch
from transformers import (
    ConvNextConfig,
    ConvNextForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    SwinConfig,
    SwinForImageClassification,
    ViTConfig,
    ViTForImageClassification,
)

from spurious_core.models.classifier import Classifier
from spurious_core.models.preprocessing import Preprocess

LABELS = ["cat", "dog", "cup"]
_VIT = dict(patch_size=16, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
_SWIN = dict(patch_size=8, embed_dim=8, depths=[1, 1], num_heads=[1, 2], window_size=4)
NETWORKS = dict(
    resnet=(ResNetForImageClassification, ResNetConfig, dict(embedding_size=8, layer_type="basic")),
    convnext=(ConvNextForImageClassification, ConvNextConfig, dict(image_size=64, num_stages=2)),
    vit=(ViTForImageClassification, ViTConfig, dict(image_size=64) | _VIT),
    swin=(SwinForImageClassification, SwinConfig, dict(image_size=64) | _SWIN),
)


def small_network(kind="resnet", **options):
    "A random network of three classes; `options` are of its config."
    cls, config, small = NETWORKS[kind]
    if kind in ("resnet", "convnext"):
        small = dict(hidden_sizes=[8, 16], depths=[1, 1]) | small
    return cls(config(num_labels=len(LABELS), **small | options))


def small_classifier(kind="resnet", preprocess=None):
    "The same network each time, in eval mode, for 64 x 64 pixels."
    torch.manual_seed(0)
    return Classifier(small_network(kind), LABELS, preprocess or Preprocess((64, 64)), kind).eval()
