"Group reports with chosen numbers of images and of right answers."

import numpy as np

from spurious_core.evaluate.reports import group_report

LABELS, PLACES = ["landbird", "waterbird"], ["land", "water"]


def answers(n, right, seed=0):
    "Rows in random order: `n[g]` images of group g = 2y + a, `right[g]` of them answered rightly."
    group = np.repeat(range(4), n)
    y, a = group // 2, group % 2
    hit = np.concatenate([np.arange(m) < r for m, r in zip(n, right, strict=True)])
    order = np.random.default_rng(seed).permutation(len(group))
    return y[order], a[order], np.where(hit, y, 1 - y)[order]


def report(n, right, seed=0, **options):
    return group_report(*answers(n, right, seed), LABELS, PLACES, **options)


# right answers of 50 in each group, by seed
SEEDS = [
    [45, 40, 30, 48],
    [46, 38, 33, 47],
    [44, 41, 28, 49],
    [47, 39, 35, 46],
    [45, 42, 31, 48],
    [46, 40, 29, 47],
]
METHOD = [report([50] * 4, right, seed) for seed, right in enumerate(SEEDS)]
# four more right in the third group
BETTER = [report([50] * 4, np.add(right, [0, 0, 4, 0]), seed) for seed, right in enumerate(SEEDS)]
