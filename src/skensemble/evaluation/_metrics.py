"""Scores of class probabilities."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

FloatArray = NDArray[np.float64]

N_BINS = 15


@dataclass(frozen=True)
class Metric:
    """A score, and how tables show it.

    Parameters
    ----------
    name : str
        Its key in results.
    title : str
        What tables call it.
    higher_is_better : bool
        Whether more is better.
    scale : float
        What it is multiplied with in tables.
    digits : int
        Decimals in tables.
    """

    name: str
    title: str
    higher_is_better: bool = False
    scale: float = 1.0
    digits: int = 4

    def show(self, mean: float, half: float, *, sign: bool = False) -> str:
        """Write a value and half its interval.

        Examples
        --------
        >>> METRICS[0].show(0.9312, 0.0057), METRICS[1].show(-0.01, 0.002, sign=True)
        ('93.12 ± 0.57', '-0.0100 ± 0.0020')
        """
        value = self.show_number(mean, sign=sign)
        return value if np.isnan(half) else f"{value} ± {self.show_number(half)}"

    def show_number(self, value: float, *, sign: bool = False) -> str:
        """Write one number in the units and with the decimals of tables."""
        return f"{self.scale * value:{'+' if sign else ''}z.{self.digits}f}"


METRICS = (
    Metric("accuracy", "accuracy %", higher_is_better=True, scale=100, digits=2),
    Metric("log_loss", "log-loss"),
    Metric("calibration_error", "ECE %", scale=100, digits=2),
    Metric("brier", "Brier score"),
)
IN_TABLES = METRICS[:3]  # with all of them, tables are wider than a terminal


def score_probabilities(
    proba: FloatArray, y: NDArray[Any], sample_weight: FloatArray | None = None
) -> dict[str, float]:
    """Score class probabilities against the true classes.

    Parameters
    ----------
    proba : ndarray of shape (n, k), float
        Rows that sum to 1.
    y : ndarray of shape (n,), int
        True classes, as column numbers.
    sample_weight : ndarray of shape (n,), optional
        How much each row counts.

    Returns
    -------
    dict of str to float
        ``"accuracy"``, ``"log_loss"`` (nats), ``"calibration_error"`` (see
        `calibration_error`) and ``"brier"`` (mean over rows of the squared distance to the one-hot
        row, from 0 to 2). All NaN where a probability is not finite: the network diverged.

    Examples
    --------
    >>> proba = np.array([[0.75, 0.25], [0.5, 0.5]])
    >>> scores = score_probabilities(proba, np.array([0, 0]))
    >>> scores["accuracy"], round(scores["log_loss"], 4), scores["brier"]
    (1.0, 0.4904, 0.3125)
    """
    if not np.isfinite(proba).all():
        return {metric.name: float("nan") for metric in METRICS}
    labels = np.arange(proba.shape[1])
    proba = proba / proba.sum(axis=1, keepdims=True)
    count: dict[str, Any] = {"sample_weight": sample_weight}
    return {
        "accuracy": float(accuracy_score(y, proba.argmax(axis=1), **count)),
        "log_loss": float(log_loss(y, proba, labels=labels, **count)),
        "calibration_error": calibration_error(proba, y, **count),
        "brier": float(brier_score_loss(y, proba, labels=labels, scale_by_half=False, **count)),
    }


def calibration_error(
    proba: FloatArray,
    y: NDArray[Any],
    n_bins: int = N_BINS,
    sample_weight: FloatArray | None = None,
) -> float:
    """Compute the expected calibration error of the predicted classes.

    Rows are put into bins of equal width by their confidence, the largest probability; the error
    is the mean distance between confidence and accuracy of the bins, weighted by their rows [1]_.
    Of finitely many rows it is above 0 even where the probabilities are right.

    Parameters
    ----------
    proba : ndarray of shape (n, k), float
        Rows that sum to 1.
    y : ndarray of shape (n,), int
        True classes, as column numbers.
    n_bins : int, default=15
        Number of bins over [0, 1]; a confidence on an edge is in the bin below.
    sample_weight : ndarray of shape (n,), optional
        How much each row counts.

    Returns
    -------
    float
        From 0 to 1.

    References
    ----------
    .. [1] C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks",
       ICML 2017, equation 3.

    Examples
    --------
    Two rows of confidence 0.75 of which one is right, and two of 0.6, both right:

    >>> proba = np.array([[0.75, 0.25], [0.75, 0.25], [0.6, 0.4], [0.4, 0.6]])
    >>> round(calibration_error(proba, np.array([0, 1, 0, 1])), 6)
    0.325
    """
    excess = (proba.argmax(axis=1) == y) - proba.max(axis=1)
    if sample_weight is not None:
        excess = excess * sample_weight / sample_weight.mean()
    return binned_error(bins_of(proba, n_bins), excess, n_bins)


def bins_of(proba: FloatArray, n_bins: int = N_BINS) -> NDArray[np.intp]:
    """Bin of each row by its confidence, from 0."""
    bins = np.ceil(proba.max(axis=1) * n_bins).astype(np.intp) - 1
    clipped: NDArray[np.intp] = np.clip(bins, 0, n_bins - 1)
    return clipped


def binned_error(bins: NDArray[np.intp], excess: FloatArray, n_bins: int = N_BINS) -> float:
    """Sum up accuracy minus confidence of the rows of each bin; mean of their sizes."""
    return float(np.abs(np.bincount(bins, excess, minlength=n_bins)).sum() / len(excess))


def combine_members(members: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted mean of class probabilities, without members that are not finite.

    Parameters
    ----------
    members : ndarray of shape (M, n, k)
        Class probabilities.
    weights : ndarray of shape (M,)
        Not negative, of any sum.

    Returns
    -------
    ndarray of shape (n, k)
        NaN where no finite member has a weight.
    """
    from skensemble.inference import weighted_mean

    used = (weights > 0) & np.isfinite(members).all(axis=(1, 2))
    if not used.any():
        return np.full(members.shape[1:], np.nan)
    mean: FloatArray = weighted_mean(members[used], weights[used] / weights[used].sum())
    return mean
