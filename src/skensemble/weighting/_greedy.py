"""Weights by forward selection of members, for any criterion."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import check_integer, must_be
from skensemble.weighting._criterion import (
    LOG_LOSS,
    Criterion,
    Scores,
    better,
    check_criterion,
    read_criterion,
)
from skensemble.weighting._log_loss import TIE, Learned, LogLoss
from skensemble.weighting._member_predictions import FloatArray, MemberPredictions, read_members
from skensemble.weighting._result import WeightingResult


def solve_greedy(
    probas: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    criterion: str | Callable[..., float] = "log_loss",
    n_iter: int = 100,
    n_init: int = 1,
    classes: ArrayLike | None = None,
) -> WeightingResult:
    """Ensemble selection: add the member that helps most, again and again.

    Starting from the best ``n_init`` members, each step adds one member, which may be there
    already, such that the mean of all probabilities scores best. A member's weight is its share of
    the additions up to the best point on the way. Equal scores are decided by the smaller
    log-loss, then by the smaller index.

    Parameters
    ----------
    probas : array-like of shape (M, n, k), any real dtype
        Probabilities of the k classes from each of M members on n rows.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into the last axis of ``probas``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts; only the ratios matter, rows of weight 0 do not exist. Scorers
        that take no sample weights get none.
    criterion : str or callable, default="log_loss"
        ``"log_loss"``, ``"accuracy"``, the name of a scikit-learn scorer, or a scorer, called as
        ``scorer(estimator, X, y)``; greater is better. ``estimator`` has ``classes_``,
        ``predict`` and ``predict_proba``, and ``X`` holds the probabilities that the latter
        returns.
    n_iter : int, default=100
        How many additions, the first ones included: weights are fractions of at most this
        denominator. Each costs M evaluations of the criterion.
    n_init : int, default=1
        How many members to start with, those of the best scores.
    classes : array-like of shape (k,), optional
        Labels for the scorer, sorted; 0 to k - 1 by default.

    Returns
    -------
    WeightingResult
        With ``n_iter`` the additions that were tried.

    Raises
    ------
    TypeError
        If an array or a parameter has the wrong type, such as a metric for a scorer.
    ValueError
        If a shape does not match, a value is out of range or not finite, or the criterion cannot
        score these rows.

    References
    ----------
    R. Caruana, A. Niculescu-Mizil, G. Crew, A. Ksikes. Ensemble selection from libraries of
    models. ICML 2004, section 2. https://doi.org/10.1145/1015330.1015432

    Examples
    --------
    >>> from skensemble.weighting import solve_greedy
    >>> probas = [[[0.9, 0.1], [0.8, 0.2], [0.8, 0.2]], [[0.2, 0.8], [0.4, 0.6], [0.1, 0.9]]]
    >>> solve_greedy(probas, [0, 0, 1], n_iter=5).weights.round(3)
    array([0.667, 0.333])
    """
    members = read_members(probas, y, sample_weight)
    n_iter = check_integer("n_iter", n_iter, minimum=1, fix="n_iter=100 is the default")
    n_init = check_integer("n_init", n_init, minimum=1, fix="n_init=1 is the default")
    most = min(len(members), n_iter)
    if n_init > most:
        must = f"an integer of at most {most}, the number of members and n_iter"
        raise ValueError(must_be("n_init", must, n_init, "n_init=1 is the default"))
    check_criterion("criterion", criterion)
    judge = read_criterion(criterion, n_classes=members.probas.shape[2], classes=classes)
    one_fold = np.zeros_like(members.y)
    return learn_greedy(members, one_fold, criterion=judge, n_iter=n_iter, n_init=n_init)[0]


def learn_greedy(
    members: MemberPredictions,
    fold: NDArray[np.intp],
    *,
    criterion: Criterion,
    n_iter: int,
    n_init: int = 1,
) -> Learned:
    """Weights by selection, from all rows and without each fold."""
    loss = LogLoss.of(members)
    everything, *without = loss.many_without(fold)

    def select(losses: Scores, keep: NDArray[np.bool_] | None = None) -> FloatArray:
        scores = None
        if criterion is not LOG_LOSS:
            scores = criterion.scores(members if keep is None else members.take(keep))
        return grow(len(members), losses, scores, n_iter=n_iter, n_init=n_init)

    counts = select(everything)
    result = loss.result(
        counts / counts.sum(), method="greedy", criterion=criterion.name, n_iter=n_iter
    )
    return result, lambda: np.stack([select(f, fold != i) for i, f in enumerate(without)])


def grow(
    n_members: int,
    losses: Scores,
    scores: Scores | None = None,
    *,
    n_iter: int,
    n_init: int = 1,
) -> FloatArray:
    """Counts of the members at the best point of the path; scores are by default minus losses."""
    judge = scores or (lambda counts: -losses(counts))
    each = np.eye(n_members)

    def key(counts: FloatArray, score: float) -> tuple[float, float]:
        return float(score), float(losses(counts[None])[0])

    counts, values, left = np.zeros(n_members), judge(each), list(range(n_members))
    for _ in range(n_init):
        counts[left.pop(_pick(losses, each[left], values[left]))] = 1
    best, best_key = counts, key(counts, judge(counts[None])[0])
    for _ in range(n_init, n_iter):
        candidates = counts + each
        values = judge(candidates)
        i = _pick(losses, candidates, values)
        counts, this_key = candidates[i], key(candidates[i], values[i])
        if better(this_key, best_key):
            best, best_key = counts, this_key
    return best


def _pick(losses: Scores, candidates: FloatArray, values: FloatArray) -> int:
    """First of the best, where scores that differ by no more than rounding are equal."""
    tied = np.flatnonzero(values >= values.max() - TIE * max(1.0, abs(float(values.max()))))
    if tied.size > 1:
        of_tied = losses(candidates[tied])
        tied = tied[of_tied <= of_tied.min() + TIE]
    return int(tied[0])
