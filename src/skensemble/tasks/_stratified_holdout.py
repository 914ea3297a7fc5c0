"""Holding out rows of every class."""

import math
from numbers import Integral

import numpy as np

from skensemble._validation import Described, must_be


def _holdout_size(n: int, validation_fraction: float | int) -> int:
    if isinstance(validation_fraction, Integral):
        return int(validation_fraction)
    return math.ceil(float(validation_fraction) * n)


def split_holdout(
    y: np.ndarray, validation_fraction: float | int, seed: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Split rows into training and holdout, each class in proportion to its size.

    Returns the numbers of the rows, increasing; all rows and None where not both parts could have a
    row of every class.
    """
    n, counts = len(y), np.bincount(y)
    present = np.flatnonzero(counts)
    k, n_holdout = len(present), _holdout_size(n, validation_fraction)
    if n_holdout > n - k and isinstance(validation_fraction, Integral):
        must = (
            f"at most {n - k} rows, as there are {n} rows of {k} classes and each class needs one "
            "to train on"
        )
        got = Described(f"{n_holdout} rows")
        raise ValueError(must_be("validation_fraction", must, got, "hold out fewer rows"))
    if not k <= n_holdout <= n - k or counts[present].min() < 2:
        return np.arange(n), None

    quota = _quotas(counts[present], n_holdout)
    rng = np.random.default_rng(seed)
    holdout = np.concatenate(
        [
            rng.permutation(np.flatnonzero(y == label))[:size]
            for label, size in zip(present, quota, strict=True)
        ]
    )
    holdout.sort()
    return np.setdiff1d(np.arange(n), holdout, assume_unique=True), holdout


def _quotas(counts: np.ndarray, total: int) -> np.ndarray:
    """Largest remainders, each at least 1 and at most ``count - 1``."""
    exact = counts * (total / counts.sum())
    quota: np.ndarray = np.clip(np.floor(exact).astype(int), 1, counts - 1)
    while quota.sum() != total:
        step = 1 if quota.sum() < total else -1
        movable = quota < counts - 1 if step > 0 else quota > 1
        shortfall = np.where(movable, step * (exact - quota), -np.inf)
        quota[shortfall.argmax()] += step
    return quota


def why_no_holdout(
    y: np.ndarray, labels: np.ndarray, validation_fraction: float | int
) -> tuple[str, str]:
    """Explain, and how to mend, why ``split_holdout`` holds nothing out."""
    n, size = len(y), _holdout_size(len(y), validation_fraction)
    counts = np.bincount(y)
    k = np.count_nonzero(counts)
    if size > n - k:
        why = f"leaves no row of each of the {k} classes to train on"
        fix = "Lower validation_fraction"
    elif size < k:
        why = f"cannot have a row of each of the {k} classes"
        fix = "Raise validation_fraction"
    else:
        label = labels[np.flatnonzero(counts == 1)].tolist()[0]
        why = f"cannot have a row of label {label!r}, whose only row is needed to train on"
        fix = "Bring more rows of it"
    return f"A holdout of {size} of the {n} rows {why}", f"{fix}, or pass X_val and y_val"
