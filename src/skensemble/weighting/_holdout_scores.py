"""How good given weights are on a holdout, and each member by itself."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import check_real
from skensemble.weighting._arrays import FloatArray, read_masses
from skensemble.weighting._log_loss import LogLoss, log_probability
from skensemble.weighting._member_predictions import read_members
from skensemble.weighting._result import WeightingResult, summarise


def evaluate_weights(
    weights: ArrayLike,
    probas: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    method: str,
    prior: float = 0.0,
) -> WeightingResult:
    """Loss and certificate of given combination weights on a holdout.

    Parameters
    ----------
    weights : array-like of shape (M,)
        Finite, not negative, not all 0; divided by their sum.
    probas : array-like of shape (M, n, k), any real dtype
        Probabilities of the k classes from each of M members on n rows.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into the last axis of ``probas``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts; only the ratios matter, rows of weight 0 do not exist.
    method : str
        Where the weights come from, for `WeightingResult.method`.
    prior : float, default=0.0
        Strength of the Dirichlet prior that the gap includes; see `solve_log_loss`.

    Returns
    -------
    WeightingResult
        With ``n_iter=0``. Its gap says by how much, at most, learned weights would lower the
        objective on these rows.

    Raises
    ------
    TypeError
        If an array or ``prior`` has no real numbers, or ``y`` no integer dtype.
    ValueError
        If a shape does not match, or a value is out of range or not finite.

    Examples
    --------
    >>> from skensemble.weighting import evaluate_weights
    >>> probas = [[[0.8, 0.2], [0.3, 0.7]], [[0.6, 0.4], [0.5, 0.5]]]
    >>> result = evaluate_weights([1, 1], probas, [0, 1], method="uniform")
    >>> print(result.weights, round(result.loss, 4), round(result.gap, 4))
    [0.5 0.5] 0.4338 0.1548
    """
    loss = LogLoss.of(read_members(probas, y, sample_weight))
    prior = check_real("prior", prior, positive=False, fix="0 switches the prior off")
    w = read_masses("weights", weights, size=len(loss.q), each="snapshot")
    return summarise(loss, w, method=method, prior=prior)


def member_scores(
    probas: Iterable[NDArray[Any]], y: NDArray[np.integer], sample_weight: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Log-loss and accuracy of each of several predictions of the same rows.

    Parameters
    ----------
    probas : iterable of M ndarrays of shape (n, k), float32 or float64
        Probabilities, such as an array of shape (M, n, k). They are not checked.
    y : ndarray of shape (n,), integer dtype
        True classes, as indices into the last axis.
    sample_weight : ndarray of shape (n,), optional
        How much each row counts.

    Returns
    -------
    log_loss : ndarray of shape (M,), float64
        In nats, with probabilities below the float64 epsilon counted as epsilon.
    accuracy : ndarray of shape (M,), float64
        Both are NaN where the predictions are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skensemble.weighting import member_scores
    >>> probas = np.array([[[0.8, 0.2], [0.6, 0.4]], [[0.5, 0.5], [0.25, 0.75]]])
    >>> log_loss, accuracy = member_scores(probas, np.array([0, 1]))
    >>> print(log_loss.round(4), accuracy)
    [0.5697 0.4904] [0.5 1. ]
    """
    rows, scores = np.arange(len(y)), []
    for proba in probas:
        if np.isfinite(proba).all():
            loss = np.average(-log_probability(proba[rows, y]), weights=sample_weight)
            correct = np.average(proba.argmax(axis=1) == y, weights=sample_weight)
            scores.append((float(loss), float(correct)))
        else:
            scores.append((np.nan, np.nan))
    log_loss, accuracy = np.array(scores).T
    return log_loss, accuracy
