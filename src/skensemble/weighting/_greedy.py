"""Weights by forward selection of members, for any criterion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from skensemble._validation import check_integer, must_be
from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._contests import Contests
from skensemble.weighting._criterion import ACCURACY, LOG_LOSS, Criterion
from skensemble.weighting._holdout import Holdout, Members, read_members
from skensemble.weighting._result import WeightingResult, summarise
from skensemble.weighting._scoring import read_criterion
from skensemble.weighting._ties import TIE, better

Scores = Callable[[FloatArray], FloatArray]


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
    judge = read_criterion(criterion, n_classes=members.probas.shape[2], classes=classes)
    return selected(members, judge, n_iter=n_iter, n_init=n_init)


def selected(
    members: Members, criterion: Criterion, *, n_iter: int, n_init: int = 1
) -> WeightingResult:
    """Weights from the selection among members that are read already."""
    counts = grow(members, criterion, n_iter=n_iter, n_init=n_init)
    return summarise(
        members.holdout(), counts, method="greedy", criterion=criterion.name, n_iter=n_iter
    )


def grow(members: Members, criterion: Criterion, *, n_iter: int, n_init: int = 1) -> FloatArray:
    """Counts of the members at the best point of the path."""
    holdout = members.holdout()
    scores = _scores(members, holdout, criterion)
    each = np.eye(len(members))
    counts, values, left = np.zeros(len(members)), scores(each), list(range(len(members)))
    for _ in range(n_init):
        counts[left.pop(_pick(holdout, each[left], values[left]))] = 1
    best, best_key = counts, _key(holdout, counts, scores(counts[None])[0])
    for _ in range(n_init, n_iter):
        candidates = counts + each
        values = scores(candidates)
        i = _pick(holdout, candidates, values)
        counts, key = candidates[i], _key(holdout, candidates[i], values[i])
        if better(key, best_key):
            best, best_key = counts, key
    return best


def _pick(holdout: Holdout, candidates: FloatArray, values: FloatArray) -> int:
    """First of the best, where what rounding makes of equal ones is equal."""
    tied = np.flatnonzero(values >= values.max() - TIE * max(1.0, abs(float(values.max()))))
    if tied.size > 1:
        losses = _losses(holdout, candidates[tied])
        tied = tied[losses <= losses.min() + TIE]
    return int(tied[0])


def _key(holdout: Holdout, counts: FloatArray, score: float) -> tuple[float, float]:
    return float(score), float(_losses(holdout, counts[None])[0])


def _losses(holdout: Holdout, counts: FloatArray) -> FloatArray:
    mixtures = counts @ holdout.q
    mixtures /= counts.sum(axis=1, keepdims=True)
    return np.asarray(-(np.log(mixtures) @ holdout.mass) / holdout.mass.size)


def _scores(members: Members, holdout: Holdout, criterion: Criterion) -> Scores:
    if criterion is LOG_LOSS:
        return lambda counts: -_losses(holdout, counts)
    if criterion is ACCURACY:
        contests, total = Contests(members), float(members.mass.sum())
        return lambda counts: np.asarray(contests.hits(counts) / total)

    def scores(counts: FloatArray) -> FloatArray:
        mixtures = map(members.combine, counts)
        return np.array([criterion.score(p, members.y, members.mass) for p in mixtures])

    return scores
