"""Do learned weights beat simpler ones? Cross-validation within the holdout."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._comparison import Comparison
from skensemble.weighting._criterion import ByRow, Criterion, ScoringError
from skensemble.weighting._holdout import Members

N_FOLDS = 10
AGAINST = ("uniform", "last", "best")
_FEWEST_ROWS = 10
_N_GROUPS = 20
_CONFIDENCE = 0.95

Folds = NDArray[np.intp]
Learn = Callable[[int], FloatArray]


def assign_folds(y: NDArray[np.intp], n_folds: int = N_FOLDS) -> Folds:
    """Deal the rows of each class to the folds in turn, going on where the last class ended.

    Fold sizes, and those of each class in them, differ by at most one. There are at least two
    rows in every fold, where there are four at all.
    """
    n_folds = max(1, min(n_folds, y.size // 2))
    fold = np.empty(y.size, dtype=np.intp)
    fold[np.argsort(y, kind="stable")] = np.arange(y.size) % n_folds
    return fold


def compare_weights(
    learn: Learn, members: Members, criterion: Criterion, fold: Folds
) -> tuple[Comparison, ...]:
    """Judge a way of learning weights by cross-validation, beside equal weights and single members.

    Each row gets the combination whose weights were learned without its fold. For log-loss and
    accuracy the gain is the mean of the paired differences over all rows, sample weights
    respected, with a t interval. For other scorers it is the difference between two scores of all
    rows, with a t interval from the jackknife that leaves out one of 20 groups of rows at a time.

    Parameters
    ----------
    learn : callable
        From the number of a fold to the counts or weights (M,) learned without it.
    members : Members
        All rows.
    criterion : Criterion
        What is compared; the best single member on the other folds is chosen by it, too.
    fold : ndarray of shape (n,), int
        The fold of each row; see `assign_folds`.

    Returns
    -------
    tuple of Comparison
        One for each of ``AGAINST``. With fewer than 10 rows, or where a scorer cannot score some
        folds (no row of a class, say), gains are NaN and intervals infinite.

    Notes
    -----
    The weights of two folds share most of their rows, which a t interval does not see. For stable
    learners, as weights of a few members are, it is still asymptotically right for the mean
    of the folds' errors (Bayle, Bayle, Janson, Mackey, Cross-validation confidence intervals for
    test error, NeurIPS 2020, https://arxiv.org/abs/2007.12671). That is the gain of weights
    learned on nine tenths of the holdout. The intervals for accuracy lean on the normal
    distribution and are a little short where only a handful of predictions differ.
    """
    unknown = tuple(Comparison(name, criterion.name, nan, -inf, inf) for name in AGAINST)
    if members.n_rows < _FEWEST_ROWS:
        return unknown
    try:
        if criterion.by_row is not None:
            intervals = _by_row(learn, members, criterion.by_row, fold)
        else:
            intervals = _by_jackknife(learn, members, criterion, fold)
    except ScoringError:  # a scorer that needs every class
        return unknown
    return tuple(
        Comparison(name, criterion.name, *interval)
        for name, interval in zip(AGAINST, intervals, strict=True)
    )


def _references(n_members: int, best: int) -> FloatArray:
    each = np.eye(n_members)
    return np.stack([np.ones(n_members), each[-1], each[best]])


def _by_row(
    learn: Learn, members: Members, by_row: ByRow, fold: Folds
) -> list[tuple[float, float, float]]:
    single = np.stack([by_row(p, members.y) for p in members.probas])
    values = np.empty((1 + len(AGAINST), members.n_rows))
    for i in range(int(fold.max()) + 1):
        inside = fold == i
        best = int(np.argmax(single[:, ~inside] @ members.mass[~inside]))
        part = members.take(inside)
        for value, counts in zip(values, [learn(i), *_references(len(members), best)], strict=True):
            value[inside] = by_row(part.combine(counts), part.y)
    return [_mean_interval(values[0] - value, members.mass) for value in values[1:]]


def _mean_interval(difference: FloatArray, mass: FloatArray) -> tuple[float, float, float]:
    n, share = difference.size, mass / mass.sum()
    gain = float(share @ difference)
    error = sqrt(n / (n - 1) * float(np.square(share * (difference - gain)).sum()))
    return _interval(gain, error, n - 1)


def _by_jackknife(
    learn: Learn, members: Members, criterion: Criterion, fold: Folds
) -> list[tuple[float, float, float]]:
    shape = members.probas.shape[1:]
    mixed = np.empty((1 + len(AGAINST), *shape))
    for i in range(int(fold.max()) + 1):
        inside = fold == i
        rest, part = members.take(~inside), members.take(inside)
        scores = [criterion.score(p, rest.y, rest.mass) for p in rest.probas.astype(np.float64)]
        weights = [learn(i), *_references(len(members), int(np.argmax(scores)))]
        mixed[:, inside] = np.stack([part.combine(counts) for counts in weights])

    def gains(rows: NDArray[np.bool_]) -> FloatArray:
        y, mass = members.y[rows], members.mass[rows]
        score = np.array([criterion.score(proba[rows], y, mass) for proba in mixed])
        out: FloatArray = score[0] - score[1:]
        return out

    gain = gains(np.ones(members.n_rows, dtype=bool))
    group = assign_folds(members.y, _N_GROUPS)
    n_groups = int(group.max()) + 1
    without = np.stack([gains(group != g) for g in range(n_groups)])
    error = np.sqrt((n_groups - 1) / n_groups * np.square(without - without.mean(axis=0)).sum(0))
    return [_interval(float(g), float(e), n_groups - 1) for g, e in zip(gain, error, strict=True)]


def _interval(gain: float, error: float, degrees: int) -> tuple[float, float, float]:
    half = float(stdtrit(degrees, (1 + _CONFIDENCE) / 2)) * error
    return gain, gain - half, gain + half
