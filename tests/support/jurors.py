"Jurors whose answers are known."

import numpy as np
import torch


class Says:
    "A juror that is right where `right(y, a)`; it knows the answers by the order of the pictures."

    training = False

    def __init__(self, name, right, labels=("boat", "cow")):
        self.name, self.right, self.labels = name, right, list(labels)

    def state_dict(self):
        return {self.name: torch.zeros(1)}

    def index(self, label):
        return self.labels.index(label)

    def probs(self, images):
        n = np.arange(len(images))
        y, a = n // 10 % 2, n % 10
        right = [self.right(*pair) for pair in zip(y, a, strict=True)]
        return torch.eye(2)[torch.tensor(np.where(right, y, 1 - y))]
