"Budgets of the two studies of real photographs."

import pandas as pd
import pytest

from spurious_core.papers.real.plans import EXCHANGES, REAL_BUDGETS, plan_bar, plan_real, some_rows


def test_budgets_grow():
    smoke, quick, full = (plan_real(budget) for budget in ("smoke", "quick", "full"))
    assert smoke.draws < quick.draws < full.draws and full.cues is full.classes is full.networks is None
    with pytest.raises(ValueError, match="budget='dry' is unknown"):
        plan_real("dry")
    assert smoke.networks == 3 and set(REAL_BUDGETS) == {"smoke", "quick", "full"}


@pytest.mark.parametrize("n, left", [(None, 7), (9, 7), (3, 3), (0, 0)])
def test_rows_from_all_over_a_table(n, left):
    table = pd.DataFrame(dict(a=range(7)))
    rows = some_rows(table, n)
    assert len(rows) == left and rows.a.is_monotonic_increasing and rows.a.is_unique


def test_what_bar_runs():
    assert plan_bar("full").n_seeds == 5 and plan_bar("smoke").pictures
    with pytest.raises(ValueError, match="allowed: smoke, quick, full"):
        plan_bar("dry")
    assert plan_bar("full").exchanges == EXCHANGES and plan_bar("full", seeds=2).n_seeds == 2
