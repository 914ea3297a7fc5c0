"""Whether a cycle left a network that has learned anything."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

# Enough rows to tell chance from learning, few enough to cost nothing.
N_ROWS = 1000


def is_at_chance(probas, y, sample_weight=None) -> bool:
    """Whether predictions are no better than the class frequencies, in both of two ways.

    The network is at chance when its log-loss is at least (98% of) the entropy of the class
    frequencies, and it is right no more often than the most frequent class. A network that
    returns the same probabilities for every row always is.

    Parameters
    ----------
    probas : ndarray of shape (n, k)
        Class probabilities of training rows.
    y : ndarray of shape (n,)
        Their class indices.
    sample_weight : ndarray of shape (n,), optional
        Weight of each row.
    """
    share = np.full(len(y), 1.0) if sample_weight is None else sample_weight.astype(np.float64)
    share = share / share.sum()
    frequencies = np.bincount(y, share, minlength=probas.shape[1])
    present = frequencies[frequencies > 0]
    entropy = -(present * np.log(present)).sum()
    tiny = np.finfo(np.float64).eps
    log_loss = -(share * np.log(np.clip(probas[np.arange(len(y)), y], tiny, 1))).sum()
    accuracy = share[probas.argmax(axis=1) == y].sum()
    return bool(log_loss >= 0.98 * entropy and accuracy <= frequencies.max() + 0.01)


def cycles_at_chance(bank, first, predict, data) -> list[int]:
    """Number the cycles whose snapshot is at chance level on (some) rows that it was trained on.

    Parameters
    ----------
    bank : SnapshotBank
        Snapshots that are not finite are passed over.
    first : int
        The first one to look at.
    predict : callable
        Class probabilities from a bank, rows of X, and the first snapshot to ask; NaN where not
        finite.
    data : TrainingData
        What the snapshots were trained on.
    """
    rows = data.rows[:: -(-len(data.rows) // N_ROWS)]
    y = data.y[rows]
    weight = None if data.sample_weight is None else data.sample_weight[rows]
    probas = predict(bank, data.X[rows], first)
    return [
        snapshot.cycle
        for snapshot, proba in zip(bank[first:], probas, strict=True)
        if snapshot.is_finite and is_at_chance(proba, y, weight)
    ]


def warn_about_chance(cycles, alpha_zero: float) -> None:
    """Name the cycles that ended at chance level."""
    if not cycles:
        return
    one = len(cycles) == 1
    warnings.warn(
        f"Cycle{'' if one else 's'} {', '.join(map(str, cycles))} ended at chance level on the "
        f"training rows: the network collapsed at alpha_zero={alpha_zero:g}, or has not started "
        f"to learn. Try a smaller alpha_zero, such as {alpha_zero / 5:g}, batch normalisation, or "
        "more epochs.",
        ConvergenceWarning,
        stacklevel=4,
    )
