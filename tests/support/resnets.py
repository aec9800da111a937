"ResNets with torchvision's names and strides, written out as a reference."

import torch
import torch.nn.functional as F
from torch import nn

from spurious_core.models.preprocessing import IMAGENET, Preprocess

PLAIN = Preprocess(**IMAGENET)


class Block(nn.Module):
    "A residual block; the stride is in its first convolution of 3 x 3."

    def __init__(self, inputs, width, stride, basic):
        super().__init__()
        outputs = width if basic else 4 * width
        kernels = (3, 3) if basic else (1, 3, 1)
        strides = (stride, 1) if basic else (1, stride, 1)
        widths = (inputs, width, outputs) if basic else (inputs, width, width, outputs)
        self.depth = len(kernels)
        for i, kernel in enumerate(kernels):
            shape = (widths[i], widths[i + 1], kernel, strides[i], kernel // 2)
            setattr(self, f"conv{i + 1}", nn.Conv2d(*shape, bias=False))
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(widths[i + 1]))
        self.downsample = nn.Sequential()
        if stride > 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = x
        for i in range(1, self.depth + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.depth:
                y = F.relu(y)
        return F.relu(y + self.downsample(x))


class ResNet(nn.Module):
    "The architecture; without arguments a ResNet-50 of ImageNet."

    def __init__(self, depths=(3, 4, 6, 3), width=64, classes=1000, basic=False):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.stages = [f"layer{i + 1}" for i in range(len(depths))]
        inputs = width
        for i, depth in enumerate(depths):
            blocks = []
            for number in range(depth):
                blocks.append(Block(inputs, width * 2**i, 2 if i and number == 0 else 1, basic))
                inputs = width * 2**i * (1 if basic else 4)
            setattr(self, self.stages[i], nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, classes)

    def features(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        return x.mean((2, 3))

    def forward(self, x):
        return self.fc(self.features(x))


def random_resnet(basic=True, classes=3):
    "A small one whose normalisations all do something."
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = ResNet((1, 2), 4, classes, basic)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias)
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
                module.num_batches_tracked += 3
    return net.eval().requires_grad_(False)


def settled_resnet50():
    "Random weights, and statistics of one batch, so that activations have a natural size."
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = ResNet().train()
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = None
        with torch.no_grad():
            net(torch.rand(4, 3, 64, 64))
    return net.eval().requires_grad_(False)


def normal(x, preprocess=PLAIN):
    "Normalised pixels, by hand."
    mean, std = (torch.tensor(v)[:, None, None] for v in (preprocess.mean, preprocess.std))
    return (x - mean) / std
