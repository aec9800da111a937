"Classifiers of colours: a jury whose every verdict can be worked out by hand."

import numpy as np
import torch


class Colour(torch.nn.Module):
    """Class i's logit is `gain` times the mean of colour channel i; a further class has the logit `bias`.

    Features: 4 x 4 mean colours."""

    def __init__(self, name, labels=("red", "green", "blue"), gain=20.0, bias=6.0):
        super().__init__()
        self.name, self.labels = name, list(labels)
        self.gain = torch.nn.Parameter(torch.tensor(gain))
        self.bias = torch.nn.Parameter(torch.tensor(bias))
        self.eval()

    def features(self, x):
        return torch.nn.functional.adaptive_avg_pool2d(x, 4).flatten(1)

    def forward(self, x):
        colours = self.gain * x.mean((2, 3))
        further = self.bias.expand(len(x), len(self.labels) - 3)
        return torch.cat([colours, further], 1)

    def probs(self, x, batch=64):
        x = x if torch.is_tensor(x) else torch.from_numpy(x).permute(0, 3, 1, 2) / 255
        with torch.no_grad():
            logits = [self(x[start : start + batch].float()) for start in range(0, len(x), batch)]
        return torch.cat(logits).softmax(1)


def flat(*colours):
    "Pictures of 8 x 8 pixels, one of each colour."
    return np.stack([np.full((8, 8, 3), colour, np.uint8) for colour in colours])


JURY = [Colour("a", gain=20.0), Colour("b", gain=10.0)]
# something is there from a mean of 0.5 = 127 on
PRESENCE = Colour("presence", ("red", "green", "blue", "nothing"), gain=12.0)
DIM, BRIGHT, GREEN = (90, 60, 60), (200, 60, 60), (60, 100, 60)
