"""Intervals of means and differences, over seeds and rows, and what they show."""

import numpy as np
import pytest

from skensemble.evaluation import (
    METRICS,
    Interval,
    mean_interval,
    row_differences,
    row_scores,
    score_probabilities,
    verdict,
)

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


@pytest.fixture(scope="module")
def forecast():
    """Probabilities that are right, and labels drawn from them: (400, 4) and (400,)."""
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.full(4, 0.3), size=400)
    y = (rng.random((400, 1)) > proba.cumsum(axis=1)).sum(axis=1)
    return proba, y


def test_values_are_the_scores(forecast):
    found = row_scores(*forecast)
    assert {name: interval.value for name, interval in found.items()} == pytest.approx(
        score_probabilities(*forecast)
    )
    for interval in found.values():
        assert interval.low <= interval.value <= interval.high


def test_intervals_by_hand(forecast):
    proba, y = forecast
    found, n, z = row_scores(proba, y), len(y), 1.959964
    p = (proba.argmax(axis=1) == y).mean()
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert found["accuracy"].low == pytest.approx(centre - half, abs=1e-6)
    assert found["accuracy"].high == pytest.approx(centre + half, abs=1e-6)
    losses = -np.log(proba[np.arange(n), y])
    half = 1.965927 * losses.std(ddof=1) / np.sqrt(n)  # t of 399 degrees of freedom
    assert found["log_loss"].high == pytest.approx(losses.mean() + half, rel=1e-5)
    assert found["log_loss"].low == pytest.approx(losses.mean() - half, rel=1e-5)


def test_right_probabilities_may_have_no_calibration_error(forecast):
    found = row_scores(*forecast)["calibration_error"]
    assert found.low == 0
    assert found.value > 0.01  # what chance alone makes of 400 rows


def test_overconfidence_is_told_from_chance(forecast):
    proba, y = forecast
    sharp = proba**4 / (proba**4).sum(axis=1, keepdims=True)
    found = row_scores(sharp, y)["calibration_error"]
    assert 0 < found.low < found.value < found.high


def test_intervals_are_the_same_every_time(forecast):
    assert row_scores(*forecast) == row_scores(*forecast)


def test_paired_accuracy_by_hand():
    """Of 100 rows, 12 only the first has right, 5 only the second, 60 both."""
    y = np.zeros(100, dtype=int)
    right, wrong = [0.9, 0.1], [0.2, 0.8]
    proba = np.array([right] * 72 + [wrong] * 28)
    other = np.array([right] * 60 + [wrong] * 12 + [right] * 5 + [wrong] * 23)
    found = row_differences(proba, other, y)["accuracy"]
    assert found.value == pytest.approx(0.07)
    # Agresti and Min: (n12 + ½, n21 + ½, n + 2), then Wald.
    d, s = 7 / 102, np.sqrt((12.5 + 5.5) / 102 - (7 / 102) ** 2)
    assert found.low == pytest.approx(d - 1.959964 * s / np.sqrt(102), abs=1e-6)
    assert found.high == pytest.approx(d + 1.959964 * s / np.sqrt(102), abs=1e-6)


def test_paired_losses_are_narrower_than_their_own_intervals(forecast):
    proba, y = forecast
    other = 0.9 * proba + 0.025
    found = row_differences(other, proba, y)
    losses = -np.log(other[np.arange(400), y]) + np.log(proba[np.arange(400), y])
    assert found["log_loss"].value == pytest.approx(losses.mean())
    half = 1.965927 * losses.std(ddof=1) / 20
    assert found["log_loss"].high == pytest.approx(losses.mean() + half, rel=1e-5)
    squares = ((other - np.eye(4)[y]) ** 2).sum(axis=1) - ((proba - np.eye(4)[y]) ** 2).sum(axis=1)
    assert found["brier"].value == pytest.approx(squares.mean())
    alone = row_scores(proba, y)["log_loss"]
    assert found["log_loss"].high - found["log_loss"].low < (alone.high - alone.low) / 3


def test_nothing_differs_from_itself(forecast):
    proba, y = forecast
    found = row_differences(proba, proba, y)
    for metric in METRICS:
        if metric.name in found:
            assert found[metric.name].value == 0
            word = verdict(found[metric.name], higher_is_better=metric.higher_is_better)
            assert word == "no difference shown"


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        (Interval(0.1, 0.01, 0.2), ("better", "worse")),
        (Interval(-0.1, -0.2, -0.01), ("worse", "better")),
        (Interval(0.1, -0.01, 0.2), ("no difference shown", "no difference shown")),
        (Interval(np.nan, np.nan, np.nan), ("no difference shown", "no difference shown")),
    ],
    ids=["above", "below", "across", "unknown"],
)
def test_verdict(interval, words):
    assert verdict(interval, higher_is_better=True) == words[0]
    assert verdict(interval, higher_is_better=False) == words[1]


def test_a_network_that_diverged_has_no_scores(forecast):
    proba, y = forecast
    nothing = np.full_like(proba, np.nan)
    assert all(np.isnan(found.value) for found in row_scores(nothing, y).values())
    assert all(np.isnan(found.value) for found in row_differences(proba, nothing, y).values())
