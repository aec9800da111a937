"Invented answers and edits, for the tests of what is found in words."

import numpy as np
import pandas as pd
from scipy.special import expit

LABELS = ["cat", "dog"]


def said(n, things=("ball", "sofa", "lamp"), places=("beach", "park", "room"), seed=0):
    g = np.random.default_rng(seed)
    return pd.DataFrame(
        dict(
            foreground=[[str(g.choice(things))] for _ in range(n)],
            background=[[str(g.choice(places))] for _ in range(n)],
            alternative=["moon"] * n,
        )
    )


def noise_edits(phrases, seed, harm=0.0, evidence=None, sure=0.0):
    """Edits whose sham and outcome differ by chance alone, after a choice of confident pictures.

    `harm`: what any edit costs; `evidence`: what a (label, cluster) really matters; all in log-odds."""
    g = np.random.default_rng(seed)
    n = len(phrases)
    before = g.uniform(0, 4, n) + sure

    def noise():
        return g.normal(0, 1.5, n) - harm

    evidence = evidence or {}
    real = np.array([evidence.get((r.label, r.cluster), 0) for r in phrases.itertuples()])
    y = phrases.y.to_numpy()
    sham, after = before + noise(), before + noise() - real
    t = phrases.assign(
        p_before=expit(before), p_sham=expit(sham), p_after=expit(after), pred_before=y, evidence=sham - after
    )
    return t.assign(
        pred_after=np.where(after >= 0, y, 1 - y),
        pred_sham=np.where(sham >= 0, y, 1 - y),
        effect=t.p_sham - t.p_after,
    ).assign(flip=lambda t: t.pred_after != y)
