"""One way in: weights by the name of a method, with the evidence for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from skensemble.weighting._accuracy import MAX_POINTS, STEP, climb, most_accurate
from skensemble.weighting._arrays import FloatArray
from skensemble.weighting._criterion import ACCURACY, LOG_LOSS, Criterion
from skensemble.weighting._greedy import grow, selected
from skensemble.weighting._grid import Grid
from skensemble.weighting._guard import N_FOLDS, Folds, Learn, assign_folds, compare_weights
from skensemble.weighting._holdout import Members, read_members
from skensemble.weighting._log_loss import DEFAULT_PRIOR, certified
from skensemble.weighting._result import WeightingResult, summarise
from skensemble.weighting._scoring import check_criterion, read_criterion
from skensemble.weighting._simplex import grid_size
from skensemble.weighting._sqp import minimise

METHODS = ("uniform", "log_loss", "accuracy", "greedy", "auto")
_TOTAL = round(1 / STEP)
_GREEDY_ITER = 100
_SCORER_ITER = 10
_SCORER_FOLDS = 5


def check_method(
    method: str | Callable[..., float], *, name: str = "weighting", also: str = ""
) -> None:
    """Raise unless `find_weights` knows the method.

    Parameters
    ----------
    method : str or callable
        ``"uniform"``, ``"log_loss"``, ``"accuracy"``, ``"greedy"``, ``"auto"``, the name of a
        scikit-learn scorer, or a scorer, called as ``scorer(estimator, X, y)``.
    name : str, default="weighting"
        What the parameter is called, for the message.
    also : str, default=""
        What else the parameter may be, for the message, such as ``"an array of weights"``.

    Raises
    ------
    TypeError
        If it is neither a string nor a scorer: a bare metric function, for one.
    ValueError
        If it is an unknown name, or a scorer of regressors.

    Examples
    --------
    >>> from skensemble.weighting import check_method
    >>> check_method("f1_macro")
    """
    check_criterion(name, method, METHODS, also)


def check_scores(
    method: str | Callable[..., float],
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    classes: ArrayLike,
    name: str = "weighting",
) -> None:
    """Raise unless a method can judge members on rows with these labels, before there are any.

    Parameters
    ----------
    method : str or callable
        As for `find_weights`.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into ``classes``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts.
    classes : array-like of shape (k,)
        Labels, sorted.
    name : str, default="weighting"
        What the parameter is called, for the message.

    Raises
    ------
    TypeError, ValueError
        If the method is none; if a scorer fails, as that of binary problems does on three classes.

    Examples
    --------
    >>> from skensemble.weighting import check_scores
    >>> check_scores("f1", [0, 1, 1], classes=["ham", "spam"])
    Traceback (most recent call last):
        ...
    skensemble.weighting._criterion.ScoringError: weighting must be a scorer that can ...
    """
    check_method(method, name=name)
    if isinstance(method, str) and method in METHODS:
        return
    rows, k = np.asarray(y), len(np.asarray(classes))
    right = np.full((1, rows.size, k), 0.1 / k)
    right[0, np.arange(rows.size), rows] += 0.9
    members = read_members(right, rows, sample_weight)
    criterion = read_criterion(method, n_classes=k, classes=classes, parameter=name)
    criterion.score(members.combine(np.ones(1)), members.y, members.mass)


def find_weights(
    method: str | Callable[..., float],
    probas: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    *,
    classes: ArrayLike | None = None,
) -> WeightingResult:
    """Combination weights by the name of a method, and whether they are worth it.

    Parameters
    ----------
    method : str or callable
        - ``"uniform"``: equal weights.
        - ``"log_loss"``: `solve_log_loss`.
        - ``"accuracy"``: `solve_accuracy`.
        - ``"greedy"``: `solve_greedy`, for log-loss.
        - ``"auto"``: those of ``"log_loss"`` if they beat equal weights in cross-validation,
          with an interval above 0; else equal ones. ``note`` of the result says why.
        - The name of a scikit-learn scorer, or ``scorer(estimator, X, y)``: `solve_greedy` with
          10 additions, for that scorer.
    probas : array-like of shape (M, n, k), any real dtype
        Probabilities of the k classes from each of M members on n rows.
    y : array-like of shape (n,), integer dtype
        True classes, as indices into the last axis of ``probas``.
    sample_weight : array-like of shape (n,), optional
        How much each row counts; only the ratios matter, rows of weight 0 do not exist.
    classes : array-like of shape (k,), optional
        Labels for scorers, sorted; 0 to k - 1 by default.

    Returns
    -------
    WeightingResult
        With ``comparisons`` for learned weights: by cross-validation on these rows (ten folds,
        five for scorers), against equal weights, the last and the best member. For ``"auto"``
        they are always about the weights of ``"log_loss"``, also where equal ones are returned.

    Raises
    ------
    TypeError
        If an array or ``method`` has the wrong type.
    ValueError
        If a shape does not match, a value is out of range or not finite, the method is unknown,
        or a scorer cannot score these rows.

    Examples
    --------
    The second member is better; forty rows say so, ten do not:

    >>> import numpy as np
    >>> from skensemble.weighting import find_weights
    >>> right = np.array([[0.6, 0.7, 0.5, 0.8, 0.6] * 8, [0.9, 0.8, 0.9, 0.6, 0.9] * 8])
    >>> probas, y = np.stack([right, 1 - right], axis=2), np.zeros(40, int)
    >>> result = find_weights("auto", probas, y)
    >>> result.method
    'log_loss'
    >>> [(c.against, c.beats) for c in result.comparisons]
    [('uniform', True), ('last', False), ('best', False)]
    >>> find_weights("auto", probas[:, :6], y[:6]).note
    'Equal weights: the rows are too few to tell whether learned ones are better.'
    """
    check_method(method)
    members = read_members(probas, y, sample_weight)
    if method == "uniform":
        return summarise(members.holdout(), np.ones(len(members)), method="uniform")
    fold = assign_folds(members.y, N_FOLDS)
    if method in ("log_loss", "auto"):
        result = certified(members.holdout())
        comparisons = compare_weights(_log_loss_learner(members, fold), members, LOG_LOSS, fold)
        result = replace(result, comparisons=comparisons)
        return result if method == "log_loss" else _choose(result, members)
    if method == "accuracy":
        return _accuracy(members, fold)
    if method == "greedy":
        return _greedy(members, fold, LOG_LOSS, _GREEDY_ITER)
    criterion = read_criterion(method, n_classes=members.probas.shape[2], classes=classes)
    return _greedy(members, assign_folds(members.y, _SCORER_FOLDS), criterion, _SCORER_ITER)


def _log_loss_learner(members: Members, fold: Folds) -> Learn:
    everything = members.holdout()

    def learn(i: int) -> FloatArray:
        holdout = everything.take(fold != i)
        return minimise(*holdout.augmented(DEFAULT_PRIOR), tol=1e-6, max_iter=100)[0]

    return learn


def _accuracy(members: Members, fold: Folds) -> WeightingResult:
    grid = Grid(members, _TOTAL, fold) if grid_size(len(members), _TOTAL) <= MAX_POINTS else None

    def learn(i: int) -> FloatArray:
        return grid.best(i) if grid else climb(members.take(fold != i), _TOTAL)[0]

    result = most_accurate(members, _TOTAL, grid)
    return replace(result, comparisons=compare_weights(learn, members, ACCURACY, fold))


def _greedy(members: Members, fold: Folds, criterion: Criterion, n_iter: int) -> WeightingResult:
    def learn(i: int) -> FloatArray:
        return grow(members.take(fold != i), criterion, n_iter=n_iter)

    result = selected(members, criterion, n_iter=n_iter)
    return replace(result, comparisons=compare_weights(learn, members, criterion, fold))


def _choose(learned: WeightingResult, members: Members) -> WeightingResult:
    """Take the learned weights where they beat equal ones, and say so."""
    found = learned.comparisons[0]
    gain = (
        f"over equal ones in log-loss, {found.gain:.3g} nats in cross-validation "
        f"(95% interval {found.low:.3g} to {found.high:.3g}), is"
    )
    if found.beats:
        return replace(learned, note=f"Learned weights: their gain {gain} above 0.")
    note = f"Equal weights: the gain of learned ones {gain} not surely above 0."
    if np.isnan(found.gain):
        note = "Equal weights: the rows are too few to tell whether learned ones are better."
    equal = summarise(members.holdout(), np.ones(len(members)), method="uniform")
    return replace(equal, comparisons=learned.comparisons, note=note)
