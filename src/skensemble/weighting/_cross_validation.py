"""Do learned weights beat simpler ones? Cross-validation within the holdout."""

from collections.abc import Callable
from math import inf, nan

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from skensemble.weighting._criterion import ByRow, Criterion, ScoringError
from skensemble.weighting._log_loss import TIE
from skensemble.weighting._member_predictions import FloatArray, MemberPredictions
from skensemble.weighting._result import Comparison

N_FOLDS = 10
AGAINST = ("uniform", "last", "best")
_FEWEST_ROWS = 10
_N_GROUPS = 20
_CONFIDENCE = 0.95


def assign_folds(y: NDArray[np.intp], n_folds: int = N_FOLDS) -> NDArray[np.intp]:
    """Deal the rows of each class to the folds in turn, going on where the last class ended.

    Fold sizes, and those of each class in them, differ by at most one. There are at least two
    rows in every fold, where there are four at all.
    """
    n_folds = max(1, min(n_folds, y.size // 2))
    fold = np.empty(y.size, dtype=np.intp)
    fold[np.argsort(y, kind="stable")] = np.arange(y.size) % n_folds
    return fold


def compare_weights(
    without_folds: Callable[[], FloatArray],
    members: MemberPredictions,
    criterion: Criterion,
    fold: NDArray[np.intp],
) -> tuple[Comparison, ...]:
    """Compare learned weights by cross-validation with equal weights and single members.

    Each row gets the combination whose weights were learned without its fold. For log-loss and
    accuracy the gain is the mean of the paired differences over all rows, sample weights
    respected, with a t interval. For other scorers it is the difference between two scores of all
    rows, with a t interval from the jackknife that leaves out one of 20 groups of rows at a time.

    ``without_folds()`` returns the weights, of any sum, that are learned without each fold,
    (n_folds, M). There is one comparison for each of ``AGAINST``. With fewer than 10 rows, or where
    a scorer cannot score some folds (no row of a class, say), gains are NaN, intervals infinite.
    """
    unknown = tuple(Comparison(name, criterion.name, nan, -inf, inf) for name in AGAINST)
    if members.y.size < _FEWEST_ROWS:
        return unknown
    try:
        weights = without_folds()[fold]
        if criterion.by_row is None:
            gains, errors, degrees = _by_jackknife(weights, members, criterion, fold)
        else:
            gains, errors, degrees = _by_row(weights, members, criterion.by_row, fold)
    except ScoringError:  # a scorer that needs every class
        return unknown
    halves = float(stdtrit(degrees, (1 + _CONFIDENCE) / 2)) * errors
    intervals = np.stack([gains, gains - halves, gains + halves], axis=1).tolist()
    return tuple(
        Comparison(name, criterion.name, *interval)
        for name, interval in zip(AGAINST, intervals, strict=True)
    )


def _by_row(
    weights: FloatArray, members: MemberPredictions, by_row: ByRow, fold: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray, int]:
    mass, n = members.mass, fold.size
    single = np.stack([by_row(members, one) for one in np.eye(len(members))])
    share = mass / mass.sum()
    by_fold = np.stack([np.bincount(fold, weights=share * one) for one in single])
    without = by_fold.sum(axis=1, keepdims=True) - by_fold
    best = (without >= without.max(axis=0) - TIE).argmax(axis=0)  # the first of equal ones
    equal = by_row(members, np.ones(len(members)))
    others = np.stack([equal, single[-1], single[best[fold], np.arange(n)]])
    differences = by_row(members, weights) - others
    gains = np.average(differences, weights=mass, axis=1)
    squares = np.square(share * (differences - gains[:, None])).sum(axis=1)
    return gains, np.sqrt(n / (n - 1) * squares), n - 1


def _by_jackknife(
    weights: FloatArray, members: MemberPredictions, criterion: Criterion, fold: NDArray[np.intp]
) -> tuple[FloatArray, FloatArray, int]:
    each = np.eye(len(members))
    folds = range(int(fold.max()) + 1)
    best = [int(criterion.scores(members.take(fold != i))(each).argmax()) for i in folds]
    combined = [weights, np.ones(len(members)), each[-1], each[best][fold]]
    mixed = MemberPredictions(
        np.stack([members.combine(one) for one in combined]), members.y, members.mass
    )

    def gains(rows: MemberPredictions) -> FloatArray:
        score = criterion.scores(rows)(np.eye(len(combined)))
        out: FloatArray = score[0] - score[1:]
        return out

    group = assign_folds(members.y, _N_GROUPS)
    n_groups = int(group.max()) + 1
    without = np.stack([gains(mixed.take(group != g)) for g in range(n_groups)])
    errors = np.sqrt((n_groups - 1) / n_groups * np.square(without - without.mean(axis=0)).sum(0))
    return gains(mixed), errors, n_groups - 1
