"A small random classifier, and features and images for it."

import numpy as np
import torch
from transformers import ResNetConfig, ResNetForImageClassification

from spurious_core.models.classifier import Classifier
from spurious_core.models.preprocessing import Preprocess

D = 16  # dimensions of the features


def small_guide() -> Classifier:
    torch.manual_seed(0)
    sizes = dict(embedding_size=8, hidden_sizes=[8, D], depths=[1, 1])
    net = ResNetForImageClassification(ResNetConfig(**sizes, layer_type="basic", num_labels=3))
    return Classifier(net, ["cat", "dog", "cup"], Preprocess(), "net").eval().requires_grad_(False)


def features(n: int, seed: int = 0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    rows = torch.randn(n, D, generator=g, dtype=torch.double)
    return rows @ torch.randn(D, D, generator=g, dtype=torch.double) + 5


def images(n: int = 30) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (n, 64, 64, 3), dtype=np.uint8)
