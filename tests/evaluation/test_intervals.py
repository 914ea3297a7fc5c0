"""Intervals of means and differences, and what they show."""

import numpy as np
import pytest

from skensemble.evaluation import METRICS, Interval, mean_interval, verdict

ACCURACY, LOG_LOSS, CALIBRATION, BRIER = METRICS


def test_interval_is_that_of_student():
    # t of 4 degrees of freedom: 2.776; standard error of 1..5: sqrt(2.5 / 5)
    found = mean_interval([1, 2, 3, 4, 5])
    assert found.value == 3
    assert found.half == pytest.approx(2.776445 * (2.5 / 5) ** 0.5, rel=1e-6)
    assert (found.low + found.high) / 2 == 3


def test_one_run_has_no_interval():
    found = mean_interval([0.5])
    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()


def test_paired_differences_are_of_the_same_seeds():
    values, others = [1.0, 2.0, 3.0], [0.5, 1.5, 2.5]
    found = mean_interval(np.subtract(values, others))
    assert found == Interval(0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("metric", "mean", "half", "word"),
    [
        (ACCURACY, 0.02, 0.01, "better"),
        (ACCURACY, -0.02, 0.01, "worse"),
        (LOG_LOSS, 0.02, 0.01, "worse"),
        (LOG_LOSS, -0.02, 0.01, "better"),
        (CALIBRATION, -0.02, 0.01, "better"),
        (BRIER, 0.02, 0.01, "worse"),
        (ACCURACY, 0.01, 0.01, "no difference shown"),
        (LOG_LOSS, 0.0, 0.0, "no difference shown"),
        (LOG_LOSS, 0.1, float("nan"), "no difference shown"),
        (ACCURACY, 0.05, 0.0, "no difference shown"),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_verdict_reports_losses_as_well_as_wins(metric, mean, half, word):
    difference = Interval(mean, mean - half, mean + half)
    assert verdict(difference, higher_is_better=metric.higher_is_better) == word
