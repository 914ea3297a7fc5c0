"""Values with 95% intervals, over rows or seeds, and what the interval of a difference shows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from skensemble.evaluation._metrics import (
    METRICS,
    FloatArray,
    binned_error,
    bins_of,
    calibration_error,
)

BETTER, WORSE, NO_DIFFERENCE = "better", "worse", "no difference shown"
_N_RESAMPLES = 500
_EPS = float(np.finfo(np.float64).eps)  # what scikit-learn's log_loss clips at


@dataclass(frozen=True)
class Interval:
    """A value and its 95% interval.

    Attributes
    ----------
    value, low, high : float
        NaN where there is no value, or too little to tell how sure it is.
    """

    value: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of the interval's width."""
        return (self.high - self.low) / 2


def mean_interval(values: ArrayLike) -> Interval:
    """Mean of independent values, and its 95% t interval.

    For two series of the same seeds or rows, pass their differences: the interval is then paired.

    Parameters
    ----------
    values : array-like of shape (n,)
        Of two values or more; one has no interval.

    Examples
    --------
    >>> found = mean_interval([1, 2, 3, 4, 5])
    >>> found.value, round(found.half, 4)
    (3.0, 1.9632)
    """
    values = np.asarray(values, dtype=np.float64)
    mean, n = float(values.mean()), len(values)
    half = np.nan
    if n > 1:
        half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half)


def verdict(difference: Interval, *, higher_is_better: bool) -> str:
    """Say what a difference shows: ``"better"`` or ``"worse"`` where the 95% interval excludes 0.

    Differences that are all the same, as of a few seeds on a few rows, have no interval and show
    nothing.

    Parameters
    ----------
    difference : Interval
        Score of one minus score of another.
    higher_is_better : bool
        Whether a larger score is the better one.

    Examples
    --------
    >>> gain = Interval(0.02, low=0.01, high=0.03)
    >>> verdict(gain, higher_is_better=True), verdict(gain, higher_is_better=False)
    ('better', 'worse')
    >>> verdict(Interval(0.02, low=-0.01, high=0.05), higher_is_better=True)
    'no difference shown'
    """
    excludes_zero = difference.low > 0 or difference.high < 0
    # A width that is rounding error is 0.
    if not (excludes_zero and difference.half > 1e-12 * abs(difference.value)):
        return NO_DIFFERENCE
    return BETTER if (difference.low > 0) == higher_is_better else WORSE


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
    n, right = len(y), int((proba.argmax(axis=1) == y).sum())
    wilson = stats.binomtest(right, n).proportion_ci(method="wilson")
    return {
        "accuracy": Interval(right / n, float(wilson.low), float(wilson.high)),
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
    won = (proba.argmax(axis=1) == y).astype(int) - (other.argmax(axis=1) == y)
    return {
        "accuracy": _agresti_min(won),
        "log_loss": mean_interval(_losses(proba, y) - _losses(other, y)),
        "brier": mean_interval(_squares(proba, y) - _squares(other, y)),
    }


def _agresti_min(won: NDArray[np.int64]) -> Interval:
    """Difference of two shares of the same rows, each 1 (won), -1 (lost) or 0."""
    # Half a row is added to each of the four ways in which two answers can be right or wrong.
    more = len(won) + 2
    middle = int(won.sum()) / more
    spread = np.sqrt((np.count_nonzero(won) + 1) / more - middle**2) / np.sqrt(more)
    half = float(stats.norm.ppf(0.975) * spread)
    return Interval(int(won.sum()) / len(won), middle - half, middle + half)


def _unknown(names: Iterable[str]) -> dict[str, Interval]:
    return dict.fromkeys(names, Interval(np.nan, np.nan, np.nan))


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
