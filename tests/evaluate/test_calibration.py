"Calibration: each test breaks if the order of rows matters, or if chance is taken for miscalibration."

import numpy as np

from spurious_core.evaluate.calibration import calibration_error, calibration_floor


def test_calibration_error_does_not_depend_on_the_order_of_ties():
    rng = np.random.default_rng(0)
    confidence = rng.choice([0.6, 0.7, 0.9], 500)
    right = rng.random(500) < 0.7
    order = np.lexsort((right, confidence))
    error = calibration_error(confidence, right)
    assert np.isclose(error, calibration_error(confidence[order], right[order]))
    rows = [confidence == value for value in (0.6, 0.7, 0.9)]
    by_hand = sum(abs(right[bin].mean() - confidence[bin][0]) * bin.mean() for bin in rows)
    assert np.isclose(error, by_hand)


def test_calibration_error_of_calibrated_and_overconfident_answers():
    rng = np.random.default_rng(1)
    confidence = rng.uniform(0.5, 1, 4000)
    right = rng.random(4000) < confidence
    floor = calibration_floor(confidence)
    calibrated = np.mean([calibration_error(confidence, rng.random(4000) < confidence) for _ in range(60)])
    assert abs(calibrated - floor) < 0.0015
    assert calibration_error(confidence**0.3, right) > 5 * calibration_floor(confidence**0.3)
    assert calibration_floor(confidence[:60]) > 3 * floor  # the bias that the floor is there to show
