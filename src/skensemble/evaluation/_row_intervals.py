"""Scores on one set of rows, with 95% intervals over rows like these."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skensemble.evaluation._intervals import (
    Interval,
    mean_interval,
    paired_proportion_interval,
    proportion_interval,
)
from skensemble.evaluation._metrics import (
    METRICS,
    FloatArray,
    binned_error,
    bins_of,
    calibration_error,
)

_N_RESAMPLES = 500
_EPS = float(np.finfo(np.float64).eps)  # what scikit-learn's log_loss clips at


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
        By the names of `METRICS`; NaN where a probability is not finite.

    References
    ----------
    .. [1] J. Bröcker, L. A. Smith, "Increasing the Reliability of Reliability Diagrams", Weather
       and Forecasting 22, 2007.

    Examples
    --------
    >>> found = row_scores(np.array([[0.75, 0.25]] * 8), np.array([0] * 6 + [1] * 2))
    >>> found["accuracy"].value, round(found["accuracy"].low, 3), round(found["accuracy"].high, 3)
    (0.75, 0.409, 0.929)
    """
    if not np.isfinite(proba).all():
        return _unknown(metric.name for metric in METRICS)
    right = int((proba.argmax(axis=1) == y).sum())
    return {
        "accuracy": proportion_interval(right, len(y)),
        "log_loss": mean_interval(_losses(proba, y)),
        "calibration_error": _calibration(proba, y),
        "brier": mean_interval(_squares(proba, y)),
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
        return _unknown(("accuracy", "log_loss", "brier"))
    won = proba.argmax(axis=1) == y
    lost = other.argmax(axis=1) == y
    return {
        "accuracy": paired_proportion_interval(
            int((won & ~lost).sum()), int((lost & ~won).sum()), len(y)
        ),
        "log_loss": mean_interval(_losses(proba, y) - _losses(other, y)),
        "brier": mean_interval(_squares(proba, y) - _squares(other, y)),
    }


def _unknown(names: Any) -> dict[str, Interval]:
    unknown = float("nan")
    return dict.fromkeys(names, Interval(unknown, unknown, unknown))


def _losses(proba: FloatArray, y: NDArray[Any]) -> FloatArray:
    true = (proba / proba.sum(axis=1, keepdims=True))[np.arange(len(y)), y]
    losses: FloatArray = -np.log(np.clip(true, _EPS, 1 - _EPS))
    return losses


def _squares(proba: FloatArray, y: NDArray[Any]) -> FloatArray:
    errors = proba / proba.sum(axis=1, keepdims=True)
    errors[np.arange(len(y)), y] -= 1
    squares: FloatArray = (errors**2).sum(axis=1)
    return squares


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
