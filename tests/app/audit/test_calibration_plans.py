"How many worlds the calibration of audits takes."

import pytest

from spurious_core.app.audit.calibration_plans import AUDIT_BUDGETS, plan_calibration


def test_budgets():
    with pytest.raises(ValueError, match="allowed: smoke, quick, full"):
        plan_calibration("dry")
    assert AUDIT_BUDGETS["full"]["worlds"] == 20
