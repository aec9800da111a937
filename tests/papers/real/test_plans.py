"Budgets of the study of real spurious features."

import pandas as pd
import pytest

from spurious_core.papers.real.plans import REAL_BUDGETS, plan_real, some_rows


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
