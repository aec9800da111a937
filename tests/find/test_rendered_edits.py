"Perfect edits change what they should only."

import pandas as pd
import pytest

from spurious_core.data.manifests import draw, sample
from spurious_core.data.worlds import get_world
from spurious_core.find.rendered_edits import exact_edits


def test_perfect_edits_change_what_they_should_only():
    m = sample(get_world("imagenet_like"), 40, seed=3)
    m = m[m.prop.isin(["lamp", "flag", "fence", "kite"]) & (m.opacity == 1)].head(4).reset_index(drop=True)
    x, obj, _ = draw(m, masks=True)
    from spurious_core.data.vocabulary import PROPS

    plan = pd.DataFrame(
        [
            dict(
                image=i,
                kind=k,
                phrase=PROPS[m.prop[i]] if k == "foreground" else m.scene[i],
                alternative=None if k == "foreground" else "in water" if m.scene[i] != "water" else "sand",
            )
            for i in range(4)
            for k in ("foreground", "background")
        ]
    )
    after, sham = exact_edits(m, plan, 0)
    for k, r in plan.iterrows():
        inside = obj[r.image] == 1
        assert (abs(after[k].astype(int) - x[r.image])[inside] <= 1).all()
        assert (abs(sham[k].astype(int) - x[r.image])[inside] <= 1).all()
        assert (after[k] != sham[k]).any()
    with pytest.raises(ValueError, match="unknown background 'moon'"):
        exact_edits(m, plan.assign(kind="background", alternative="moon"))
