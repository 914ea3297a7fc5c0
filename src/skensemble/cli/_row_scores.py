"""Scores on one set of rows, with 95% intervals over rows like these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.cli._scores import (
    METRICS,
    NOT_SHOWN,
    FloatArray,
    Metric,
    binned_error,
    bins_of,
    calibration_error,
    t_interval,
)

_N_RESAMPLES = 500
_EPS = float(np.finfo(np.float64).eps)  # what scikit-learn's log_loss clips at


@dataclass(frozen=True)
class Interval:
    """A value and its 95% interval.

    Attributes
    ----------
    value, low, high : float
        NaN where a network diverged.
    """

    value: float
    low: float
    high: float

    def verdict(self, metric: Metric) -> str:
        """Say what it shows, where it is one of a difference."""
        if not (self.low > 0 or self.high < 0):
            return NOT_SHOWN
        return "better" if (self.low > 0) == metric.higher_is_better else "worse"


def row_scores(proba: FloatArray, y: NDArray[Any]) -> dict[str, Interval]:
    """Scores of class probabilities, with intervals.

    Accuracy: Wilson's interval. Log-loss and Brier score: the t interval of a mean. Calibration
    error: the basic bootstrap, which takes out most of the error's bias, down to 0 unless it is
    larger than that of 97.5% of samples in which these probabilities are right [1]_.

    Parameters
    ----------
    proba : ndarray of shape (n, k), float
        Rows that sum to 1.
    y : ndarray of shape (n,), int
        True classes, as column numbers.

    Returns
    -------
    dict of str to Interval
        By the names of `METRICS`.

    References
    ----------
    .. [1] J. Bröcker, L. A. Smith, "Increasing the Reliability of Reliability Diagrams", Weather
       and Forecasting 22, 2007.
    """
    if not np.isfinite(proba).all():
        unknown = float("nan")
        return {metric.name: Interval(unknown, unknown, unknown) for metric in METRICS}
    right = int((proba.argmax(axis=1) == y).sum())
    return {
        "accuracy": _wilson(right, len(y)),
        "log_loss": _mean(_losses(proba, y)),
        "calibration_error": _calibration(proba, y),
        "brier": _mean(_squares(proba, y)),
    }


def row_differences(proba: FloatArray, other: FloatArray, y: NDArray[Any]) -> dict[str, Interval]:
    """Scores minus the scores of other probabilities of the same rows, with paired intervals.

    Accuracy: that of Agresti and Min for paired proportions [1]_, whose middle is a little closer
    to 0 than the difference. Log-loss and Brier score: the t interval of the rows' differences.

    Parameters
    ----------
    proba, other : ndarray of shape (n, k), float
        Rows that sum to 1.
    y : ndarray of shape (n,), int
        True classes, as column numbers.

    Returns
    -------
    dict of str to Interval
        For ``"accuracy"``, ``"log_loss"`` and ``"brier"``.

    References
    ----------
    .. [1] A. Agresti, Y. Min, "Simple Improved Confidence Intervals for Comparing Matched
       Proportions", Statistics in Medicine 24, 2005.
    """
    if not (np.isfinite(proba).all() and np.isfinite(other).all()):
        unknown = float("nan")
        names = ("accuracy", "log_loss", "brier")
        return dict.fromkeys(names, Interval(unknown, unknown, unknown))
    won = proba.argmax(axis=1) == y
    lost = other.argmax(axis=1) == y
    return {
        "accuracy": _matched(int((won & ~lost).sum()), int((lost & ~won).sum()), len(y)),
        "log_loss": _mean(_losses(proba, y) - _losses(other, y)),
        "brier": _mean(_squares(proba, y) - _squares(other, y)),
    }


def _losses(proba: FloatArray, y: NDArray[Any]) -> FloatArray:
    true = (proba / proba.sum(axis=1, keepdims=True))[np.arange(len(y)), y]
    losses: FloatArray = -np.log(np.clip(true, _EPS, 1 - _EPS))
    return losses


def _squares(proba: FloatArray, y: NDArray[Any]) -> FloatArray:
    errors = proba / proba.sum(axis=1, keepdims=True)
    errors[np.arange(len(y)), y] -= 1
    squares: FloatArray = (errors**2).sum(axis=1)
    return squares


def _mean(values: FloatArray) -> Interval:
    mean, half = t_interval(values)
    return Interval(mean, mean - half, mean + half)


def _wilson(right: int, n: int) -> Interval:
    from scipy import stats

    found = stats.binomtest(right, n).proportion_ci(method="wilson")
    return Interval(right / n, float(found.low), float(found.high))


def _matched(won: int, lost: int, n: int) -> Interval:
    from scipy import stats

    # Half a row is added to each of the four ways in which two answers can be right or wrong.
    more = n + 2
    middle = (won - lost) / more
    spread = np.sqrt((won + lost + 1) / more - middle**2) / np.sqrt(more)
    half = float(stats.norm.ppf(0.975) * spread)
    return Interval((won - lost) / n, middle - half, middle + half)


def _calibration(proba: FloatArray, y: NDArray[Any]) -> Interval:
    error = calibration_error(proba, y)
    rng = np.random.default_rng(0)
    n, bins, confidence = len(y), bins_of(proba), proba.max(axis=1)
    excess = (proba.argmax(axis=1) == y) - confidence
    resampled, calibrated = np.empty(_N_RESAMPLES), np.empty(_N_RESAMPLES)
    for i in range(_N_RESAMPLES):
        rows = rng.integers(n, size=n)
        resampled[i] = binned_error(bins[rows], excess[rows])
        calibrated[i] = binned_error(bins, (rng.random(n) < confidence) - confidence)
    low, high = 2 * error - np.quantile(resampled, [0.975, 0.025])
    if error <= np.quantile(calibrated, 0.975):
        low = 0.0
    return Interval(error, float(np.clip(low, 0.0, error)), float(max(high, error)))
