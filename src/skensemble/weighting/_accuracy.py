"""Weights of greatest accuracy: every point of a grid, or a climb where the grid is too large."""

from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skensemble._validation import check_integer, check_real, must_be
from skensemble.weighting._correct_rows import correct_mass, open_pairs
from skensemble.weighting._criterion import ACCURACY, better
from skensemble.weighting._greedy import grow
from skensemble.weighting._log_loss import TIE, Learned, LogLoss
from skensemble.weighting._member_predictions import FloatArray, MemberPredictions, read_members
from skensemble.weighting._result import WeightingResult

STEP = 0.1
MAX_POINTS = 100_000
_HALVINGS = 2
_GREEDY = 50


def solve_accuracy(
    probas: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    step: float = STEP,
    max_points: int = MAX_POINTS,
) -> WeightingResult:
    """Combination weights of greatest accuracy on a holdout.

    All weights that are multiples of ``step`` are tried, and equal weights. Where they are more
    than ``max_points``, a climb starts from the best of equal weights, each single member and the
    greedy ones, and moves ``step`` of weight from one member to another as long as that helps,
    then half, then a quarter. Equal accuracies are decided by the smaller log-loss.

    Parameters
    ----------
    probas : array-like of shape (M, n, k), any real dtype
        Probabilities of the k classes from each of M members on n rows, or their votes, one-hot.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into the last axis of ``probas``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts; only the ratios matter, rows of weight 0 do not exist.
    step : float, default=0.1
        Distance of neighbours on the grid: 1 divided by a whole number.
    max_points : int, default=100_000
        Largest grid that is tried in full: with steps of 0.1, that of ten members.

    Returns
    -------
    WeightingResult
        With ``n_iter`` the points that were tried.

    Raises
    ------
    TypeError
        If an array or a parameter has the wrong type.
    ValueError
        If a shape does not match, or a value is out of range or not finite.

    Notes
    -----
    A row is right if ``np.argmax`` of the weighted sum is its class: of equal sums, the first.
    The sums are those of whole multiples of the probabilities, so that ties between votes are
    ties, however the weights are rounded. Deterministic; the climb may end in a local optimum.

    Examples
    --------
    Only together do the two members get all rows right, if the first counts for more:

    >>> from skensemble.weighting import solve_accuracy
    >>> first = [[0.7, 0.3], [0.45, 0.55], [0.4, 0.6]]
    >>> second = [[0.4, 0.6], [0.75, 0.25], [0.65, 0.35]]
    >>> solve_accuracy([first, second], [0, 0, 1]).weights
    array([0.8, 0.2])
    """
    members = read_members(probas, y, sample_weight)
    fix = f"step={STEP} is the default"
    value = check_real("step", step, positive=True, fix=fix)
    total = round(1 / value) if value > 1e-9 else 0
    if total < 1 or abs(total * value - 1) > 1e-9:
        raise ValueError(must_be("step", "1 divided by a whole number", step, fix))
    fix = f"max_points={MAX_POINTS} is the default"
    max_points = check_integer("max_points", max_points, minimum=1, fix=fix)
    one_fold = np.zeros_like(members.y)
    return learn_accuracy(members, one_fold, total=total, max_points=max_points)[0]


def learn_accuracy(
    members: MemberPredictions,
    fold: NDArray[np.intp],
    *,
    total: int = round(1 / STEP),
    max_points: int = MAX_POINTS,
) -> Learned:
    """Weights of greatest accuracy, from all rows and without each fold.

    Where the whole grid is tried, one pass over it serves all folds.
    """
    loss, folds = LogLoss.of(members), range(int(fold.max()) + 1)
    if grid_size(len(members), total) <= max_points:
        points = np.vstack([np.ones(len(members)), grid_counts(len(members), total)])
        correct = [correct_mass(open_pairs(members.take(fold == i)), points) for i in folds]
        tie, everything = TIE * float(members.mass.sum()), np.sum(correct, axis=0)
        best, n_points = points[best_of(loss, points, everything, tie)], len(points)

        def learn(i: int) -> FloatArray:
            rest = everything - correct[i]
            at: FloatArray = points[best_of(loss.take(fold != i), points, rest, tie)]
            return at
    else:
        best, n_points = climb(members, total)

        def learn(i: int) -> FloatArray:
            return climb(members.take(fold != i), total)[0]

    result = loss.result(
        best / best.sum(), method="accuracy", criterion="accuracy", n_iter=n_points
    )
    return result, lambda: np.stack([learn(i) for i in folds])


def grid_size(n_members: int, total: int) -> int:
    """Return how many points the grid has."""
    return comb(total + n_members - 1, n_members - 1)


def grid_counts(n_members: int, total: int) -> FloatArray:
    """All ways to share ``total`` among the members, in lexicographic order.

    Member by member: each point so far, with the last count still to be shared, is repeated once
    for each way of doing so. Whole numbers, though in float64 for the sake of matrix products:
    sums of votes stay exact, and so do their ties.

    Examples
    --------
    >>> grid_counts(2, 3)
    array([[0., 3.], [1., 2.], [2., 1.], [3., 0.]])
    """
    counts = np.full((1, 1), float(total))
    for _ in range(n_members - 1):
        left = counts[:, -1].astype(np.intp)
        times = left + 1
        first = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        counts = np.repeat(counts, times, axis=0)
        counts = np.column_stack([counts[:, :-1], first, counts[:, -1] - first])
    return counts


def best_of(loss: LogLoss, points: FloatArray, scores: FloatArray, tie: float) -> int:
    """Index of the greatest score; among those within ``tie`` of it, of the least log-loss."""
    tied = np.flatnonzero(scores >= scores.max() - tie)
    return int(tied[loss.least(points[tied])]) if tied.size > 1 else int(tied[0])


def climb(members: MemberPredictions, total: int) -> tuple[FloatArray, int]:
    """Counts at the end of the climb, and how many points were tried."""
    loss, accuracy = LogLoss.of(members), ACCURACY.scores(members)

    def best(points: FloatArray) -> tuple[FloatArray, tuple[float, float]]:
        scores = accuracy(points)
        i = best_of(loss, points, scores, TIE)
        return points[i], (float(scores[i]), loss.at(points[i] / points[i].sum()))

    each = np.eye(len(members))
    greedy = grow(len(members), loss.many, accuracy, n_iter=_GREEDY)
    starts = np.vstack([np.ones(len(members)), each, greedy])
    here, key = best(starts)
    n_points = len(starts)
    # Counts of a size at which the start and all moves are whole numbers.
    here = here * total * 2**_HALVINGS
    step = here.sum() / total
    for halving in range(_HALVINGS + 1):
        while True:
            moves = _moves(here, step / 2**halving)
            n_points += len(moves)
            there, there_key = best(moves)
            if not better(there_key, key):
                break
            here, key = there, there_key
    return here, n_points


def _moves(here: FloatArray, size: float) -> FloatArray:
    """All points where one member gives up to ``size`` to another."""
    n_members = len(here)
    giver, taker = np.nonzero((here > 0)[:, None] & ~np.eye(n_members, dtype=bool))
    points = np.repeat(here[None], giver.size, axis=0)
    rows, size_of = np.arange(giver.size), np.minimum(here[giver], size)
    points[rows, giver] -= size_of
    points[rows, taker] += size_of
    return points
